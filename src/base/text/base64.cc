#include "base/text/base64.h"

#include <algorithm>

#include <openssl/evp.h>

namespace strata {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it writes a zero, too
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// EVP_DecodeBlock trims spaces and takes padding anywhere; so what it gets is checked before.
Result<std::string> Base64Decode(std::string_view text) {
  const std::string_view digits = text.substr(0, std::min(text.find('='), text.size()));
  const std::size_t padding = text.size() - digits.size();
  const bool padded = padding <= 2 && text.substr(digits.size()) == std::string_view("==", padding);
  if (text.size() % 4 != 0 || !padded ||
      digits.find_first_not_of(kAlphabet) != std::string_view::npos) {
    return Fail(Errc::kInvalidArgument, "not base64");
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (size < 0) return Fail(Errc::kInvalidArgument, "not base64");
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace strata
