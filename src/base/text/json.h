// base/text/json.h - the one JSON of the control path (nlohmann). Object keys keep no order: output
// is sorted and so comparable. The parser of untrusted text is ParseJson; it never throws and is
// bounded.
//
// The library's own access throws where a member is missing or has another type: ask contains(),
// value() or is_...() first of whatever came from outside, or read it by model/schema or
// wire/message. What a request passes on its way has no JSON but answers that are problems and
// typed calls.
//
// Threads:  values. Errors: of ParseJson only. Tested by base/text/json_test.cc.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/result.h"

namespace strata {

using Json = nlohmann::json;

// Parses `text`. Fails with kInvalidArgument when it is longer than `limit`, nested deeper than 64
// levels, holds a duplicate key in one object, or is no JSON; the message names the byte,
// or the key.
Result<Json> ParseJson(std::string_view text, Bytes limit = 8_MiB);

// Serialises `value` on one line; bytes that are no UTF-8 become U+FFFD, and what is no number
// null, instead of failing.
std::string DumpJson(const Json& value);

}  // namespace strata
