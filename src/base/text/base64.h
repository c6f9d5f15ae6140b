// base/text/base64.h - bytes in text: RFC 4648, section 4, with padding.
//
// For bytes that must lie in a text of another form, as the digests in a page's security policy: a
// third longer, all of it in memory. Whoever decodes bounds the text before.
//
// Threads:  pure; any. Errors: of decoding only: total, and strict, so that equal bytes have one
//           text.
// Tested by base/text/base64_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strata {

[[nodiscard]] std::string Base64Encode(std::string_view bytes);

// kInvalidArgument: anything but whole groups of the alphabet, padded.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace strata
