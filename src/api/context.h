// api/context.h - one API request while it is answered: its parts on the way in, the ways to
// answer.
//
//   Router --variables--> ApiServer --> [ Context ] --> a handler: Reply..., or ReadJson first
//
// A handler sends one answer and returns; the first Reply counts.
//
// Threads:  the loop's. Lifetime: inside one Handle(); texts are copies, the exchange is borrowed.
// Errors:   typed ones become problem+json by http/problem.h's table; a client that is gone is told
//           nothing, and nobody hears of it. Tested by tests/e2e/api_test.py.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "base/async/task.h"
#include "base/bytes.h"
#include "base/text/json.h"
#include "http/exchange.h"

namespace strata::api {

// What a request says beside its body.
struct Parameters {
  Router::Variables variables;                            // of the path
  std::map<std::string, std::string> query;               // decoded
  std::map<std::string, std::vector<std::string>> lists;  // of it: names that may come twice

  // A query parameter, or `otherwise`. kInvalidArgument when it is no boolean or number in range.
  [[nodiscard]] std::string Text(const std::string& name, std::string otherwise = "") const;
  [[nodiscard]] Result<bool> Boolean(const std::string& name, bool otherwise) const;
  [[nodiscard]] Result<std::uint64_t> Number(const std::string& name, std::uint64_t otherwise,
                                             std::uint64_t most) const;
  // kInvalidArgument when the query has a parameter that is not among `known`.
  [[nodiscard]] Result<void> OnlyParameters(std::span<const std::string_view> known) const;
  [[nodiscard]] Result<void> OnlyParameters(std::initializer_list<std::string_view> known) const {
    return OnlyParameters(std::span(known.begin(), known.size()));
  }
  // Of a name that may come twice; empty: it is not there.
  [[nodiscard]] std::vector<std::string> List(const std::string& name) const;
};

struct Context : Parameters {
  http::Exchange& exchange;
};

// Reads the whole body, as JSON or as it is. What is wrong with it is answered (400, 408, 413,
// 415), and nothing is returned.
Awaitable<std::optional<Json>> ReadJson(Context& context, Bytes limit);
Awaitable<std::optional<std::string>> ReadBody(Context& context, Bytes limit);

// A whole number, however it is written: 2, 2.0 and 2e0 are the same to JSON Schema.
bool IsCount(const Json& value);

// Each sends one whole answer. The client may be gone; nobody is told.
Awaitable<void> Reply(Context& context, std::uint16_t status, const Json& body);
Awaitable<void> ReplyText(Context& context, std::string_view type, std::string_view body);
Awaitable<void> ReplyWith(Context& context, http::ResponseHead head, std::string_view body);
Awaitable<void> ReplyEmpty(Context& context, std::uint16_t status);
Awaitable<void> ReplyError(Context& context, const Error& error);
// `status` overrides what the code says; `allow` is for 405.
Awaitable<void> ReplyProblem(Context& context, std::uint16_t status, Errc code, std::string detail,
                             std::string allow = "");

// Sends the head of an answer without an end, then pieces of it. StreamPiece: false when the client
// is gone.
Result<void> StreamHead(Context& context, std::string_view type);
Awaitable<bool> StreamPiece(Context& context, std::string_view piece);

}  // namespace strata::api
