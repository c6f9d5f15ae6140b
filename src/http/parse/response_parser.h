// http/parse/response_parser.h - the client's side of parser.h: the head of a response, and how its
// body ends. As strict as for requests: what is ambiguous is refused.
//
//   Client (client_wire.cc), gateway, sandbox/remote --a head--> [ ParseResponseHead ]
//
// Also what a guest's server answers comes here: it is hostile input.
//
// Threads:  pure; any. Errors: kInvalidArgument only. Tested by http/client/client_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/parse/head_scanner.h"

namespace strata::http {

// The most that the fields of an answer by http::Server have, each with four bytes beside its name
// and value.
inline constexpr Bytes kMostAnswerFields = 64_KiB;
// So for reading one: with its first line and what the connection adds.
inline constexpr HeadLimits kAnswerHead{.bytes = {kMostAnswerFields.count + 1024},
                                        .fields = kMostAnswerFields.count / 5 + 8};

enum class BodyEnd { kNone, kLength, kChunked, kClose };

struct ParsedResponse {
  std::uint16_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  BodyEnd body = BodyEnd::kNone;
  std::uint64_t length = 0;  // for kLength
  bool keep_alive = true;
};

// Parses one complete head (as HeadScanner found it). `method` is the request's: HEAD has no body.
// Fails with kInvalidArgument.
Result<ParsedResponse> ParseResponseHead(std::string_view block, std::string_view method);

}  // namespace strata::http
