#include "advisor/units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
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

// What else people call them. Nothing is read so; it is told which unit is meant.
struct Spelled {
  std::string_view word;
  std::string_view unit;
};
constexpr Spelled kSpelledOut[] = {
    {"percent", "%"},
    {"nsec", "ns"},
    {"nanoseconds", "ns"},
    {"usec", "us"},
    {"microseconds", "us"},
    {"msec", "ms"},
    {"milliseconds", "ms"},
    {"毫秒", "ms"},
    {"sec", "s"},
    {"seconds", "s"},
    {"秒", "s"},
    {"minutes", "min"},
    {"分钟", "min"},
    {"hrs", "hours"},
    {"小时", "hours"},
    {"天", "days"},
    {"yrs", "years"},
    {"hertz", "Hz"},
    {"rps", "1/s"},
    {"qps", "1/s"},
    {"per second", "1/s"},
    {"per minute", "1/min"},
    {"per hour", "1/hour"},
    {"per day", "1/day"},
    {"per year", "1/year"},
    {"bytes", "B"},
    {"kilobytes", "KB"},
    {"megabytes", "MB"},
    {"gigabytes", "GB"},
    {"CNY", "yuan"},
    {"RMB", "yuan"},
    {"元", "yuan"},
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

// "; did you mean 's'?", of the units that would be taken: the one that `name` is near to, or to
// what it is called. Empty: none is near.
std::string MeantUnit(std::string_view name, std::string_view to) {
  if (name.size() < 2) return "";  // one letter is near to any other
  const std::vector<std::string_view> units = UnitsLike(to);
  std::vector<std::string_view> words = units;
  for (const Spelled& each : kSpelledOut) {
    if (std::ranges::find(units, each.unit) != units.end()) words.push_back(each.word);
  }
  const auto near = Nearest(name, words);
  if (!near) return "";
  const auto* spelled = std::ranges::find(kSpelledOut, *near, &Spelled::word);
  const std::string_view unit = spelled == std::end(kSpelledOut) ? *near : spelled->unit;
  return DidYouMean(unit, std::span(&unit, 1));
}

std::unexpected<Error> NoUnit(std::string_view name, std::string_view to) {
  const std::string no_unit = Say(Refusal::kUnknown, {"unit", EscapeControl(name)});
  return RefuseUnit(no_unit + MeantUnit(name, to), to);
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
