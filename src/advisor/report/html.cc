#include "advisor/report/html.h"

#include <cstddef>

#include "advisor/report/plot.h"
#include "advisor/report/svg.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

bool IsNumber(const Json& value) {
  return value.is_number() || (value.contains("value") && value.at("value").is_number());
}

// What a cell is, for the style: a number, a verdict ("yes", "no", "no: why"), or neither.
std::string_view ClassOf(const Cell& cell) {
  if (IsNumber(cell.value)) return " class=\"number\"";
  const std::string& text = cell.text.en;
  if (text == "yes") return " class=\"yes\"";
  return text == "no" || text.starts_with("no: ") ? " class=\"no\"" : "";
}

std::string InLanguage(Language language, std::string_view content) {
  return "<span lang=\"" + std::string(LanguageName(language)) + "\">" + std::string(content) +
         "</span>";
}

// Lines for programs, as they are.
std::string HtmlLines(std::string_view lines, std::string_view id) {
  if (lines.empty()) return "";
  std::string pre = "<pre>";
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    pre += EscapeHtml(lines.substr(0, end)) + "\n";
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return HtmlScroll(id, pre + "</pre>\n");
}

}  // namespace

std::string EscapeHtml(std::string_view text) { return EscapeXml(text); }

std::string HtmlText(const Text& text) {
  if (text.zh.empty() || text.zh == text.en) return EscapeHtml(text.en);
  if (text.en.empty()) return EscapeHtml(text.zh);
  return InLanguage(Language::kEnglish, EscapeHtml(text.en)) +
         InLanguage(Language::kChinese, EscapeHtml(text.zh));
}

std::string HtmlHeading(int level, std::string_view id, const Text& text) {
  const std::string name = "h" + std::to_string(level);
  return "<" + name + " id=\"" + std::string(id) + "\">" + HtmlText(text) + "</" + name + ">\n";
}

std::string HtmlScroll(std::string_view id, std::string_view content) {
  return "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"" +
         std::string(id) + "\">\n" + std::string(content) + "</div>\n";
}

std::string HtmlTable(const Section& section, std::string_view id) {
  if (section.columns.empty()) return "";
  std::string table = "<table aria-labelledby=\"" + std::string(id) + "\">\n<thead><tr>";
  for (const Column& column : section.columns) {
    // An empty header cell is a cell that names nothing.
    table += column.label.empty() ? "<td></td>"
                                  : "<th scope=\"col\">" + HtmlText(column.label) + "</th>";
  }
  table += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Cell>& row : section.rows) {
    table += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string content = row[i].text.empty() ? "–" : HtmlText(row[i].text);
      table += i == 0 ? "<th scope=\"row\">" + content + "</th>"
                      : "<td" + std::string(ClassOf(row[i])) + ">" + content + "</td>";
    }
    table += "</tr>\n";
  }
  return HtmlScroll(id, table + "</tbody>\n</table>\n");
}

std::string HtmlPlot(const Section& section, std::string_view id) {
  if (!section.plot) return "";
  SvgPage page;
  DrawPlot(*section.plot, page);
  return "<figure aria-labelledby=\"" + std::string(id) + "\">\n" +
         HtmlScroll(id, page.Finish(SvgPage::Form::kInline)) + "</figure>\n";
}

std::string HtmlRemarks(const std::vector<Text>& notes, const std::vector<std::string>& sources) {
  std::string remarks;
  for (const Text& note : notes) remarks += "<p class=\"note\">" + HtmlText(note) + "</p>\n";
  if (sources.empty()) return remarks;
  return remarks + "<p class=\"source\">" + HtmlText({"Source: ", "出处："}) +
         EscapeHtml(Listed(sources, "; ")) + "</p>\n";
}

std::string HtmlSection(const Section& section, std::string_view id, int level) {
  return "<section class=\"" + section.id + "\">\n" + HtmlHeading(level, id, section.title) +
         HtmlTable(section, id) + HtmlLines(section.text, id) + HtmlPlot(section, id) +
         HtmlRemarks(section.notes, section.sources) + "</section>\n";
}

}  // namespace strata::advisor
