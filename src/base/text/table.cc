#include "base/text/table.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include <utf8proc.h>

namespace strata {
namespace {

constexpr std::size_t kGap = 3;

// One step through text: a character, a colour or a byte that is neither.
struct Glyph {
  std::size_t bytes = 0;
  std::size_t columns = 0;
};

Glyph GlyphAt(std::string_view text, std::size_t at) {
  if (text[at] == '\x1b') {
    const std::size_t end = text.find('m', at);
    return {(end == std::string_view::npos ? text.size() : end + 1) - at, 0};
  }
  if (static_cast<unsigned char>(text[at]) < 0x80) return {1, 1};
  utf8proc_int32_t code = 0;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                      static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  if (bytes <= 0) return {1, 1};
  return {static_cast<std::size_t>(bytes), static_cast<std::size_t>(utf8proc_charwidth(code))};
}

// Lines of one paragraph, as they fill.
class Lines {
 public:
  explicit Lines(std::size_t width) : width_(width) {}

  void AddWord(std::string_view word) {
    const std::size_t columns = DisplayWidth(word);
    if (used_ > 0 && used_ + columns > width_) Break();
    for (std::size_t at = 0; at < word.size();) {
      const Glyph glyph = GlyphAt(word, at);
      if (used_ > 0 && used_ + glyph.columns > width_) Break();
      lines_.back().append(word, at, glyph.bytes);
      used_ += glyph.columns;
      at += glyph.bytes;
    }
  }
  // A space at a line's end is not needed.
  void AddSpace() {
    if (used_ == 0 || used_ >= width_) return;
    lines_.back() += ' ';
    ++used_;
  }
  void Break() {
    while (!lines_.back().empty() && lines_.back().back() == ' ') lines_.back().pop_back();
    lines_.emplace_back();
    used_ = 0;
  }
  std::vector<std::string> Take() {
    while (!lines_.back().empty() && lines_.back().back() == ' ') lines_.back().pop_back();
    return std::move(lines_);
  }

 private:
  const std::size_t width_;
  std::vector<std::string> lines_ = {""};
  std::size_t used_ = 0;
};

using Cells = std::vector<std::vector<std::string>>;  // lines of each cell of a row

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::size_t WidestLine(std::string_view cell) {
  std::size_t widest = 0;
  for (const std::string& line : SplitLines(cell)) widest = std::max(widest, DisplayWidth(line));
  return widest;
}

// Signs that end what stands before them, and so begin no line.
bool IsClosing(std::string_view glyph) {
  constexpr std::string_view kClosing[] = {"。", "，", "、", "；", "：", "？", "！",
                                           "）", "》", "」", "』", "】", "”",  "’"};
  return std::find(std::begin(kClosing), std::end(kClosing), glyph) != std::end(kClosing);
}

// Signs that begin what stands behind them, and so end no line.
bool IsOpening(std::string_view glyph) {
  constexpr std::string_view kOpening[] = {"（", "《", "「", "『", "【", "“", "‘"};
  return std::find(std::begin(kOpening), std::end(kOpening), glyph) != std::end(kOpening);
}

// `text` as the words that no line breaks, each to `on_word`, and what stands between them, to
// `on_space` (" ") and `on_break` ("\n").
void ForEachWord(std::string_view text, const auto& on_word, const auto& on_space,
                 const auto& on_break) {
  std::string word;
  bool may_break = false;  // behind what is in `word`
  const auto flush = [&] {
    if (!word.empty()) on_word(word);
    word.clear();
    may_break = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Glyph glyph = GlyphAt(text, at);
    const std::string_view piece = text.substr(at, glyph.bytes);
    at += glyph.bytes;
    if (piece == " " || piece == "\n") {
      flush();
      piece == " " ? on_space() : on_break();
      continue;
    }
    const bool closing = IsClosing(piece);
    if (may_break && !closing) flush();
    word += piece;
    may_break = (glyph.columns == 2 || (may_break && closing)) && !IsOpening(piece);
  }
  flush();
}

std::size_t WidestWord(std::string_view cell) {
  std::size_t widest = 0;
  const auto nothing = [] {};
  ForEachWord(
      cell, [&widest](const std::string& word) { widest = std::max(widest, DisplayWidth(word)); },
      nothing, nothing);
  return widest;
}

// Takes from the widest column that is above its floor, one terminal column at a time, until a line
// fits or all are at theirs.
void ShrinkTo(const std::vector<std::size_t>& floors, std::size_t width,
              std::vector<std::size_t>& widths) {
  const std::size_t gaps = kGap * (widths.size() - 1);
  std::size_t all = std::accumulate(widths.begin(), widths.end(), gaps);
  while (all > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] <= floors[i]) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
    --all;
  }
}

// Words are broken where nothing else helps, or where one would take half of the line; those of the
// first column, which names, last.
void Shrink(const std::vector<std::size_t>& words, std::size_t width,
            std::vector<std::size_t>& widths) {
  std::vector<std::size_t> floors = words;
  for (std::size_t& floor : floors) {
    floor = floor > width / 2 ? Table::kLeastColumn : std::max(floor, Table::kLeastColumn);
  }
  floors.front() = std::max(words.front(), Table::kLeastColumn);
  ShrinkTo(floors, width, widths);
  std::fill(floors.begin() + 1, floors.end(), Table::kLeastColumn);
  ShrinkTo(floors, width, widths);
  floors.front() = Table::kLeastColumn;
  ShrinkTo(floors, width, widths);
}

void AppendRow(std::string& to, const Cells& cells, const std::vector<std::size_t>& widths) {
  std::size_t height = 1;
  for (const auto& lines : cells) height = std::max(height, lines.size());
  for (std::size_t line = 0; line < height; ++line) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string part = line < cells[i].size() ? cells[i][line] : "";
      text += part;
      if (i + 1 < cells.size()) text.append(widths[i] - DisplayWidth(part) + kGap, ' ');
    }
    // Later lines of a row end where their last text does.
    if (line > 0) text.erase(text.find_last_not_of(' ') + 1);
    to += text + '\n';
  }
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Glyph glyph = GlyphAt(text, at);
    width += glyph.columns;
    at += glyph.bytes;
  }
  return width;
}

std::vector<std::string> WrapText(std::string_view text, std::size_t width) {
  Lines lines(width);
  ForEachWord(
      text, [&lines](const std::string& word) { lines.AddWord(word); },
      [&lines] { lines.AddSpace(); }, [&lines] { lines.Break(); });
  return lines.Take();
}

Table::Layout Table::LayOut(std::size_t width) const {
  Layout layout;
  std::vector<std::size_t>& widths = layout.widths;
  widths.resize(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
      widths[i] = std::max(widths[i], WidestLine(row[i]));
    }
  }
  if (width > 0) {
    std::vector<std::size_t> words(widths.size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
        words[i] = std::max(words[i], WidestWord(row[i]));
      }
    }
    Shrink(words, width, widths);
  }
  for (const auto& row : rows_) {
    Cells& cells = layout.rows.emplace_back();
    for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
      // What fits is left as it is, spaces included.
      cells.push_back(WidestLine(row[i]) <= widths[i] ? SplitLines(row[i])
                                                      : WrapText(row[i], widths[i]));
    }
  }
  return layout;
}

std::string Table::Render(std::size_t width) const {
  const Layout layout = LayOut(width);
  std::string text;
  for (const Cells& cells : layout.rows) AppendRow(text, cells, layout.widths);
  return text;
}

}  // namespace strata
