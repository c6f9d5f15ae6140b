#include "advisor/measured/report.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/measured/judge.h"
#include "advisor/measured/reasons.h"
#include "advisor/measured/sections.h"
#include "base/quantile.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kMostOutliers = 5;  // that are shown; how many there are is said

// A row in a place, with all that is told of it.
struct Described {
  Measured measured;
  Figures figures;
  std::vector<double> outliers;
};

std::vector<Described> DescribeAll(const measure::Record& record) {
  std::vector<Described> all;
  for (const measure::Row& row : measure::Rows()) {
    for (const std::string_view in : PlacesOf(record)) {
      const auto measured = DescribeRow(record, row, in);
      if (!measured) continue;
      const std::vector<double> samples = measure::SamplesOf(record, row, in);
      Described described{*measured, Describe(samples, row.share), {}};
      for (const std::size_t each : described.figures.outliers) {
        described.outliers.push_back(samples[each]);
      }
      all.push_back(std::move(described));
    }
  }
  return all;
}

Section ClaimsSection(const std::vector<Described>& all) {
  Section section{.id = "measured",
                  .title = {"Claimed, and measured here", "所称与本机实测"},
                  .columns = WithClaimColumns({{"row", {"row", "指标"}}, {"in", {"in", "环境"}}})};
  for (const Described& each : all) {
    const Measured& measured = each.measured;
    const auto add = [&](const JudgedClaim* claim) {
      std::vector<Cell> row{TextCell(LabelOf(*measured.row)), PlaceCell(measured.in)};
      std::ranges::move(ClaimCells(measured, claim), std::back_inserter(row));
      section.rows.push_back(std::move(row));
    };
    const std::vector<JudgedClaim> claims = JudgeClaims(measured);
    for (const JudgedClaim& judged : claims) add(&judged);
    if (claims.empty()) add(nullptr);
  }
  section.notes.push_back(
      {"The documents say of no figure how, of what program or on what machine it was measured. "
       "The ratio is to the nearest bound of the claim; a claim of one number holds to its last "
       "digit, one of about a number to a tenth. A verdict is that of the whole interval: two of "
       "the samples in order, by the binomial distribution, whatever theirs is. An end that they "
       "are too few to tell is left out; a median takes six samples, the 99 % quantile 368. What "
       "is stored is exact.",
       "文档未说明任何数据的测量方法、程序与机器。比值相对于所称区间最近的界；单个数值按其末位精度"
       "判定，“约”按一成。结论针对整个区间：按二项分布取两个次序样本，与样本分布无关。"
       "样本不足以确定的一端从略；中位数需 6 个样本，P99 需 368 个。存储大小为精确值。"});
  return section;
}

// For each row of which something is claimed what is claimed of it in each place, and the interval
// that was measured; not what is no verdict's, as one beside the other would be taken for one.
std::vector<Section> PicturesOf(const std::vector<Described>& all) {
  constexpr double kOpen = std::numeric_limits<double>::infinity();
  std::vector<Section> pictures;
  const measure::Row* last = nullptr;
  for (const Described& each : all) {
    const Measured& measured = each.measured;
    for (const JudgedClaim& judged : JudgeClaims(measured)) {
      const auto range = ClaimedRange(judged.claim.cell);
      if (!range || !judged.verdict || !(measured.value > 0)) continue;
      if (measured.row != last) {
        pictures.push_back({.id = "picture_" + std::string(measured.row->id),
                            .title = LabelOf(*measured.row),
                            .plot = IntervalPlot{{std::string(measured.unit), ""}, {}}});
        last = measured.row;
      }
      std::get<IntervalPlot>(*pictures.back().plot)
          .rows.push_back(
              {.label = Join(PlaceCell(measured.in).text, ", ", {judged.claim.source, ""}),
               .claimed = {range->least.value_or(0), range->most.value_or(kOpen)},
               .value = Short(measured.value),
               .interval = {measured.interval.low, measured.interval.high}});
    }
  }
  return pictures;
}

// Of `rows`, those whose halves could be compared, each with the width of its interval: `agree` of
// them contain 1.
Text HalvesText(std::size_t rows, std::size_t agree, std::vector<double> widths) {
  if (widths.empty()) {
    return {"No row has samples enough for its halves to be compared.",
            "各行样本都太少，无法比较两半。"};
  }
  std::ranges::sort(widths);
  const std::string few = std::to_string(rows - widths.size());
  const std::string of = std::to_string(widths.size());
  const std::string median = Figure(Short(Quantile(widths, 0.5)));
  const std::string most = Figure(Short(widths.back()));
  return {std::to_string(agree) + " of " + of +
              " rows agree with themselves; their intervals are " + median +
              " wide in the median, " + most +
              " at most. With too few samples for their halves to be compared: " + few + ".",
          of + " 行中有 " + std::to_string(agree) + " 行前后一致；区间宽度中位数 " + median +
              "，最大 " + most + "。样本太少而无法比较两半者：" + few + " 行。"};
}

Section SpreadSection(const std::vector<Described>& all) {
  Section section{.id = "spread",
                  .title = {"Spread", "离散程度"},
                  .columns = {{"row", {"row", "指标"}},
                              {"in", {"in", "环境"}},
                              {"samples", {"samples", "样本数"}},
                              {"least", {"least", "最小"}},
                              {"p25", {"25 %", "25%"}},
                              {"p75", {"75 %", "75%"}},
                              {"most", {"most", "最大"}},
                              {"outliers", {"outliers", "离群值"}},
                              {"halves", {"ratio of halves", "两半之比"}},
                              {"width", {"width", "宽度"}},
                              {"contains_1", {"contains 1", "含 1"}}}};
  std::vector<double> widths;
  std::size_t agree = 0;
  for (const Described& each : all) {
    const auto& sorted = each.figures.sorted;
    const auto quantile = [&sorted](double share) { return ShortCell(Quantile(sorted, share)); };
    std::string outliers = std::to_string(each.outliers.size());
    for (std::size_t i = 0; i < std::min(each.outliers.size(), kMostOutliers); ++i) {
      outliers += (i == 0 ? ": " : ", ") + Figure(Short(each.outliers[i]));
    }
    if (each.outliers.size() > kMostOutliers) outliers += ", ...";
    const Measured& measured = each.measured;
    std::vector<Cell> row{TextCell(LabelOf(*measured.row)),
                          PlaceCell(measured.in),
                          NumberCell(static_cast<double>(measured.samples)),
                          quantile(0),
                          quantile(0.25),
                          quantile(0.75),
                          quantile(1),
                          {{outliers, ""}, each.outliers}};
    if (const auto& halves = each.figures.halves) {
      row.push_back(IntervalCell(*halves));
      row.push_back(ShortCell(halves->high - halves->low));
      row.push_back(TextCell(YesOrNo(halves->Contains(1))));
      widths.push_back(halves->high - halves->low);
      if (halves->Contains(1)) ++agree;
    } else {
      row.insert(row.end(), {NoCell(), NoCell(), NoCell()});
    }
    section.rows.push_back(std::move(row));
  }
  section.notes.push_back(
      {"No sample is left out. Outliers are those beyond Tukey's fences. The halves are every "
       "second "
       "sample and the others, taken in turns: where the 95 % interval of their ratio does not "
       "contain 1 (one row in twenty by chance alone), the row does not agree with itself.",
       "不剔除任何样本。离群值指超出 Tukey 围栏者。两半为隔一取一的样本；若其比值的 95% 区间不含 "
       "1（二十行中约一行纯属偶然），则该行自相矛盾。"});
  section.notes.push_back(HalvesText(all.size(), agree, widths));
  return section;
}

Text KeptText(const ContractJudgement& judged) {
  switch (judged.kept) {
    case Kept::kHolds:
      return {"holds", "成立"};
    case Kept::kFails:
      return {"fails", "不成立"};
    case Kept::kUndecided:
      break;
  }
  const std::string runs = std::to_string(judged.runs);
  const std::string needed = std::to_string(judged.needed);
  return {"not decided with " + runs + " runs, needs " + needed + " of which no other is late",
          runs + " 次未能判定，需 " + needed + " 次且不再超时"};
}

// "lacking": what has no samples; "failed": what has some, and had turns that went wrong.
Section ReasonsSection(const measure::Record& record, bool lacking) {
  Section section{
      .id = lacking ? "lacking" : "failed",
      .title = lacking ? Text{"Not measured, and why", "未测及原因"}
                       : Text{"Turns that failed, and why the last did", "失败的轮次及最近原因"},
      .columns = {{"row", {"row", "指标"}}, {"in", {"in", "环境"}}, {"why", {"why", "原因"}}}};
  // What lacks for one reason in one place is one line.
  std::vector<std::pair<const measure::Series*, Text>> lines;
  for (const measure::Series& each : record.rows) {
    if (each.lacking.empty() || each.samples.empty() != lacking) continue;
    const measure::Row* row = measure::FindRow(each.row);
    Text label = row == nullptr ? Text{each.row, ""} : LabelOf(*row);
    const auto same = std::ranges::find_if(lines, [&each](const auto& line) {
      return line.first->in == each.in && line.first->lacking == each.lacking;
    });
    if (same == lines.end()) {
      lines.emplace_back(&each, std::move(label));
    } else {
      same->second = Join(same->second, ", ", label);
    }
  }
  for (auto& [series, rows] : lines) {
    section.rows.push_back(
        {TextCell(std::move(rows)), PlaceCell(series->in), TextCell(ReasonText(series->lacking))});
  }
  return section;
}

Section RowsSection() {
  Section section{
      .id = "rows",
      .title = {"What is measured", "所测内容"},
      .columns = {{"row", {"row", "指标"}}, {"unit", {"unit", "单位"}}, {"how", {"what", "内容"}}}};
  for (const measure::Row& row : measure::Rows()) {
    section.rows.push_back({TextCell(LabelOf(row)), WordCell(row.unit),
                            TextCell({std::string(row.how), std::string(row.how_zh)})});
  }
  return section;
}

}  // namespace

Section ContractsSection(const measure::Record& record) {
  Section section{.id = "contracts",
                  .title = {"Start-up contracts", "启动时间契约"},
                  .columns = {{"in", {"in", "环境"}},
                              {"contract", {"contract", "契约"}},
                              {"starts", {"starts", "启动次数"}},
                              {"late", {"late", "超时"}},
                              {"late_share", {"late, 95 % bounds", "超时比例 95% 界"}},
                              {"verdict", {"verdict", "结论"}},
                              {"source", {"source", "出处"}}}};
  const Json* model = FindFact(Facts(FactFile::kModels).at("models"), "startup_contract");
  for (const auto& [name, terms] : model->at("parameters").at("contracts").items()) {
    const Contract contract{.limit_ms = terms.at("limit_ms"),
                            .share = terms.at("probability_min_exclusive")};
    for (const char* id : {"warm_start", "cold_start", "deployed_start"}) {
      const measure::Row* row = measure::FindRow(id);
      const std::vector<double> samples = measure::SamplesOf(record, *row, name);
      if (samples.empty()) continue;
      const ContractJudgement judged = JudgeContract(samples, contract);
      const std::string terms_of =
          "P(t < " + Figure(contract.limit_ms) + " ms) > " + Figure(contract.share);
      // The documents speak of starting, and do not say of what.
      Text text{terms_of, ""};
      if (row->id == "cold_start") {
        text = {terms_of + ", the contract of what is prepared", terms_of + "，即已备内容的契约"};
      } else if (row->id == "deployed_start") {
        text = {terms_of + ", the contract of what is deployed first",
                terms_of + "，即先行部署的契约"};
      }
      section.rows.push_back({WordCell(name), TextCell(Join(LabelOf(*row), ": ", text)),
                              NumberCell(static_cast<double>(judged.runs)),
                              NumberCell(static_cast<double>(judged.late)),
                              IntervalCell({judged.late_at_least, judged.late_at_most}),
                              TextCell(KeptText(judged)),
                              WordCell(model->at("source").get<std::string>() + " (models.yaml)")});
    }
  }
  section.notes.push_back(
      {"Exact binomial bounds, each with 95 % (Clopper and Pearson 1934). t is a whole call of the "
       "small program in a sandbox of its own; the runs are taken as independent of each other.",
       "精确二项界，各 95%（Clopper 与 Pearson 1934）。t "
       "为小程序在独立沙盒中的完整调用；视各次相互独立。"});
  return section;
}

Result<Report> MeasuredReport(const measure::Record& record) {
  if (auto whole = CheckRows(record); !whole) return std::unexpected(std::move(whole).error());
  const std::vector<Described> all = DescribeAll(record);
  Report report{.id = "measure", .title = {"Measured on this host", "本机实测"}};
  report.sections = {ClaimsSection(all)};
  std::ranges::move(PicturesOf(all), std::back_inserter(report.sections));
  report.sections.push_back(SpreadSection(all));
  report.sections.push_back(ContractsSection(record));
  for (const bool lacking : {true, false}) {
    Section reasons = ReasonsSection(record, lacking);
    if (!reasons.rows.empty()) report.sections.push_back(std::move(reasons));
  }
  report.sections.push_back(RowsSection());
  report.sections.push_back(HostSection({&record}));
  return report;
}

}  // namespace strata::advisor
