// advisor/report/html.h - sections of reports as parts of an HTML page that holds both languages.
//
//   Text --> <span lang="en">..</span><span lang="zh">..</span>   (the page's style shows one)
//
// All text is escaped here and nowhere else: what a report holds never becomes markup. There are no
// style attributes and no scripts, so a page may forbid both.
//
// Threads: pure functions. Tested by html_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// `text` as content of an element or as a quoted attribute's value; without control characters.
std::string EscapeHtml(std::string_view text);

// Both languages; where they are the same, or there is one only, just the text.
std::string HtmlText(const Text& text);

// <hLEVEL id="ID">, 2 to 6. `id` is of our own making: letters, digits and "-".
std::string HtmlHeading(int level, std::string_view id, const Text& text);

// What scrolls sideways by itself where the page is narrow, with the keyboard too. `id` is of the
// heading that names it.
std::string HtmlScroll(std::string_view id, std::string_view content);

// The section under a heading of `level` with that id: table, text, plot, notes, sources. Its own
// id is the element's class.
std::string HtmlSection(const Section& section, std::string_view id, int level);

// Its table alone, named by the heading `id`; empty: the section has no columns.
std::string HtmlTable(const Section& section, std::string_view id);

// Its plot alone, one picture with the texts of both languages; empty: it has none.
std::string HtmlPlot(const Section& section, std::string_view id);

std::string HtmlRemarks(const std::vector<Text>& notes, const std::vector<std::string>& sources);

}  // namespace strata::advisor
