// http/parse/parser.h - from bytes to a RequestHead, strictly (RFC 9110, 9112). HeadScanner checks
// the raw lines, Beast parses them, and this class checks what the fields mean together: framing,
// Host, the target's form, expectations. It allocates nothing after the first request of its life.
//
// What is refused, with which status: parser_test.cc is the table. Views in the head point into
// the bytes given to Feed(): they are valid as long as those are.
//
// Threads: a value. Tested by http/parse/parser_test.cc and tests/fuzz/http_parser_fuzz.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/parse/head_scanner.h"
#include "http/problem.h"

namespace strata::http {

// What the connection must know besides the head.
struct RequestFraming {
  bool chunked = false;
  bool keep_alive = true;  // the client's wish
  bool expect_continue = false;
  bool http10 = false;
  bool web_socket = false;  // the client asks to go on with that protocol
};

// Whether HTTP/1.1 without a Host is refused.
enum class HostRule : std::uint8_t {
  kRequired,
  kOptional,  // for what a proxy hands on, whose client may have spoken HTTP/1.0
};

class RequestParser {
 public:
  using Step = HeadScanner::Step;

  explicit RequestParser(const HeadLimits& limits, HostRule host = HostRule::kRequired)
      : limits_(limits), host_(host), scanner_(limits) {}

  // `message` is all of the request that has arrived so far (see HeadScanner::Scan).
  Step Feed(std::string_view message);

  // After kComplete: how many bytes the head took, and what it says. `peer` and `scheme` are for
  // the connection to fill in.
  [[nodiscard]] std::size_t size() const noexcept { return scanner_.size(); }
  [[nodiscard]] RequestHead& head() noexcept { return head_; }
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  [[nodiscard]] const RequestFraming& framing() const noexcept { return framing_; }

  // After kRejected.
  [[nodiscard]] const Rejection& rejection() const noexcept { return rejection_; }

  void Reset() noexcept;

 private:
  class BeastHead;
  // The fields that decide, collected while Beast walks over them.
  struct Seen {
    std::string_view host, length, coding, expect, upgrade;
    int hosts = 0, lengths = 0, codings = 0;
    bool close = false, keep_alive = false, upgrade_token = false;
  };

  Step Reject(std::uint16_t status, std::string_view detail);
  Step Parse(std::string_view block);
  Step CheckTarget();
  Step CheckAbsolute(std::string_view authority_and_path);
  Step CheckHost();
  Step CheckFraming();
  Step CheckExpectations();

  HeadLimits limits_;
  HostRule host_;
  HeadScanner scanner_;
  std::vector<Header> fields_;
  Seen seen_;
  RequestHead head_;
  RequestFraming framing_;
  Rejection rejection_;
};

}  // namespace strata::http
