#include "advisor/compare/measured.h"

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "advisor/compare/claims.h"
#include "advisor/compare/values.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

// What a record without samples has of a row: the first call's time, the median call's, the memory
// of one call.
struct Quantity {
  std::string_view row;  // measure/rows.h
  std::optional<double> (*value_of)(const scheduler::Figures&);
};
constexpr std::array<Quantity, 3> kQuantities{
    {{"cold_start", [](const scheduler::Figures& figures) { return figures.cold_start_ms; }},
     {"warm_start",
      [](const scheduler::Figures& figures) { return std::optional(figures.p50_ms); }},
     {"memory",
      [](const scheduler::Figures& figures) { return std::optional(figures.memory_mib); }}}};

struct Judged {
  double ratio;
  Text verdict;
};

Judged Judge(const Range& claimed, double measured) {
  const int side = claimed.Side(measured);
  if (side < 0) return {measured / *claimed.least, {"below the claim", "低于所称"}};
  if (side > 0) return {measured / *claimed.most, {"above the claim", "高于所称"}};
  return {1, {"as claimed", "与所称相符"}};
}

// A row for each claim that is a figure.
void AddClaims(const measure::Row& row, model::Class in, double measured, Section& to) {
  for (const std::string_view reference : row.claims) {
    if (reference.empty()) continue;
    const auto claim = FindClaim(reference, in);
    const auto range = claim ? RangeOf(claim->cell) : std::nullopt;
    if (!range) continue;
    const Judged judged = Judge(*range, measured);
    to.rows.push_back({WordCell(model::ClassName(in)),
                       TextCell({std::string(row.label), std::string(row.label_zh)}),
                       ValueCell(claim->cell), NumberCell(measured, row.unit),
                       NumberCell(judged.ratio), TextCell(judged.verdict),
                       WordCell(claim->source)});
  }
}

}  // namespace

Section Measured(const std::vector<Subject>& subjects, const scheduler::Record& record) {
  Section section{.id = "measured",
                  .title = {"Claimed and measured here", "所称与本机实测"},
                  .columns = {{"class", {"class", "类"}},
                              {"quantity", {"quantity", "指标"}},
                              {"claimed", {"claimed", "所称"}},
                              {"measured", {"measured here", "实测"}},
                              {"ratio", {"ratio", "比值"}},
                              {"verdict", {"verdict", "结论"}},
                              {"source", {"source", "出处"}}}};
  std::set<model::Class> seen;
  for (const Subject& subject : subjects) {
    for (const model::Class each : subject.classes) {
      const auto figures = record.find(each);
      if (figures == record.end() || !seen.insert(each).second) continue;
      for (const Quantity& quantity : kQuantities) {
        const auto measured = quantity.value_of(figures->second);
        if (measured) AddClaims(*measure::FindRow(quantity.row), each, *measured, section);
      }
    }
  }
  if (!section.rows.empty()) {
    section.notes.push_back(
        {"Measured: the first and the median call of one small program, as its client saw them, "
         "and "
         "the memory of one call. The documents say of no figure how it was measured.",
         "实测：小程序首次调用与中位调用（客户端视角）及单次调用内存；文档未说明其数据的测量方法"
         "。"});
  }
  return section;
}

}  // namespace strata::advisor
