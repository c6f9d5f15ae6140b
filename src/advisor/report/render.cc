#include "advisor/report/render.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/report/plot.h"
#include "advisor/report/svg.h"
#include "base/text/table.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kPictureColumns = 140;  // of a table in a picture, before it is wrapped

const Text kNote{"note", "注"};
const Text kSource{"source", "出处"};

// ASCII letters only: what else there is here has no capitals.
std::string Capitals(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Table TableOf(const Section& section, Language language) {
  std::vector<std::string> header;
  for (const Column& column : section.columns) {
    header.push_back(Capitals(column.label.In(language)));
  }
  Table table(std::move(header));
  for (const auto& cells : section.rows) {
    std::vector<std::string> row;
    for (const Cell& cell : cells) row.push_back(cell.text.empty() ? "-" : cell.text.In(language));
    table.Add(std::move(row));
  }
  return table;
}

// Columns without a name have no header.
std::string TableText(const Section& section, Language language, std::size_t width) {
  std::string text = TableOf(section, language).Render(width);
  const bool named = std::ranges::any_of(
      section.columns, [](const Column& column) { return !column.label.empty(); });
  if (!named) text.erase(0, text.find('\n') + 1);
  return text;
}

// "note: ..." wrapped, its later lines indented.
void AppendRemark(std::string& to, const Text& kind, const std::string& text, Language language,
                  std::size_t width) {
  const std::string head = kind.In(language) + ": ";
  const std::size_t indent = DisplayWidth(head);
  const bool wrapped = width > indent + Table::kLeastColumn;
  const std::vector<std::string> lines =
      wrapped ? WrapText(text, width - indent) : std::vector<std::string>{text};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    to += (i == 0 ? head : std::string(indent, ' ')) + lines[i] + "\n";
  }
}

void AppendRemarks(std::string& to, const std::vector<Text>& notes,
                   const std::vector<std::string>& sources, Language language, std::size_t width) {
  for (const Text& note : notes) AppendRemark(to, kNote, note.In(language), language, width);
  if (!sources.empty()) AppendRemark(to, kSource, Listed(sources, "; "), language, width);
}

std::string EscapeMarkdown(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_|<>[]#";
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "<br>";
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void AppendMarkdownTable(std::string& to, const Section& section, Language language) {
  std::string rule = "|";
  to += "|";
  for (const Column& column : section.columns) {
    to += " " + EscapeMarkdown(column.label.In(language)) + " |";
    rule += " --- |";
  }
  to += "\n" + rule + "\n";
  for (const auto& cells : section.rows) {
    to += "|";
    for (const Cell& cell : cells) to += " " + EscapeMarkdown(cell.text.In(language)) + " |";
    to += "\n";
  }
  to += "\n";
}

void AppendMarkdownRemarks(std::string& to, const std::vector<Text>& notes,
                           const std::vector<std::string>& sources, Language language) {
  for (const Text& note : notes) to += "- " + EscapeMarkdown(note.In(language)) + "\n";
  if (!notes.empty()) to += "\n";
  if (!sources.empty()) {
    to += kSource.In(language) + ": " + EscapeMarkdown(Listed(sources, "; ")) + "\n\n";
  }
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// What a program is given, on one field: a number as it is, a text in the language.
std::string CsvCell(const Cell& cell, Language language) {
  if (cell.value.is_number() || cell.value.is_boolean()) return DumpJson(cell.value);
  return CsvField(cell.text.In(language));
}

void AppendCsv(std::string& to, const Section& section, Language language) {
  for (std::size_t i = 0; i < section.columns.size(); ++i) {
    to += (i > 0 ? "," : "") + CsvField(section.columns[i].key);
  }
  to += "\n";
  for (const auto& cells : section.rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      to += (i > 0 ? "," : "") + CsvCell(cells[i], language);
    }
    to += "\n";
  }
}

void DrawText(SvgPage& page, std::string_view text, const SvgPage::TextStyle& style) {
  page.Skip(SvgPage::kLine);
  page.Text(SvgPage::kMargin, page.y(), text, style);
}

void DrawTable(SvgPage& page, const Section& section, Language language) {
  const Table::Layout layout = TableOf(section, language).LayOut(kPictureColumns);
  double right = SvgPage::kMargin;
  for (const std::size_t width : layout.widths) {
    right += static_cast<double>(width + 2) * SvgPage::kColumn;
  }
  page.Skip(SvgPage::kLine / 2);
  for (std::size_t i = 0; i < layout.rows.size(); ++i) {
    std::size_t height = 1;
    for (const auto& lines : layout.rows[i]) height = std::max(height, lines.size());
    const double pixels = static_cast<double>(height) * SvgPage::kLine;
    if (i == 0)
      page.Rectangle(SvgPage::kMargin, page.y(), right - SvgPage::kMargin, pixels, SvgPage::kHead);
    double x = SvgPage::kMargin + SvgPage::kColumn;
    for (std::size_t cell = 0; cell < layout.rows[i].size(); ++cell) {
      double y = page.y() + SvgPage::kLine - 5;
      for (const std::string& line : layout.rows[i][cell]) {
        page.Text(x, y, line, {.bold = i == 0});
        y += SvgPage::kLine;
      }
      x += static_cast<double>(layout.widths[cell] + 2) * SvgPage::kColumn;
    }
    page.Skip(pixels);
    page.Rule(SvgPage::kMargin, page.y(), right, page.y(), SvgPage::kGrid);
  }
}

void DrawLines(SvgPage& page, std::string_view lines, const SvgPage::TextStyle& style) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    DrawText(page, lines.substr(0, end), style);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

void DrawRemarks(SvgPage& page, const std::vector<Text>& notes,
                 const std::vector<std::string>& sources, Language language) {
  std::string remarks;
  AppendRemarks(remarks, notes, sources, language, kPictureColumns);
  DrawLines(page, remarks, {.ink = SvgPage::kQuiet});
}

}  // namespace

std::string RenderTable(const Report& report, Language language, std::size_t width) {
  std::string text = report.title.In(language) + "\n";
  for (const Section& section : report.sections) {
    text += "\n";
    if (!section.title.empty()) text += section.title.In(language) + "\n";
    if (!section.columns.empty()) text += TableText(section, language, width);
    text += section.text;
    if (section.plot) text += PlotAsText(*section.plot, language);
    AppendRemarks(text, section.notes, section.sources, language, width);
  }
  if (!report.notes.empty() || !report.sources.empty()) text += "\n";
  AppendRemarks(text, report.notes, report.sources, language, width);
  return text;
}

std::string RenderMarkdown(const Report& report, Language language) {
  std::string text = "# " + EscapeMarkdown(report.title.In(language)) + "\n\n";
  for (const Section& section : report.sections) {
    if (!section.title.empty()) {
      text += "## " + EscapeMarkdown(section.title.In(language)) + "\n\n";
    }
    if (!section.columns.empty()) AppendMarkdownTable(text, section, language);
    if (!section.text.empty()) text += "```text\n" + section.text + "```\n\n";
    if (section.plot) text += "```text\n" + PlotAsText(*section.plot, language) + "```\n\n";
    AppendMarkdownRemarks(text, section.notes, section.sources, language);
  }
  AppendMarkdownRemarks(text, report.notes, report.sources, language);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string RenderCsv(const Report& report, Language language) {
  std::size_t tables = 0;
  for (const Section& section : report.sections) tables += section.columns.empty() ? 0 : 1;
  std::string text;
  for (const Section& section : report.sections) {
    if (section.columns.empty()) continue;
    if (!text.empty()) text += "\n";
    if (tables > 1) text += CsvField(section.title.In(language)) + "\n";
    AppendCsv(text, section, language);
  }
  return text;
}

std::string RenderSvg(const Report& report, Language language) {
  SvgPage page(language);
  DrawText(page, report.title.In(language), {.bold = true, .size = 16});
  for (const Section& section : report.sections) {
    page.Skip(SvgPage::kLine / 2);
    if (!section.title.empty())
      DrawText(page, section.title.In(language), {.bold = true, .size = 14});
    if (!section.columns.empty()) DrawTable(page, section, language);
    DrawLines(page, section.text, {});
    if (section.plot) DrawPlot(*section.plot, page);
    DrawRemarks(page, section.notes, section.sources, language);
  }
  page.Skip(SvgPage::kLine / 2);
  DrawRemarks(page, report.notes, report.sources, language);
  return page.Finish();
}

}  // namespace strata::advisor
