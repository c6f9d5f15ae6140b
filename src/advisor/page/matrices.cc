#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/compare/compare.h"
#include "advisor/compare/subjects.h"
#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/measured/judge.h"
#include "advisor/page/heat.h"
#include "advisor/page/parts.h"
#include "advisor/report/html.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"
#include "measure/record.h"
#include "measure/rows.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

std::string Layer(std::string_view view, const std::string& content) {
  return "<span class=\"" + std::string(view) + "\">" + content + "</span>";
}

// Below and above are no better or worse: it depends on the row.
std::string_view ClassOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAsClaimed:
      return "yes";
    case Verdict::kBelow:
      return "below";
    case Verdict::kAbove:
      return "above";
    case Verdict::kUndecided:
      break;
  }
  return "undecided";
}

// "wasm 2.5 ms cold start; as claimed", as dark as the value is on the scale of what is claimed; a
// cell that is no range has no verdict.
std::string MeasuredLine(const Measured& measured, const JudgedClaim& judged,
                         const std::vector<Json>& cells) {
  const measure::Row& row = *measured.row;
  const std::string value = Figure(Short(measured.value)) + " " + std::string(row.unit);
  const auto verdict = ClassOf(judged.verdict.value_or(Verdict::kUndecided));
  std::string line = "<span class=\"heat" + std::to_string(StepOn(cells, measured.value)) +
                     "\"><b>" + EscapeHtml(measured.in) + "</b> " + EscapeHtml(value) + " <small>" +
                     HtmlText(LabelOf(row));
  if (judged.verdict) {
    line += "; <span class=\"" + std::string(verdict) + "\">" + HtmlText(judged.text) + "</span>";
  }
  return line + "</small></span>";
}

// What was measured of the rows that this cell claims something of, in the classes of its concept.
std::string MeasuredText(const Json& matrix, const std::string& column, const Subject& subject,
                         const std::vector<Json>& cells, const measure::Record& record) {
  const std::string reference = "matrices " + matrix.at("id").get<std::string>() + " " + column;
  std::string text;
  for (const measure::Row& row : measure::Rows()) {
    if (std::ranges::find(row.claims, reference) == row.claims.end()) continue;
    for (const model::Class each : subject.classes) {
      const auto measured = DescribeRow(record, row, model::ClassName(each));
      if (!measured) continue;
      for (const JudgedClaim& judged : JudgeClaims(*measured)) {
        if (judged.reference == reference) text += MeasuredLine(*measured, judged, cells);
      }
    }
  }
  return text;
}

// One attribute over all concepts.
std::string HeatRow(const Json& matrix, const Json& column, const std::vector<Subject>& subjects,
                    const measure::Record& record) {
  const std::string key = column.at("key");
  std::vector<Json> cells;
  for (const Subject& subject : subjects) {
    cells.push_back(matrix.at("rows").at(subject.concept_id).at(key));
  }
  const std::vector<Heat> heat = HeatOf(cells);
  std::string row = "<tr><th scope=\"row\">" + HtmlText(LabelOf(column)) + "</th>";
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const std::string measured = MeasuredText(matrix, key, subjects[i], cells, record);
    const Cell claimed = ValueCell(cells[i]);
    row += "<td class=\"heat" + std::to_string(heat[i].step) +
           (measured.empty() ? "\">" : " has-measured\">") +
           Layer("claimed", claimed.text.empty() ? "–" : HtmlText(claimed.text)) +
           Layer("recomputed", heat[i].place.empty() ? "–" : HtmlText(heat[i].place)) +
           Layer("measured", measured.empty() ? "–" : measured) + "</td>";
  }
  return row + "</tr>\n";
}

std::string HeatTable(const Json& matrix, const std::string& id,
                      const std::vector<Subject>& subjects, const measure::Record& record) {
  std::string table = "<table class=\"heat\" aria-labelledby=\"" + id + "\">\n<thead><tr><td></td>";
  for (const Subject& subject : subjects) {
    table += "<th scope=\"col\">" + HtmlText(subject.label) + "</th>";
  }
  table += "</tr></thead>\n<tbody>\n";
  for (const Json& column : matrix.at("columns")) {
    table += HeatRow(matrix, column, subjects, record);
  }
  return HtmlScroll(id, table + "</tbody>\n</table>\n");
}

// What the document states of a matrix, and whether its cells bear it out; empty: nothing.
std::string StatedOf(const Json& matrix, const std::string& id,
                     const std::vector<Subject>& subjects) {
  if (!matrix.contains("orderings") && !matrix.contains("statements")) return "";
  CompareQuestion question{.dimensions = {matrix.at("id").get<std::string>()}};
  for (const Subject& subject : subjects) question.subjects.push_back(subject.id);
  const auto report = Compare(question);
  std::string text;
  if (!report) return text;  // the ids are the facts' own
  for (Section section : report->sections) {
    if (section.id != "orderings" && section.id != "statements") continue;
    // The first column says which matrix it is about.
    section.columns.erase(section.columns.begin());
    for (auto& row : section.rows) row.erase(row.begin());
    text += HtmlSection(section, id + "-" + section.id, 4);
  }
  return text;
}

// The decision matrix in the form of the eight: its needs are the columns.
Json DecisionMatrix() {
  const Json& facts = Facts(FactFile::kMatrices).at("decision_matrix");
  Json matrix = {{"id", "decision"},
                 {"label", facts.at("name")},
                 {"zh", facts.at("zh")},
                 {"note", facts.at("usage")},
                 {"note_zh", facts.at("usage_zh")},
                 {"source", facts.at("source")},
                 {"columns", Json::array()}};
  for (const Json& need : facts.at("needs")) {
    matrix["columns"].push_back(
        {{"key", need.at("id")}, {"label", need.at("label")}, {"zh", need.at("zh")}});
    for (const auto& [id, stars] : need.at("stars").items()) {
      matrix["rows"][id][need.at("id").get<std::string>()] = {{"stars", stars}};
    }
  }
  return matrix;
}

std::string MatrixEntry(const Json& matrix, const std::vector<Subject>& subjects,
                        const measure::Record& record) {
  const std::string id = "matrix-" + matrix.at("id").get<std::string>();
  std::vector<Text> notes;
  for (const char* key : {"reconstruction_note", "note"}) {
    if (matrix.contains(key)) notes.push_back(TextOf(matrix, key));
  }
  return "<section class=\"matrix\">\n" + HtmlHeading(3, id, LabelOf(matrix)) +
         HeatTable(matrix, id, subjects, record) +
         HtmlRemarks(notes, {matrix.at("source").get<std::string>()}) +
         StatedOf(matrix, id, subjects) + "</section>\n";
}

std::string Legend() {
  std::string legend = "<p class=\"legend\">" + HtmlText({"least", "最少"});
  for (int step = 1; step <= kHeatSteps; ++step) {
    legend += " <span class=\"swatch heat" + std::to_string(step) + "\"></span>";
  }
  return legend + " " +
         HtmlText({"most of its row as claimed; no colour: not an amount",
                   "按所称为本行最高；无色：非数量"}) +
         " <span class=\"view-measured\"><span class=\"above\">" + HtmlText({"above", "高于"}) +
         "</span>, <span class=\"below\">" + HtmlText({"below", "低于"}) +
         "</span>, <span class=\"yes\">" + HtmlText({"as claimed", "与所称相符"}) +
         "</span></span></p>\n";
}

}  // namespace

std::string MatricesPart(const measure::Record& record) {
  const std::vector<Subject> subjects = ConceptSubjects();
  std::string part =
      "<p class=\"view-claimed\">" +
      HtmlText({"Cells as the documents have them.", "单元格为文档原值。"}) +
      "</p>\n<p class=\"view-recomputed\">" +
      HtmlText({"The place of each cell in its row, the least first, computed from the cells: by "
                "their lower and by their upper bounds where these differ.",
                "由单元格计算的行内名次（由少到多）；上下限名次不同时给出范围。"}) +
      "</p>\n<p class=\"view-measured\">" +
      HtmlText({"What 'strata measure' found in the classes that belong to a concept, where a cell "
                "claims the same.",
                "strata measure 在各类中的实测值（与所称同项者）。"}) +
      "</p>\n";
  if (record.rows.empty()) {
    part += "<p class=\"view-measured note\">" +
            HtmlText({"Nothing was measured here; see “Measured here”.",
                      "本机尚无测量；见“本机实测”。"}) +
            "</p>\n";
  }
  part += Legend();
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    part += MatrixEntry(matrix, subjects, record);
  }
  return part + MatrixEntry(DecisionMatrix(), subjects, record);
}

}  // namespace strata::advisor
