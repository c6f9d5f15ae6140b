// base/text/utf8.h - whether bytes are UTF-8 (RFC 3629): no overlong form, no surrogate, nothing
// above U+10FFFF.
//
// For text from outside that others take for text: manifests, parameters of the API. It only looks;
// nothing is mended or normalised.
//
// Threads:  pure; any. Total: any bytes have an answer, in time linear in their number.
// Tested by utf8_test.cc.
#pragma once

#include <cstddef>
#include <string_view>

namespace strata {

// The length of the character at the start of `text`, which is not empty; 0: there is none.
std::size_t Utf8Length(std::string_view text) noexcept;

bool IsUtf8(std::string_view text) noexcept;

}  // namespace strata
