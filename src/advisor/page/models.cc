#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/models/report.h"
#include "advisor/models/run.h"
#include "advisor/page/parts.h"
#include "advisor/report/html.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/check.h"
#include "measure/record.h"

namespace strata::advisor {
namespace {

// Enough for a histogram and for quantiles to two digits; `strata model` draws more.
constexpr std::uint32_t kDraws = 2000;

// "3 of 5 claims agree", of the table's row.
Text AgreementOf(const std::vector<Cell>& row) {
  const std::string agree = row.at(4).text.en;
  const std::string all = Figure(row.at(4).value.get<double>() + row.at(5).value.get<double>() +
                                 row.at(6).value.get<double>());
  return {agree + " of " + all + " claims agree", all + " 条声明中 " + agree + " 条一致"};
}

// The table, each model's name leading to it.
std::string Index(const Section& list, const std::string& id) {
  std::string table = "<table aria-labelledby=\"" + id + "\">\n<thead><tr>";
  for (const Column& column : list.columns) {
    table += "<th scope=\"col\">" + HtmlText(column.label) + "</th>";
  }
  table += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Cell>& row : list.rows) {
    const std::string model = EscapeHtml(row.front().text.en);
    table += "<tr><th scope=\"row\"><a href=\"#model-" + model + "\">" + model + "</a></th>";
    for (std::size_t i = 1; i < row.size(); ++i) {
      table += row[i].value.is_number() ? "<td class=\"number\">" : "<td>";
      table += HtmlText(row[i].text) + "</td>";
    }
    table += "</tr>\n";
  }
  return HtmlScroll(id, table + "</tbody>\n</table>\n");
}

std::string ModelEntry(const std::string& model, const Text& agreement,
                       const measure::Record& record) {
  const auto run = models::Ask({.model = model, .draws = kDraws});
  STRATA_CHECK(run);
  const Report report = models::ReportOf(*run, record);
  return "<details class=\"model\">\n<summary>" +
         HtmlHeading(3, "title-" + model, LabelOf(*run->fact)) + " <code>" + EscapeHtml(model) +
         "</code> <small>" + HtmlText(agreement) + "</small></summary>\n<div id=\"model-" +
         EscapeHtml(model) + "\">\n" + SectionsOf(report, model, 4) + "</div>\n</details>\n";
}

}  // namespace

std::string ModelsPart(const measure::Record& record) {
  const Section list = models::ListModels().sections.front();
  std::string part = HtmlHeading(3, "models-index", list.title) + Index(list, "models-index");
  for (const std::vector<Cell>& row : list.rows) {
    part += ModelEntry(row.front().text.en, AgreementOf(row), record);
  }
  return part;
}

}  // namespace strata::advisor
