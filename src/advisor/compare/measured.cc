#include "advisor/compare/measured.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "advisor/compare/claims.h"
#include "advisor/measured/claimed.h"
#include "measure/rows.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

using Dimensions = std::vector<std::string>;

bool Has(const Dimensions& dimensions, std::string_view id) {
  return std::ranges::find(dimensions, id) != dimensions.end();
}

// A claim of a matrix is of that dimension, another one of the row's own.
bool IsAskedFor(const measure::Row& row, std::string_view reference, const Dimensions& dimensions) {
  if (dimensions.empty()) return true;
  const std::string matrix = MatrixOf(reference);
  return Has(dimensions, matrix.empty() ? std::string(row.dimension) : matrix);
}

bool IsOf(std::string_view reference, const Measured& measured, const Subject& subject) {
  if (subject.kind == Subject::Kind::kConcept) return true;
  return TechnologyOf(reference, *model::ClassFromName(measured.in)) == subject.id;
}

void AddRow(const Measured& measured, const JudgedClaim* claim, Section& to) {
  std::vector<Cell> row{WordCell(measured.in), TextCell(LabelOf(*measured.row))};
  std::ranges::move(ClaimCells(measured, claim), std::back_inserter(row));
  to.rows.push_back(std::move(row));
}

void AddMeasured(const Measured& measured, const Subject& subject, const Dimensions& dimensions,
                 Section& to) {
  bool any = false;
  for (const JudgedClaim& each : JudgeClaims(measured)) {
    if (!IsOf(each.reference, measured, subject)) continue;
    if (!IsAskedFor(*measured.row, each.reference, dimensions)) continue;
    any = true;
    AddRow(measured, &each, to);
  }
  if (any || !Has(dimensions, measured.row->dimension)) return;
  AddRow(measured, nullptr, to);
}

bool MayShow(const measure::Row& row, const Dimensions& dimensions) {
  const auto asked = [&](std::string_view reference) {
    return !reference.empty() && IsAskedFor(row, reference, dimensions);
  };
  return Has(dimensions, row.dimension) || std::ranges::any_of(row.claims, asked);
}

}  // namespace

Section MeasuredSection(const std::vector<Subject>& subjects, const measure::Record& record,
                        const std::vector<std::string>& dimensions) {
  Section section{.id = "measured",
                  .title = {"Claimed and measured here", "所称与本机实测"},
                  .columns = {{"class", {"class", "类"}},
                              {"quantity", {"quantity", "指标"}},
                              {"claimed", {"claimed", "所称"}},
                              {"measured", {"measured here", "实测"}},
                              {"interval", {"95 % interval", "95% 区间"}},
                              {"ratio", {"ratio", "比值"}},
                              {"verdict", {"verdict", "结论"}},
                              {"source", {"source", "出处"}}}};
  const measure::Record with_rows = WithRows(record);
  std::set<model::Class> seen;
  for (const Subject& subject : subjects) {
    for (const model::Class each : subject.classes) {
      if (!seen.insert(each).second) continue;
      for (const measure::Row& row : measure::Rows()) {
        if (!MayShow(row, dimensions)) continue;
        const auto measured = DescribeRow(with_rows, row, model::ClassName(each));
        if (measured) AddMeasured(*measured, subject, dimensions, section);
      }
    }
  }
  if (!section.rows.empty()) {
    section.notes.push_back(
        {"As 'strata measure' judges it, of small programs. The documents say of no figure how it "
         "was measured.",
         "与 'strata measure' 的判定相同，以小程序测得；文档未说明其数据的测量方法。"});
  }
  return section;
}

}  // namespace strata::advisor
