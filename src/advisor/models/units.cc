#include "advisor/models/units.h"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "base/strings.h"

namespace strata::advisor::models {
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

// The units of what is given in `to`: "ns, us, ms".
std::string UnitsLike(std::string_view to) {
  const auto target = Find(to);
  if (!target) return std::string(to);
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    if (unit.measures == target->measures && !unit.name.empty()) names.emplace_back(unit.name);
  }
  return Listed(names);
}

std::unexpected<Error> NoUnit(std::string_view name, std::string_view to) {
  std::vector<std::string_view> names;
  for (const Unit& unit : kUnits) {
    if (!unit.name.empty()) names.push_back(unit.name);
  }
  // One letter is near to any other.
  const std::string meant = name.size() > 1 ? DidYouMean(name, names) : "";
  return Fail(Errc::kInvalidArgument, "no unit '" + std::string(name) + "'" + meant +
                                          " (units here: " + UnitsLike(to) + ")");
}

}  // namespace

Result<double> Convert(double value, std::string_view from, std::string_view to) {
  if (from == to) return value;
  const auto source = Find(from);
  if (!source) return NoUnit(from, to);
  const auto target = Find(to);
  if (!target || target->measures != source->measures) {
    return Fail(Errc::kInvalidArgument,
                Quoted(from) + " does not measure what is given in " + Quoted(to));
  }
  return value * source->factor / target->factor;
}

}  // namespace strata::advisor::models
