// base/text/hex.h - bytes as lower-case hexadecimal text and back.
//
// For digests, trace and span ids: what people and other programs see of them. Twice as long as the
// bytes; base64.h is for content.
//
// Threads:  pure; any. Errors: of decoding only.
// Tested in base/sha256_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text/byte_view.h"

namespace strata {

// Two characters a byte.
[[nodiscard]] std::string HexEncode(ByteView bytes);

// Takes lower and upper case. kInvalidArgument: an odd length or another character.
Result<std::vector<std::byte>> HexDecode(std::string_view text);

}  // namespace strata
