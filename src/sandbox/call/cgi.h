// sandbox/call/cgi.h - a command's side of a request: CGI-like variables in, a response out of its
// standard output. Pure; the same convention as native/src/cgi.rs, which WebAssembly commands use.
//
//   Call --CgiVariables--> environment      standard output --CgiOutput--> head, then body
//
// Output may begin with a head: lines "Name: value" up to an empty line, the first of them one of
// Status, Content-Type, Location. Anything else is body from its first byte, answered 200 as text.
//
// Threads: values. Tested by sandbox/call/cgi_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::sandbox {

// REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, CONTENT_LENGTH, CONTENT_TYPE, HTTP_*. The
// field `Proxy` is left out: HTTP_PROXY would redirect the guest's own calls.
model::Env CgiVariables(const Call& call);

class CgiOutput {
 public:
  // How much may wait here, also while the head is not decided.
  static constexpr std::size_t kRoom = 64 * 1024;

  // Bytes that Write takes now.
  [[nodiscard]] std::size_t room() const noexcept { return kRoom - std::min(kRoom, text_.size()); }
  void Write(std::string_view output);

  // The guest has ended with `status`: decides the head if that is still open. Silence of a guest
  // that failed is a 500.
  void Finish(int status);

  // The head, once, when it has been decided.
  std::optional<http::ResponseHead> TakeHead();

  // Body bytes that wait; empty until the head has been decided.
  [[nodiscard]] std::string_view body() const noexcept;
  void Consume(std::size_t count) { text_.erase(0, count); }

 private:
  // What the output begins with, as far as that can be told.
  enum class Start : std::uint8_t { kOpen, kBody, kHead };

  Start ReadLines();
  void Decide(http::ResponseHead head);

  std::string text_;
  http::ResponseHead lines_;  // what the head's lines say so far, but for the status
  std::optional<std::uint16_t> status_;
  bool redirects_ = false;
  std::size_t line_ = 0;      // where the first line begins that has not ended
  std::size_t searched_ = 0;  // where its end may be
  std::optional<http::ResponseHead> head_;
  bool decided_ = false;
};

}  // namespace strata::sandbox
