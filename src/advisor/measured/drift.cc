#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "advisor/measured/claimed.h"
#include "advisor/measured/report.h"
#include "advisor/measured/sections.h"
#include "advisor/numerics/bootstrap.h"
#include "advisor/numerics/chance.h"
#include "advisor/numerics/ranks.h"
#include "base/quantile.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

constexpr double kLevel = 0.05;  // that anything is shown that is no drift

// What both records have samples of. Rows that are made from others would be the same test again.
struct Pair {
  const measure::Row* row;
  std::string_view in;
  std::vector<double> older;
  std::vector<double> newer;
  double chance;
};

std::vector<Pair> Pairs(const measure::Record& older, const measure::Record& newer) {
  std::vector<Pair> pairs;
  for (const measure::Row& row : measure::Rows()) {
    if (row.made == measure::Made::kSame || row.made == measure::Made::kPerHost) continue;
    for (const std::string_view in : PlacesOf(newer)) {
      Pair pair{&row, in, measure::SamplesOf(older, row, in), measure::SamplesOf(newer, row, in),
                1};
      if (pair.older.empty() || pair.newer.empty()) continue;
      pair.chance = numerics::RankTest(pair.older, pair.newer);
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

double Median(std::span<const double> samples) { return Quantile(Sorted(samples), 0.5); }

bool Positive(const std::vector<double>& samples) {
  return std::ranges::all_of(samples, [](double each) { return each > 0; });
}

std::vector<Cell> DriftRow(const Pair& pair, double chance) {
  std::vector<Cell> row{TextCell(LabelOf(*pair.row)), PlaceCell(pair.in),
                        NumberCell(Median(pair.older), pair.row->unit),
                        NumberCell(Median(pair.newer), pair.row->unit)};
  if (Positive(pair.older) && Positive(pair.newer)) {
    const auto interval = numerics::RatioInterval(pair.newer, pair.older, 0.5);
    row.push_back(NumberCell(Median(pair.newer) / Median(pair.older)));
    row.push_back(IntervalCell(interval));
  } else {
    row.insert(row.end(), {NoCell(), NoCell()});
  }
  row.push_back(NumberCell(chance));
  return row;
}

}  // namespace

Result<Report> DriftReport(const measure::Record& older, const measure::Record& newer) {
  for (const measure::Record* each : {&older, &newer}) {
    if (auto whole = CheckRows(*each); !whole) return std::unexpected(std::move(whole).error());
  }
  Section section{.id = "drift",
                  .title = {"What has changed", "变化"},
                  .columns = {{"row", {"row", "指标"}},
                              {"in", {"in", "环境"}},
                              {"older", {"older", "旧"}},
                              {"newer", {"newer", "新"}},
                              {"ratio", {"ratio", "比值"}},
                              {"interval", {"95 % interval", "95% 区间"}},
                              {"p", {"p, corrected", "校正后 p"}}}};
  const std::vector<Pair> pairs = Pairs(older, newer);
  std::vector<double> chances;
  for (const Pair& each : pairs) chances.push_back(each.chance);
  const std::vector<double> adjusted = numerics::HolmAdjusted(chances);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (adjusted[i] < kLevel) section.rows.push_back(DriftRow(pairs[i], adjusted[i]));
  }
  const std::string all = std::to_string(pairs.size());
  const std::string changed = std::to_string(section.rows.size());
  section.notes.push_back(
      {changed + " of " + all +
           " rows differ significantly (Mann and Whitney's rank test, two-sided, at 5 % for all "
           "rows "
           "together by Holm's correction); the others are not shown. The interval of the ratio is "
           "that of the medians, without correction. Rows of a few samples (cold starts of a "
           "--quick "
           "run) can hardly differ significantly among so many.",
       all + " 行中有 " + changed +
           " 行差异显著（Mann-Whitney 秩检验，双侧，Holm 校正后全体 "
           "5%）；其余不显示。比值区间为中位数之比，"
           "未经校正。样本很少的行（如 --quick 的冷启动）难以在众多行中显著。"});
  Report report{.id = "measure_compare", .title = {"Two measurements", "两次测量"}};
  report.sections = {std::move(section), HostSection({&older, &newer})};
  return report;
}

}  // namespace strata::advisor
