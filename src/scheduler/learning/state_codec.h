// scheduler/learning/state_codec.h - numbers as bytes and back: how what was learned is written
// down.
//
// Little endian, one after the other, without names: whoever reads knows the order. Reading is
// total: what is missing, too large or no number makes the reader fail, and it stays failed, so its
// user looks once, at the end.
//
// Pure. Fuzzed through Learned (tests/fuzz/learned_fuzz.cc). Tested by learned_test.cc.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace strata::scheduler {

class StateWriter {
 public:
  void Count(std::uint64_t value) { Put(value); }
  void Number(double value) { Put(std::bit_cast<std::uint64_t>(value)); }
  void Small(float value) { Put(std::bit_cast<std::uint32_t>(value)); }
  [[nodiscard]] std::string Take() { return std::exchange(bytes_, {}); }

 private:
  template <std::unsigned_integral T>
  void Put(T value) {
    for (std::size_t i = 0; i < sizeof(value); ++i) {
      bytes_ += static_cast<char>((value >> (8 * i)) & 0xFF);
    }
  }
  std::string bytes_;
};

class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  // From 0 to `most`.
  std::uint64_t Count(std::uint64_t most) {
    const auto value = Get<std::uint64_t>();
    return Check(value <= most) ? value : 0;
  }
  double Number(double most) {
    const auto value = std::bit_cast<double>(Get<std::uint64_t>());
    return Check(value >= 0 && value <= most) ? value : 0;
  }
  float Small(float most) {
    const auto value = std::bit_cast<float>(Get<std::uint32_t>());
    return Check(value >= 0 && value <= most) ? value : 0;
  }
  // Everything was read, and nothing was wrong with it.
  [[nodiscard]] bool done() const noexcept { return good_ && bytes_.empty(); }

 private:
  bool Check(bool good) {
    good_ = good_ && good;
    return good_;
  }
  template <std::unsigned_integral T>
  T Get() {
    T value = 0;
    if (!Check(bytes_.size() >= sizeof(value))) return value;
    for (std::size_t i = 0; i < sizeof(value); ++i) {
      value |= static_cast<T>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    }
    bytes_.remove_prefix(sizeof(value));
    return value;
  }

  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace strata::scheduler
