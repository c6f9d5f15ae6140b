// session.h - what every verb shares: where the state is, how to print, and the one way to ask the
// API.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "output.h"

namespace strata::cli {

// STRATA_HOME, or ~/.local/state/strata; absolute.
std::filesystem::path DefaultHome();

struct Session {
  std::filesystem::path home = DefaultHome();
  std::string output = "table";
  std::string tenant = "default";
  int exit_code = 0;  // what the verb ends with

  // The chosen format, or the reason why there is none (then exit_code is set and it was printed).
  [[nodiscard]] Result<Format> format() const { return ParseFormat(output); }

  [[nodiscard]] std::filesystem::path api_socket() const { return home / "run" / "api.sock"; }

  // Asks the API. An answer of 400 and above becomes an Error with the server's words; no server at
  // all is kUnavailable and sets `no_server`.
  Result<http::ClientResponse> Ask(http::ClientRequest request, http::FetchOptions options = {});
  Result<Json> AskJson(const std::string& method, const std::string& target);
  Result<Json> AskJson(const std::string& method, const std::string& target, const Json& body);

  // Prints `error` and sets the exit code.
  void Report(const Error& error);

  bool no_server = false;
};

// For a path or query of the API.
std::string PercentEncode(std::string_view text);

}  // namespace strata::cli
