// base/text/table.h - rows of text under a header, aligned for a terminal.
//
// A library of its own (strata_base_table), as it takes widths of characters from utf8proc: only
// programs that print link it.
//
// Threads: values. Tested by table_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata {

// The columns of a terminal that UTF-8 text takes: two for wide characters (Chinese), none for
// combining ones and for escape sequences of colours. A byte that is no UTF-8 takes one.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

// `text` in lines of at most `width` (> 0) columns, broken at spaces and beside wide characters,
// but not before a sign that ends something ("。") nor behind one that begins it ("（"); a word
// that is longer is broken where it must be. At least one line.
[[nodiscard]] std::vector<std::string> WrapText(std::string_view text, std::size_t width);

// Columns are padded to their widest cell. A cell may have several lines.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // `width` > 0: cells are wrapped, the widest columns first, until a line has at most that many
  // columns or every column is down to kLeastColumn. No word is broken where that helps without,
  // and of the first column, whose names are copied, none where the others can give.
  [[nodiscard]] std::string Render(std::size_t width = 0) const;

  // What Render puts where: the width of each column; of each row, header first, and each of its
  // cells the lines.
  struct Layout {
    std::vector<std::size_t> widths;
    std::vector<std::vector<std::vector<std::string>>> rows;
  };
  [[nodiscard]] Layout LayOut(std::size_t width = 0) const;

  static constexpr std::size_t kLeastColumn = 12;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace strata
