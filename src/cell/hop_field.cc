#include "cell/hop_field.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strata::cell {
namespace {

constexpr std::size_t kParts = 10;
// A request that is older has long been given up.
constexpr std::int64_t kOldestUs = std::chrono::microseconds(std::chrono::hours(24)).count();

void AppendHex(std::span<const std::byte> bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
}

template <std::size_t kSize>
bool TakeHex(std::string_view text, std::array<std::byte, kSize>& to) {
  if (text.size() != 2 * kSize) return false;
  for (std::size_t i = 0; i < kSize; ++i) {
    unsigned value = 0;
    const char* const end = text.data() + 2 * i + 2;
    const auto read = std::from_chars(end - 2, end, value, 16);
    if (read.ec != std::errc{} || read.ptr != end) return false;
    to[i] = static_cast<std::byte>(value);
  }
  return true;
}

// Exactly kParts words with one space between each two; nothing when it is something else.
bool Split(std::string_view text, std::array<std::string_view, kParts>& parts) {
  for (std::size_t i = 0; i < kParts; ++i) {
    const std::size_t end = text.find(' ');
    if ((end == std::string_view::npos) != (i + 1 == kParts)) return false;
    parts[i] = text.substr(0, end);
    if (parts[i].empty()) return false;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

void AppendHopField(const HopField& field, std::string& out) {
  out.append(field.tenant).append(" ").append(field.function).append(field.target).append(" ");
  std::array<char, 20> number;
  const auto [end, failed] = std::to_chars(number.data(), number.data() + number.size(),
                                           std::max<std::int64_t>(field.age.count(), 0));
  static_cast<void>(failed);  // 20 digits always fit
  out.append(number.data(), end).append(" ");
  AppendHex(field.trace.trace_id, out);
  out += ' ';
  AppendHex(field.trace.span_id, out);
  out += ' ';
  AppendHex(field.parent, out);
  out += field.trace.sampling == telemetry::Sampling::kRecord ? " 1 " : " 0 ";
  out += static_cast<char>('0' + static_cast<int>(field.led_by));
  out += ' ';
  out.append(field.scheme).append(" ").append(field.peer);
}

Result<HopField> ParseHopField(std::string_view value) {
  const std::unexpected<Error> bad = Fail(Errc::kInvalidArgument, "a malformed hop field");
  std::array<std::string_view, kParts> parts;
  if (!Split(value, parts)) return bad;
  const auto& [tenant, function, age, trace, span, parent, sampled, led_by, scheme, peer] = parts;
  HopField field;
  field.tenant = tenant;
  field.function = function.substr(0, function.find_first_of("@:"));
  field.target = function.substr(field.function.size());
  if (field.function.empty()) return bad;
  std::int64_t us = 0;
  const auto [end, failed] = std::from_chars(age.data(), age.data() + age.size(), us);
  if (failed != std::errc{} || end != age.data() + age.size() || us < 0 || us > kOldestUs) {
    return bad;
  }
  field.age = std::chrono::microseconds(us);
  if (!TakeHex(trace, field.trace.trace_id) || !TakeHex(span, field.trace.span_id) ||
      !TakeHex(parent, field.parent)) {
    return bad;
  }
  if (sampled != "0" && sampled != "1") return bad;
  if (sampled == "1") field.trace.sampling = telemetry::Sampling::kRecord;
  if (led_by.size() != 1 || led_by[0] < '0' || led_by[0] > '3') return bad;
  field.led_by = static_cast<meter::LedBy>(led_by[0] - '0');
  if (scheme != "http" && scheme != "https") return bad;
  field.scheme = scheme;
  field.peer = peer;
  return field;
}

}  // namespace strata::cell
