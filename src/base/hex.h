// base/hex.h - bytes as lower-case hexadecimal text and back. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_view.h"
#include "base/result.h"

namespace strata {

[[nodiscard]] std::string HexEncode(ByteView bytes);

// Takes lower and upper case. kInvalidArgument: an odd length or another character.
Result<std::vector<std::byte>> HexDecode(std::string_view text);

}  // namespace strata
