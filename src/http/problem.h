// http/problem.h - how a failure looks on the wire: application/problem+json (RFC 9457), and the
// one table from Errc to status that the gateway, the API and this folder share.
//
//   {"type":"urn:strata:problem:not-found","title":"Not Found","status":404,"detail":"..."}
//
// Threads: values and pure functions. Tested by http/problem_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text/json.h"
#include "http/message.h"

namespace strata::http {

// Why a message was refused before any handler saw it. `detail` is a string literal.
struct Rejection {
  std::uint16_t status = 400;
  std::string_view detail;
};

struct Problem {
  std::uint16_t status = 500;
  std::string slug;    // the last part of "type"; empty: made from the status' title
  std::string detail;  // for a human; never a secret or a path of the host
  std::optional<std::chrono::seconds> retry_after;
  Json extra =
      Json::object();  // further members beside the standard ones; these never win over them
};

// "Not Found" for 404; "Unknown" for a status without a registered phrase.
std::string_view ReasonPhrase(std::uint16_t status) noexcept;

std::uint16_t StatusOf(Errc code) noexcept;

// The problem that tells a client of `error`. kResourceExhausted is 429 (the client's own quota);
// who ran out of a host resource sets `status` to 503. Both, and kUnavailable, carry Retry-After.
// The member "code" has the Errc's name, which a program can tell apart better than a status.
Problem ProblemFor(const Error& error);
Problem ProblemFor(const Rejection& rejection);
Problem ProblemOf(std::uint16_t status, std::string slug, std::string detail);

// The two parts of the answer; the head carries Content-Type, Content-Length and Retry-After.
std::string ProblemBody(const Problem& problem);
ResponseHead ProblemHead(const Problem& problem, std::size_t body_size);

}  // namespace strata::http
