#include "advisor/measured/claimed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "advisor/compare/values.h"
#include "advisor/numerics/order.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

constexpr double kAbout = 0.1;  // of a claim that is "~"

// Half of the last digit of `number` that is not 0: 50 of 300, 0.05 of 1.5.
double HalfOfLastDigit(double number) {
  double digit = std::pow(10, std::floor(std::log10(number)));
  for (int more = 0; more < 6; ++more) {
    const double times = number / digit;
    if (std::abs(times - std::round(times)) < 1e-9 * times) break;
    digit /= 10;
  }
  return digit / 2;
}

// Why no claim of memory or density is judged by this, though it is shown beside it.
std::optional<Text> WhyNoVerdict(const Measured& measured, std::string_view reference) {
  if (reference == "technology_attributes size" || reference == "technology_attributes memory") {
    return Text{"none: of the product itself, not of what runs in it",
                "无：指产品本身，而非其中所运行的程序"};
  }
  if (measured.row->made == measure::Made::kPerHost) {
    return Text{"none: by memory alone, not reached", "无：仅按内存推算，并未达到"};
  }
  return std::nullopt;
}

Text TooFewText(const Measured& measured) {
  const std::string needed = std::to_string(numerics::SamplesToBound(measured.row->share));
  if (measured.samples == 1) {
    return {"not decided: one sample, needs " + needed, "未定：仅一个样本，需 " + needed + " 个"};
  }
  const std::string samples = std::to_string(measured.samples);
  return {"not decided: not bounded by " + samples + " samples, needs " + needed,
          "未定：" + samples + " 个样本不足以界定，需 " + needed + " 个"};
}

}  // namespace

std::optional<Measured> DescribeRow(const measure::Record& record, const measure::Row& row,
                                    std::string_view in) {
  const std::vector<double> samples = measure::SamplesOf(record, row, in);
  if (samples.empty() || (samples.size() == 1 && row.share > 0.5)) return std::nullopt;
  Spot spot = Locate(samples, row.share);
  if (row.exact) spot.interval = {std::ranges::min(samples), std::ranges::max(samples)};
  return Measured{&row, in, samples.size(), spot.value, spot.interval, row.unit};
}

std::optional<Measured> LookAt(const measure::Record& record, const Sight& sight) {
  const measure::Row& row = *measure::FindRow(sight.row);
  auto one = DescribeRow(record, row, model::ClassName(sight.in));
  if (!one || !sight.against) return one;
  const auto other = DescribeRow(record, row, model::ClassName(*sight.against));
  if (!other || other->value <= 0) return std::nullopt;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const numerics::Interval& above = one->interval;
  const numerics::Interval& below = other->interval;
  const bool from = std::isfinite(above.low) && std::isfinite(below.high);
  const bool to = std::isfinite(above.high) && std::isfinite(below.low) && below.low > 0;
  one->value /= other->value;
  one->interval = {from ? above.low / below.high : -kInfinite,
                   to ? above.high / below.low : kInfinite};
  one->samples = std::min(one->samples, other->samples);
  one->unit = kTimes;
  return one;
}

Text ShowSight(const Sight& sight) {
  std::string classes(model::ClassName(sight.in));
  if (sight.against) classes += " / " + std::string(model::ClassName(*sight.against));
  const Text label = LabelOf(*measure::FindRow(sight.row));
  return {label.en + ", " + classes, label.zh + "，" + classes};
}

JudgedClaim JudgeClaim(const Measured& measured, std::string_view reference, Claim claim) {
  JudgedClaim judged{.reference = reference, .claim = std::move(claim)};
  const auto range = ClaimedRange(judged.claim.cell);
  if (!range) {
    judged.text = {"the claim is no figure", "所称并非数值"};
    return judged;
  }
  const Judgement judgement = Judge(*range, measured.value, measured.interval);
  if (judgement.ratio > 0) judged.ratio = judgement.ratio;
  if (auto why = WhyNoVerdict(measured, reference)) {
    judged.text = std::move(*why);
    return judged;
  }
  judged.verdict = judgement.verdict;
  const bool too_few = judgement.verdict == Verdict::kUndecided && !measured.interval.bounded();
  judged.text = too_few ? TooFewText(measured) : VerdictText(judgement.verdict);
  return judged;
}

std::vector<JudgedClaim> JudgeClaims(const Measured& measured) {
  std::vector<JudgedClaim> judged;
  for (const std::string_view reference : measured.row->claims) {
    if (reference.empty()) continue;
    auto claim = FindClaim(reference, model::ClassFromName(measured.in));
    if (claim) judged.push_back(JudgeClaim(measured, reference, std::move(*claim)));
  }
  return judged;
}

std::vector<Cell> ClaimCells(const Measured& measured, const JudgedClaim* claim) {
  const bool is = claim != nullptr;
  return {is ? ValueCell(claim->claim.cell) : NoCell(),
          ShortCell(measured.value, measured.unit),
          IntervalCell(measured.interval),
          is && claim->ratio ? ShortCell(*claim->ratio) : NoCell(),
          TextCell(is ? claim->text : Text{"nothing is claimed", "无所称"}),
          is ? WordCell(claim->claim.source) : NoCell()};
}

std::vector<Cell> SightCells(const measure::Record& record, const Sight& sight, Claim claim) {
  const auto measured = LookAt(record, sight);
  if (measured) {
    const JudgedClaim judged = JudgeClaim(*measured, "", std::move(claim));
    return ClaimCells(*measured, &judged);
  }
  return {ValueCell(claim.cell),
          NoCell(),
          NoCell(),
          NoCell(),
          TextCell({"not in the record", "记录中没有"}),
          WordCell(claim.source)};
}

std::vector<Column> WithClaimColumns(std::vector<Column> before) {
  before.insert(before.end(), {{"claimed", {"claimed", "所称"}},
                               {"measured", {"measured here", "本机实测"}},
                               {"interval", {"95 % interval", "95% 区间"}},
                               {"ratio", {"ratio", "比值"}},
                               {"verdict", {"verdict", "结论"}},
                               {"source", {"source", "出处"}}});
  return before;
}

std::optional<Range> ClaimedRange(const Json& cell) {
  auto range = RangeOf(cell);
  if (!range || !range->least || range->least != range->most || *range->least <= 0) return range;
  const double number = *range->least;
  const double slack = cell.value("approx", false) ? kAbout * number : HalfOfLastDigit(number);
  return Range{.least = number - slack, .most = number + slack, .unit = range->unit};
}

Json ClaimedTimes(const Json& above, const Json& below) {
  const auto more = ClaimedRange(above);
  const auto less = ClaimedRange(below);
  return {{"min", Short(*more->least / *less->most)},
          {"max", Short(*more->most / *less->least)},
          {"unit", kTimes}};
}

measure::Record WithRows(measure::Record record) {
  if (!record.rows.empty()) return record;
  for (const auto& [sandbox_class, figures] : record.prior) {
    const std::string in(model::ClassName(sandbox_class));
    const std::array<std::pair<const char*, std::optional<double>>, 3> known = {
        {{"cold_start", figures.cold_start_ms},
         {"warm_start", figures.p50_ms > 0 ? std::optional(figures.p50_ms) : std::nullopt},
         {"memory", figures.memory_mib > 0 ? std::optional(figures.memory_mib) : std::nullopt}}};
    for (const auto& [id, value] : known) {
      if (!value) continue;
      const measure::Row* row = measure::FindRow(id);
      record.rows.push_back(
          {.row = id, .in = in, .unit = std::string(row->unit), .samples = {*value}});
    }
  }
  return record;
}

Text LabelOf(const measure::Row& row) {
  return {std::string(row.label), std::string(row.label_zh)};
}

double Short(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return std::strtod(text.data(), nullptr);
}

Cell ShortCell(double value, std::string_view unit) { return NumberCell(Short(value), unit); }

Cell IntervalCell(const numerics::Interval& interval) {
  const bool from = std::isfinite(interval.low);
  const bool to = std::isfinite(interval.high);
  if (!from && !to) return NoCell();
  const std::string low = from ? Figure(Short(interval.low)) : "";
  const std::string high = to ? Figure(Short(interval.high)) : "";
  Text text{low + ".." + high, ""};
  if (!to) text = {"at least " + low, "至少 " + low};
  if (!from) text = {"at most " + high, "至多 " + high};
  return {std::move(text), Json{{"low", from ? Json(Short(interval.low)) : Json(nullptr)},
                                {"high", to ? Json(Short(interval.high)) : Json(nullptr)}}};
}

}  // namespace strata::advisor
