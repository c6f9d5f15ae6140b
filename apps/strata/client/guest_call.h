// apps/strata/client/guest_call.h - one call of a guest through the API, for invoke and sandbox
// call: the body that the command line gives, and the answer as it is printed.
//
//   invoke, sandbox call --> [ CallGuest ] --Session::Ask--> API --> the guest
//
// Threads:  one; blocks, also on standard input. Errors: those of the API, and of reading the
// body's
//           file; an answer of 400 and above is printed like any other and ends with exit code 1,
//           a guest that ends without one with 9.
// Tested by tests/e2e/verbs_test.py.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/session.h"

namespace strata::cli {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct GuestCall {
  std::string path = "/";  // and query, as the guest sees them
  std::string data;        // text, @FILE, or "-" for standard input
  std::string type;        // Content-Type of the body; empty: none
  bool show_head = false;  // print status and headers, too
};

// Adds --path, --data, --type and --include.
void AddCallOptions(CLI::App& verb, GuestCall& call);

// The bytes that `data` means. The codes of ReadFile.
Result<std::string> BodyOf(const GuestCall& call);

// Calls what the API has at `target` with `headers` and `body`, and prints what came. `name`: what
// is called, for people ("demo/hello").
void CallGuest(Session& session, std::string_view name, std::string target, Headers headers,
               std::string body, const GuestCall& call);

}  // namespace strata::cli
