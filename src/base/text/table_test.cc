#include "base/text/table.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(TableTest, WideCharactersTakeTwoColumnsAndColoursNone) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("虚拟化"), 6U);
  EXPECT_EQ(DisplayWidth("（100-500ms）"), 13U) << "full-width brackets";
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U) << "a combining accent";
  EXPECT_EQ(DisplayWidth("\x1b[32mok\x1b[0m"), 2U);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2U) << "no UTF-8";
  EXPECT_EQ(DisplayWidth("\x1b[3"), 0U) << "a colour that does not end";
}

TEST(TableTest, ColumnsAreAlignedAlsoBesideChinese) {
  Table table({"NAME", "VALUE"});
  table.Add({"沙盒化", "1"});
  table.Add({"wasm", "2"});
  EXPECT_EQ(table.Render(),
            "NAME     VALUE\n"
            "沙盒化   1\n"
            "wasm     2\n");
}

TEST(TableTest, TextIsWrappedAtSpacesAndBesideWideCharacters) {
  EXPECT_EQ(WrapText("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(WrapText("面向基于栈", 5), (std::vector<std::string>{"面向", "基于", "栈"}));
  EXPECT_EQ(WrapText("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
  EXPECT_EQ(WrapText("", 3), (std::vector<std::string>{""}));
  EXPECT_EQ(WrapText("a\nb", 9), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(WrapText("宽", 1), (std::vector<std::string>{"宽"})) << "nothing is lost";
}

TEST(TableTest, OnlyWhatIsTooWideIsWrapped) {
  Table table({"KEY", "TEXT"});
  table.Add({"  a", "the quick brown fox jumps over"});
  EXPECT_EQ(table.Render(26),
            "KEY   TEXT\n"
            "  a   the quick brown fox\n"
            "      jumps over\n");
  EXPECT_EQ(table.Render(),
            "KEY   TEXT\n"
            "  a   the quick brown fox jumps over\n");
}

TEST(TableTest, NoLineBeginsWithWhatEndsSomethingNorEndsWithWhatBeginsIt) {
  EXPECT_EQ(WrapText("单个实例。另一个", 8),
            (std::vector<std::string>{"单个实", "例。另一", "个"}));
  EXPECT_EQ(WrapText("一二（三四）五", 6), (std::vector<std::string>{"一二", "（三", "四）五"}));
  EXPECT_EQ(WrapText("一）。二", 4), (std::vector<std::string>{"一）", "。二"})) << "it has to";
}

TEST(TableTest, AWordIsBrokenOnlyWhereNothingElseHelps) {
  Table table({"NAME", "TEXT"});
  table.Add({"information_architecture", "the quick brown fox jumps over the lazy dog"});
  const Table::Layout roomy = table.LayOut(50);
  EXPECT_EQ(roomy.widths, (std::vector<std::size_t>{24, 23}));
  EXPECT_EQ(table.LayOut(39).widths, (std::vector<std::size_t>{24, 12}));
  EXPECT_EQ(table.LayOut(30).widths, (std::vector<std::size_t>{15, 12}));
  Table words({"A", "B"});
  words.Add({"a name", "containerization virtualization containerization of it all"});
  EXPECT_EQ(words.LayOut(40).widths.back(), 31U);
  EXPECT_EQ(words.LayOut(32).widths, (std::vector<std::size_t>{6, 23}));
}

TEST(TableTest, ColumnsKeepRoomForAWord) {
  Table table({"A", "B"});
  table.Add({std::string(40, 'a'), std::string(40, 'b')});
  const Table::Layout layout = table.LayOut(10);
  EXPECT_EQ(layout.widths, (std::vector<std::size_t>{Table::kLeastColumn, Table::kLeastColumn}));
}

}  // namespace
}  // namespace strata
