#include "keeper/pools/backlog.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace strata::keeper {
namespace {

Printed Line(std::string text, std::string name = "web") {
  return {.name = std::move(name),
          .sandbox = "web-0-1",
          .sandbox_class = "container",
          .stream = "stdout",
          .text = std::move(text)};
}

TEST(BacklogTest, GivesLinesBackOnceAndInOrder) {
  Backlog backlog;
  backlog.Add(Line("one"));
  backlog.Add(Line("two"));
  const auto lines = backlog.Take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "one");
  EXPECT_EQ(lines[1].text, "two");
  EXPECT_TRUE(backlog.Take().empty());
}

TEST(BacklogTest, KeepsTheLastLinesAndSaysHowManyAreLost) {
  Backlog backlog;
  backlog.Add(Line("other", "db"));
  for (std::size_t i = 0; i < Backlog::kMostLines + 2; ++i) backlog.Add(Line(std::to_string(i)));
  const auto lines = backlog.Take();
  ASSERT_EQ(lines.size(), Backlog::kMostLines + 2);
  EXPECT_EQ(lines[0].name, "db");
  EXPECT_TRUE(lines[0].text.starts_with("1 lines")) << lines[0].text;
  EXPECT_EQ(lines[0].stream, "host");
  EXPECT_TRUE(lines[1].text.starts_with("2 lines")) << lines[1].text;
  EXPECT_EQ(lines[2].text, "2");
  EXPECT_TRUE(backlog.Take().empty());
}

TEST(BacklogTest, IsBoundedInBytesToo) {
  Backlog backlog;
  const std::string half(Backlog::kMostBytes.count / 2, 'x');
  for (int i = 0; i < 3; ++i) backlog.Add(Line(half));
  const auto lines = backlog.Take();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].text.starts_with("1 lines"));
}

}  // namespace
}  // namespace strata::keeper
