#include <utility>

#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/recommend/recommend.h"

namespace strata::advisor {
namespace {

Section Listing(std::string id, Text title, const Json& entries) {
  Section section{.id = std::move(id), .title = std::move(title), .columns = {{"text", {"", ""}}}};
  for (const Json& entry : entries) section.rows.push_back({TextCell(LabelOf(entry))});
  return section;
}

Report CaseStudy(const Json& study) {
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
  report.sections.push_back(Listing("effects", {"Effects", "效果"}, study.at("effects")));
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

Report BusinessCase(const Json& business, const Json& table) {
  Report report{.id = "recommend",
                .title = LabelOf(business),
                .notes = {TextOf(business, "change")},
                .sources = {table.at("source")}};
  Section effects{.id = "effects",
                  .title = {"Effects", "效果"},
                  .columns = {{"metric", {"metric", "指标"}}, {"claimed", {"claimed", "声明"}}}};
  for (const Json& result : business.at("results")) {
    effects.rows.push_back(
        {TextCell({result.at("metric"), result.value("zh", "")}), Stated(result)});
  }
  report.sections.push_back(std::move(effects));
  return report;
}

}  // namespace

Result<Report> LikeCase(std::string_view name) {
  const Json& matrices = Facts(FactFile::kMatrices);
  const Json& studies = matrices.at("case_studies");
  const Json& business = matrices.at("business_cases");
  Names names("case");
  names.AddAll(studies);
  names.AddAll(business.at("cases"));
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  if (const Json* study = FindFact(studies, *id)) return CaseStudy(*study);
  return BusinessCase(*FindFact(business.at("cases"), *id), business);
}

}  // namespace strata::advisor
