// base/base64.h - bytes in JSON text: RFC 4648, section 4, with padding.
//
// Threads: pure. Tested by base/base64_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strata {

[[nodiscard]] std::string Base64Encode(std::string_view bytes);

// kInvalidArgument: anything but whole groups of the alphabet, padded.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace strata
