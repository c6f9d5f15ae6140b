// base/text/json_member.h - members of JSON that came from outside, read without an exception: what
// has another type than it should counts as not there.
//
// Threads: values. Tested by base/text/json_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/text/json.h"

namespace strata {

// The text `name` of `object`; `otherwise` when it has none or is no object.
std::string TextOf(const Json& object, std::string_view name, std::string_view otherwise = "");

}  // namespace strata
