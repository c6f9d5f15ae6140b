#include "advisor/report/html.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HtmlTest, ATextIsThereInBothLanguagesOnceEach) {
  EXPECT_EQ(HtmlText({"two", "二"}), "<span lang=\"en\">two</span><span lang=\"zh\">二</span>");
  EXPECT_EQ(HtmlText({"KVM", ""}), "KVM");
  EXPECT_EQ(HtmlText({"", "二"}), "二");
}

TEST(HtmlTest, ASectionIsATableUnderItsHeadingWithWhatIsSaidOfIt) {
  const Section section{.id = "things",
                        .title = {"things", "事"},
                        .columns = {{"name", {"name", "名称"}}, {"size", {}}},
                        .rows = {{WordCell("a"), NumberCell(2.5, "MB")},
                                 {WordCell("b"), {{"no", "否"}, false}},
                                 {WordCell("c"), NoCell()},
                                 {WordCell("d"), {{"false", ""}, false}},
                                 {WordCell("e"), WordCell("no: 3 vs 2")},
                                 {WordCell("f"), WordCell("no such thing")}},
                        .text = "a: <b>\n  - c\n",
                        .notes = {{"a note", ""}},
                        .sources = {"001 §3.2", "002 A§2"}};
  const std::string html = HtmlSection(section, "x-things", 4);
  EXPECT_THAT(html, HasSubstr("<h4 id=\"x-things\"><span lang=\"en\">things</span>"));
  EXPECT_THAT(html, HasSubstr("<table aria-labelledby=\"x-things\">"));
  EXPECT_THAT(html, HasSubstr("</span></th><td></td></tr></thead>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">a</th><td class=\"number\">2.5 MB</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"no\">"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">c</th><td>–</td>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">d</th><td>false</td>")) << "no verdict";
  EXPECT_THAT(html, HasSubstr("<td class=\"no\">no: 3 vs 2</td>")) << "a verdict with its reason";
  EXPECT_THAT(html, HasSubstr("<td>no such thing</td>")) << "and no other text";
  EXPECT_THAT(html, HasSubstr("<pre>a: &lt;b&gt;\n  - c\n</pre>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"note\">a note</p>"));
  EXPECT_THAT(html, HasSubstr("001 §3.2; 002 A§2</p>"));
}

// The tags of a page, without what is between them.
std::string TagsOf(std::string_view html) {
  std::string tags;
  bool inside = false;
  for (const char c : html) {
    inside = inside || c == '<';
    if (inside) tags += c;
    if (c == '>') inside = false;
  }
  return tags;
}

// A section that has `text` wherever there can be one.
Section Everywhere(const std::string& text) {
  return {.id = "s",
          .title = {text, text + "2"},
          .columns = {{"a", {text, ""}}, {"b", {text, text + "2"}}},
          .rows = {{WordCell(text), TextCell({text, text + "2"})}},
          .plot = BarPlot{{text, text + "2"}, {{{text, ""}, 0, 1}}},
          .notes = {{text, ""}},
          .sources = {text}};
}

TEST(HtmlTest, NoTextEverBecomesMarkup) {
  const std::vector<std::string_view> pieces = {
      "<",     ">",  "&",    "\"", "'",           "</", "--",   "script", "]]>",
      "style", "\n", "\x01", "=",  "javascript:", "&#", "<!--", "</td>",  "é"};
  // The position of a text in a picture depends on its length only.
  const std::string tags = TagsOf(HtmlTable(Everywhere("x"), "s") +
                                  HtmlRemarks(Everywhere("x").notes, Everywhere("x").sources));
  SeededRandom random(7);
  for (int i = 0; i < 500; ++i) {
    std::string text = "x";
    for (int n = 0; n < 8; ++n) text += pieces[random.Below(pieces.size())];
    const Section section = Everywhere(text);
    EXPECT_EQ(TagsOf(HtmlTable(section, "s") + HtmlRemarks(section.notes, section.sources)), tags)
        << text;
    const std::string plot = TagsOf(HtmlPlot(section, "s"));
    for (const std::string_view piece : {"script", "style", "<td", "<!--", "javascript", "\x01"}) {
      EXPECT_THAT(plot, Not(HasSubstr(std::string(piece)))) << text;
    }
  }
}

}  // namespace
}  // namespace strata::advisor
