#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/names.h"
#include "advisor/recommend/recommend.h"
#include "measure/rows.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

using model::Class;

// Ours: how an effect of a case is seen on this host: a row of the record in one class, or how many
// times more of it there is than in another.
struct Seen {
  std::string_view of;      // the case
  std::string_view effect;  // its metric, or its label
  std::string_view row;     // of the record; empty: it is not measured, see `how`
  Class in = Class::kWasm;
  std::optional<Class> against;
  Text how;
};

const std::vector<Seen>& AllSeen() {
  static const std::vector<Seen> all = {
      {.of = "cloud_native",
       .effect = "deployment in seconds through containerization",
       .row = "warm_up",
       .in = Class::kContainer},
      {.of = "edge_iot", .effect = "memory", .row = "memory"},
      {.of = "edge_iot", .effect = "startup", .row = "cold_start"},
      {.of = "security_finance",
       .effect = "hardware-level isolation by virtualization",
       .row = "escapes",
       .in = Class::kMicrovm},
      {.of = "ecommerce",
       .effect = "function instance density",
       .row = "density_host",
       .against = Class::kContainer},
      {.of = "ecommerce", .effect = "cold start", .row = "cold_start"},
      {.of = "ecommerce",
       .effect = "TCO",
       .how = {"strata cost shows that of what runs, strata model tco the formula's",
               "strata cost 给出实际运行的成本，strata model tco 给出公式结果"}},
  };
  return all;
}

const Text kNotMeasured{"no figure that this platform measures", "非本平台可测的数据"};

const Text kNotInRecord{
    "The record has none of these rows: a whole run of 'strata measure' takes them ('--quick' "
    "leaves some out).",
    "该记录没有这些行：完整运行 strata measure 才会测得（--quick 会略去一部分）。"};

// Whether a row of a record can show any effect of the case.
bool CanBeSeen(std::string_view of) {
  return std::ranges::any_of(AllSeen(),
                             [of](const Seen& each) { return each.of == of && !each.row.empty(); });
}

struct Value {
  double number = 0;
  std::string unit;
};

std::optional<Value> ValueOf(const measure::Record& record, std::string_view row, Class in) {
  const auto measured = DescribeRow(record, *measure::FindRow(row), model::ClassName(in));
  if (!measured) return std::nullopt;
  return Value{Short(measured->value), std::string(measured->row->unit)};
}

// "measured here" and how that is found out.
std::pair<Cell, Cell> MeasuredCells(std::string_view of, std::string_view effect,
                                    const measure::Record& record) {
  const auto found = std::ranges::find_if(
      AllSeen(), [&](const Seen& each) { return each.of == of && each.effect == effect; });
  if (found == AllSeen().end()) return {NoCell(), TextCell(kNotMeasured)};
  if (found->row.empty()) return {NoCell(), TextCell(found->how)};
  std::string classes(model::ClassName(found->in));
  if (found->against) classes += " / " + std::string(model::ClassName(*found->against));
  const std::string what = std::string(found->row) + ", " + classes;
  const Cell how = TextCell({"strata measure: " + what, "strata measure 的行：" + what});
  const auto value = ValueOf(record, found->row, found->in);
  if (!found->against) {
    return {value ? NumberCell(value->number, value->unit) : NoCell(), how};
  }
  const auto other = ValueOf(record, found->row, *found->against);
  if (!value || !other || other->number <= 0) return {NoCell(), how};
  return {NumberCell(value->number / other->number, "x"), how};
}

Section Listing(std::string id, Text title, const Json& entries) {
  Section section{.id = std::move(id), .title = std::move(title), .columns = {{"text", {"", ""}}}};
  for (const Json& entry : entries) section.rows.push_back({TextCell(LabelOf(entry))});
  return section;
}

// What is claimed first, then what is here of it.
Section Effects(std::vector<Column> claimed) {
  Section section{.id = "effects", .title = {"Effects", "效果"}, .columns = std::move(claimed)};
  section.columns.push_back({"measured", {"measured here", "本机实测"}});
  section.columns.push_back({"by", {"by", "来源"}});
  return section;
}

Report CaseStudy(const Json& study, const measure::Record& record) {
  Report report{.id = "recommend",
                .title = LabelOf(study),
                .notes = {LabelOf(study.at("scenario"))},
                .sources = {study.at("source")}};
  report.sections.push_back(Listing("needs", {"Needs", "需求"}, study.at("needs")));
  Section selection{.id = "selection",
                    .title = {"Selection", "选型"},
                    .columns = {{"concept", {"concept", "概念"}},
                                {"technologies", {"technologies", "技术"}},
                                {"role", {"role", "作用"}}}};
  for (const Json& each : study.at("selection")) {
    selection.rows.push_back({TextCell(ConceptLabel(each.at("concept"))),
                              WordCell(ListOf(each.at("technologies"))),
                              TextCell({each.at("role"), each.value("zh", "")})});
  }
  report.sections.push_back(std::move(selection));
  report.sections.push_back(Listing("analysis", {"Analysis", "分析"}, study.at("analysis")));
  Section effects = Effects({{"text", {"claimed", "声明"}}});
  for (const Json& each : study.at("effects")) {
    const std::string name = each.value("metric", LabelOf(each).en);
    auto [measured, by] = MeasuredCells(study.at("id").get<std::string>(), name, record);
    effects.rows.push_back({TextCell(LabelOf(each)), std::move(measured), std::move(by)});
  }
  report.sections.push_back(std::move(effects));
  return report;
}

// "15 ms", "67 %", "200 x": whichever the document states.
Cell Stated(const Json& result) {
  if (result.contains("from")) {
    return {{Figure(result.at("from")) + " to " + Figure(result.at("to")) + " " +
                 result.at("unit").get<std::string>(),
             ""},
            {{"from", result.at("from")}, {"to", result.at("to")}, {"unit", result.at("unit")}}};
  }
  if (result.contains("factor")) return NumberCell(result.at("factor"), "x");
  if (result.contains("reduction_percent"))
    return NumberCell(result.at("reduction_percent"), "% less");
  return NumberCell(result.at("value_percent"), "%");
}

Report BusinessCase(const Json& business, const Json& table, const measure::Record& record) {
  Report report{.id = "recommend",
                .title = LabelOf(business),
                .notes = {TextOf(business, "change")},
                .sources = {table.at("source")}};
  Section effects = Effects({{"metric", {"metric", "指标"}}, {"claimed", {"claimed", "声明"}}});
  for (const Json& result : business.at("results")) {
    auto [measured, by] = MeasuredCells(business.at("id").get<std::string>(),
                                        result.at("metric").get<std::string>(), record);
    effects.rows.push_back({TextCell({result.at("metric"), result.value("zh", "")}), Stated(result),
                            std::move(measured), std::move(by)});
  }
  report.sections.push_back(std::move(effects));
  return report;
}

bool AnyMeasured(const Report& report) {
  const Section& effects = report.sections.back();
  return std::ranges::any_of(effects.rows, [&effects](const std::vector<Cell>& row) {
    return !row[effects.columns.size() - 2].value.is_null();
  });
}

}  // namespace

Result<Report> LikeCase(std::string_view name, const measure::Record& record) {
  const measure::Record with_rows = WithRows(record);
  const Json& matrices = Facts(FactFile::kMatrices);
  const Json& studies = matrices.at("case_studies");
  const Json& business = matrices.at("business_cases");
  Names names("case");
  names.AddAll(studies);
  names.AddAll(business.at("cases"));
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  const Json* study = FindFact(studies, *id);
  Report report = study != nullptr
                      ? CaseStudy(*study, with_rows)
                      : BusinessCase(*FindFact(business.at("cases"), *id), business, with_rows);
  if (CanBeSeen(*id) && !AnyMeasured(report)) {
    report.notes.push_back(with_rows.rows.empty() ? kHowToMeasure : kNotInRecord);
  }
  return report;
}

}  // namespace strata::advisor
