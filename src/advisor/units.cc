#include "advisor/units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "advisor/report/refusal.h"
#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/strings.h"

namespace strata::advisor {
namespace {

enum class Measures : std::uint8_t { kNumber, kTime, kRate, kMemory, kMoney };

struct Unit {
  std::string_view name;
  Measures measures;
  double factor;
};

constexpr double kDay = 86400;
constexpr double kYearSeconds = 365.25 * kDay;
constexpr double kKi = 1024;
constexpr double kRounding = 1e-12;  // of a quotient of two factors

// MB and GB are read as MiB and GiB, as in the facts.
constexpr Unit kUnits[] = {
    {"", Measures::kNumber, 1},
    {"%", Measures::kNumber, 0.01},
    {"ns", Measures::kTime, 1e-9},
    {"us", Measures::kTime, 1e-6},
    {"ms", Measures::kTime, 1e-3},
    {"s", Measures::kTime, 1},
    {"min", Measures::kTime, 60},
    {"hours", Measures::kTime, 3600},
    {"days", Measures::kTime, kDay},
    {"months", Measures::kTime, kYearSeconds / 12},
    {"years", Measures::kTime, kYearSeconds},
    {"Hz", Measures::kRate, 1},
    {"MHz", Measures::kRate, 1e6},
    {"GHz", Measures::kRate, 1e9},
    {"1/s", Measures::kRate, 1},
    {"1/min", Measures::kRate, 1.0 / 60},
    {"1/hour", Measures::kRate, 1.0 / 3600},
    {"1/h", Measures::kRate, 1.0 / 3600},
    {"1/day", Measures::kRate, 1 / kDay},
    {"1/month", Measures::kRate, 12 / kYearSeconds},
    {"1/year", Measures::kRate, 1 / kYearSeconds},
    {"B", Measures::kMemory, 1},
    {"KiB", Measures::kMemory, kKi},
    {"MiB", Measures::kMemory, kKi* kKi},
    {"GiB", Measures::kMemory, kKi* kKi* kKi},
    {"KB", Measures::kMemory, kKi},
    {"MB", Measures::kMemory, kKi* kKi},
    {"GB", Measures::kMemory, kKi* kKi* kKi},
    {"yuan", Measures::kMoney, 1},
    {"million yuan", Measures::kMoney, 1e6},
};

std::optional<Unit> Find(std::string_view name) {
  const auto* found = std::ranges::find(kUnits, name, &Unit::name);
  if (found == std::end(kUnits)) return std::nullopt;
  return *found;
}

std::string Quoted(std::string_view unit) {
  return unit.empty() ? "a plain number" : "'" + std::string(unit) + "'";
}

// The units of what is given in `to`: ns, us, ms.
std::vector<std::string_view> UnitsLike(std::string_view to) {
  const auto target = Find(to);
  std::vector<std::string_view> names;
  if (!target && !to.empty()) names.push_back(to);
  for (const Unit& unit : kUnits) {
    if (target && unit.measures == target->measures && !unit.name.empty()) {
      names.push_back(unit.name);
    }
  }
  return names;
}

// With the units that would do, "(units here: ns, us, ms)"; as it is where a plain number is all.
std::unexpected<Error> RefuseUnit(std::string why, std::string_view to) {
  const std::vector<std::string_view> names = UnitsLike(to);
  const std::string units = Listed(std::vector<std::string>(names.begin(), names.end()));
  if (!units.empty()) why = Say(Refusal::kUnits, {why, units});
  return Fail(Errc::kInvalidArgument, std::move(why));
}

std::unexpected<Error> NoUnit(std::string_view name, std::string_view to) {
  // Only what would be taken is meant; one letter is near to any other.
  const std::string meant = name.size() > 1 ? DidYouMean(name, UnitsLike(to)) : "";
  return RefuseUnit(Say(Refusal::kUnknown, {"unit", EscapeControl(name)}) + meant, to);
}

}  // namespace

Result<double> Convert(double value, std::string_view from, std::string_view to) {
  if (from == to) return value;
  const auto source = Find(from);
  if (!source) return NoUnit(from, to);
  const auto target = Find(to);
  if (!target || target->measures != source->measures) {
    return RefuseUnit(Say(Refusal::kOtherMeasure, {Quoted(from), Quoted(to)}), to);
  }
  return value * source->factor / target->factor;
}

Result<double> ReadQuantity(std::string_view text, std::string_view unit) {
  const std::string said = EscapeControl(text);
  double number = 0;
  const char* const first = text.data();
  const char* const last = first + text.size();
  const auto [end, error] = std::from_chars(first, last, number);
  if (error != std::errc() || !std::isfinite(number)) {
    return RefuseUnit(Say(Refusal::kNoNumber, {said}), unit);
  }
  std::string_view own(end, static_cast<std::size_t>(last - end));
  while (own.starts_with(' ')) own.remove_prefix(1);
  if (own.empty()) return number;
  auto converted = Convert(number, own, unit);
  if (!converted) return Wrap(std::move(converted).error(), "'" + said + "'");
  const double whole = std::round(*converted);
  return std::fabs(*converted - whole) <= kRounding * std::fabs(whole) ? whole : *converted;
}

}  // namespace strata::advisor
