#include "base/ids.h"

#include <algorithm>
#include <chrono>

namespace strata {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's
constexpr std::size_t kTimeLength = 10;
constexpr std::size_t kIdLength = 26;
constexpr std::size_t kMaxIdLength = 64;
constexpr std::size_t kDigits = 10;  // leading characters of kAlphabet that are no letters

char RandomCharacter(Random& random) { return kAlphabet[random.Below(kAlphabet.size())]; }

}  // namespace

std::string NewId(const Clock& clock, Random& random) {
  std::string id(kIdLength, '0');
  const auto since_epoch = clock.WallNow().time_since_epoch();
  auto millis = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  for (std::size_t i = kTimeLength; i-- > 0; millis /= kAlphabet.size()) {
    id[i] = kAlphabet[millis % kAlphabet.size()];
  }
  for (std::size_t i = kTimeLength; i < kIdLength; ++i) id[i] = RandomCharacter(random);
  return id;
}

std::string NewShortId(Random& random, std::size_t length) {
  std::string id(length, '0');
  for (char& character : id) character = RandomCharacter(random);
  if (!id.empty()) id[0] = kAlphabet[kDigits + random.Below(kAlphabet.size() - kDigits)];
  return id;
}

bool IsValidId(std::string_view id) noexcept {
  if (id.empty() || id.size() > kMaxIdLength) return false;
  if (id.front() == '-' || id.back() == '-') return false;
  return std::ranges::all_of(id, [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '-';
  });
}

}  // namespace strata
