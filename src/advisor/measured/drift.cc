#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "advisor/measured/claimed.h"
#include "advisor/measured/report.h"
#include "advisor/measured/sections.h"
#include "advisor/numerics/bootstrap.h"
#include "advisor/numerics/ranks.h"
#include "base/quantile.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

constexpr double kLevel = 0.05;    // that anything is shown that is no drift
constexpr double kSameLoad = 0.5;  // at most so much more or less

// What both records have samples of. Rows that are made from others would be the same test again.
struct Pair {
  const measure::Row* row;
  std::string_view in;
  std::vector<double> older;
  std::vector<double> newer;
};

std::vector<Pair> Pairs(const measure::Record& older, const measure::Record& newer) {
  std::vector<Pair> pairs;
  for (const measure::Row& row : measure::Rows()) {
    if (row.made != measure::Made::kTaken && row.made != measure::Made::kLoss) continue;
    for (const std::string_view in : PlacesOf(newer)) {
      Pair pair{&row, in, measure::SamplesOf(older, row, in), measure::SamplesOf(newer, row, in)};
      if (!pair.older.empty() && !pair.newer.empty()) pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

double LeastChance(const Pair& pair) {
  return numerics::LeastChance(pair.older.size(), pair.newer.size());
}

bool Apart(const Pair& pair) {
  const auto [older_least, older_most] = std::ranges::minmax(pair.older);
  const auto [newer_least, newer_most] = std::ranges::minmax(pair.newer);
  return older_most < newer_least || newer_most < older_least;
}

double Median(std::span<const double> samples) { return Quantile(Sorted(samples), 0.5); }

bool Positive(const std::vector<double>& samples) {
  return std::ranges::all_of(samples, [](double each) { return each > 0; });
}

// Without a chance: they are exact.
std::vector<Cell> DriftRow(const Pair& pair, std::optional<double> chance) {
  std::vector<Cell> row{TextCell(LabelOf(*pair.row)), PlaceCell(pair.in),
                        NumberCell(Median(pair.older), pair.row->unit),
                        NumberCell(Median(pair.newer), pair.row->unit)};
  if (Positive(pair.older) && Positive(pair.newer)) {
    row.push_back(NumberCell(Median(pair.newer) / Median(pair.older)));
    row.push_back(chance ? IntervalCell(numerics::RatioInterval(pair.newer, pair.older, 0.5))
                         : NoCell());
  } else {
    row.insert(row.end(), {NoCell(), NoCell()});
  }
  row.push_back(chance ? NumberCell(*chance) : TextCell({"exact", "精确"}));
  return row;
}

Section WithColumns(std::string_view id, Text title, Text chance) {
  return {.id = std::string(id),
          .title = std::move(title),
          .columns = {{"row", {"row", "指标"}},
                      {"in", {"in", "环境"}},
                      {"older", {"older", "旧"}},
                      {"newer", {"newer", "新"}},
                      {"ratio", {"ratio", "比值"}},
                      {"interval", {"95 % interval", "95% 区间"}},
                      {"p", std::move(chance)}}};
}

// What is told of all pairs: each is in one of them, or did not drift.
struct Told {
  Section drift = WithColumns("drift", {"What has changed", "变化"}, {"p, corrected", "校正后 p"});
  Section apart = WithColumns(
      "apart", {"Too few samples to tell, but all of them apart", "样本过少，但全部分离"},
      {"p, alone", "单独 p"});
  Section untold{.id = "untold",
                 .title = {"Too few samples to tell", "样本过少，无法判断"},
                 .columns = {{"row", {"row", "指标"}},
                             {"in", {"in", "环境"}},
                             {"older", {"samples, older", "旧样本数"}},
                             {"newer", {"samples, newer", "新样本数"}}}};
  std::size_t tested = 0;
  std::size_t exact = 0;
  std::size_t changed_exact = 0;
};

void AddFew(const Pair& pair, Told& told) {
  if (Apart(pair) && LeastChance(pair) <= kLevel) {
    told.apart.rows.push_back(DriftRow(pair, LeastChance(pair)));
    return;
  }
  told.untold.rows.push_back({TextCell(LabelOf(*pair.row)), PlaceCell(pair.in),
                              NumberCell(static_cast<double>(pair.older.size())),
                              NumberCell(static_cast<double>(pair.newer.size()))});
}

Told TellAll(const std::vector<Pair>& all) {
  Told told;
  std::vector<const Pair*> sampled;
  for (const Pair& each : all) {
    if (!each.row->exact) {
      sampled.push_back(&each);
      continue;
    }
    ++told.exact;
    if (!Apart(each)) continue;
    ++told.changed_exact;
    told.drift.rows.push_back(DriftRow(each, std::nullopt));
  }
  std::vector<double> least;
  for (const Pair* each : sampled) least.push_back(LeastChance(*each));
  const std::vector<bool> able = numerics::Able(least, kLevel);
  std::vector<const Pair*> tested;
  std::vector<double> chances;
  for (std::size_t i = 0; i < sampled.size(); ++i) {
    if (!able[i]) {
      AddFew(*sampled[i], told);
      continue;
    }
    tested.push_back(sampled[i]);
    chances.push_back(numerics::RankTest(sampled[i]->older, sampled[i]->newer));
  }
  told.tested = tested.size();
  const std::vector<double> adjusted = numerics::HolmAdjusted(chances);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    if (adjusted[i] < kLevel) told.drift.rows.push_back(DriftRow(*tested[i], adjusted[i]));
  }
  return told;
}

void AddNotes(Told& told) {
  const std::string all = std::to_string(told.tested);
  const std::string exact = std::to_string(told.exact);
  const std::string changed = std::to_string(told.drift.rows.size() - told.changed_exact);
  const std::string other = std::to_string(told.changed_exact);
  const std::string few = std::to_string(told.apart.rows.size() + told.untold.rows.size());
  told.drift.notes.push_back(
      {changed + " of " + all +
           " rows differ significantly (Mann and Whitney's rank test, "
           "two-sided, at 5 % for all of them together by Holm's correction), and " +
           other + " of " + exact + " that are exact differ; the others are not shown. " + few +
           " more have too few samples for the test to find anything among so many, and are left "
           "out of it (Tarone 1990). The interval of the ratio is that of the medians, without "
           "correction.",
       all + " 行中有 " + changed +
           " 行差异显著（Mann-Whitney 秩检验，双侧，Holm 校正后全体 5%），" + exact +
           " 行精确值中有 " + other + " 行不同；其余不显示。另有 " + few +
           " 行样本过少，在众多行中无法检出，未列入检验（Tarone "
           "1990）。比值区间为中位数之比，未经校正。"});
  told.apart.notes.push_back(
      {"All samples of one record are above all of the other. p is that of the row alone: of "
       "twenty rows with p = 0.05 one is here by chance. A full run has more samples.",
       "一份记录的全部样本都高于另一份。p 仅就该行而言：p = 0.05 "
       "的二十行中约一行纯属偶然。完整测量样本更多。"});
}

// What of the hosts and of how they were measured differs, so that a row may differ by that.
void NoteHosts(const measure::Record& older, const measure::Record& newer, Section& to) {
  Text differ;
  const auto add = [&differ](bool same, const Text& what) {
    if (!same) differ = differ.en.empty() ? what : Join(differ, ", ", what);
  };
  add(older.host.kernel == newer.host.kernel, {"kernel", "内核"});
  add(older.host.machine == newer.host.machine, {"machine", "架构"});
  add(older.host.processor == newer.host.processor, {"processor", "处理器"});
  add(older.host.processors == newer.host.processors, {"processors", "处理器数"});
  add(older.mode == newer.mode, {"mode", "模式"});
  add(std::abs(older.host.load - newer.host.load) <= kSameLoad, {"load", "负载"});
  add(older.versions == newer.versions, {"versions", "版本"});
  if (differ.en.empty()) return;
  to.notes.push_back(
      Join({"The records are not of the same ", "两份记录不同之处："}, "",
           Join(differ, "", {": what differs may be due to that.", "；差异可能由此而来。"})));
}

}  // namespace

Result<Report> DriftReport(const measure::Record& older, const measure::Record& newer) {
  for (const measure::Record* each : {&older, &newer}) {
    if (auto whole = CheckRows(*each); !whole) return std::unexpected(std::move(whole).error());
  }
  Told told = TellAll(Pairs(older, newer));
  AddNotes(told);
  NoteHosts(older, newer, told.drift);
  Report report{.id = "measure_compare", .title = {"Two measurements", "两次测量"}};
  report.sections.push_back(std::move(told.drift));
  for (Section* each : {&told.apart, &told.untold}) {
    if (!each->rows.empty()) report.sections.push_back(std::move(*each));
  }
  report.sections.push_back(HostSection({&older, &newer}));
  return report;
}

}  // namespace strata::advisor
