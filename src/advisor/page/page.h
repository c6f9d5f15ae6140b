// advisor/page/page.h - `strata report`: matrices, models, decisions, graph, roadmap and what was
// measured here as one HTML page.
//
//   facts, models, record, pictures of diagrams --> [ MakePage ] --> one file, to look at or print
//
// The page needs nothing but itself: no script, font, picture or address. Its policy
// (Content-Security-Policy) allows its own style sheet and forbids everything else. Language, theme
// and what the matrices show are chosen by radio buttons that only the style sheet looks at, so
// they work where scripts do not. All text is escaped (report/html.h): a record is not trusted.
//
// Threads: pure functions. Tested by page_test.cc and, in Chromium, by tests/e2e/page_test.mjs.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "advisor/graph/layout.h"
#include "advisor/report/text.h"
#include "measure/record.h"

namespace strata::advisor {

// A diagram as Graphviz drew it, in both languages: an SVG document.
struct Picture {
  std::string english;
  std::string chinese;
};

struct PageInput {
  Language language = Language::kEnglish;  // the one that is shown at first
  measure::Record record;                  // what was measured here; may be empty
  // Of diagrams, by their ids. Others are shown as lists.
  std::map<std::string, Picture> pictures;
  Layout whole;  // of WholeGraph(); without places it is a list
};

// The file's first characters, by which a page of ours is known.
inline constexpr std::string_view kPageBegins = "<!doctype html>\n<!-- made by strata report -->\n";

std::string MakePage(const PageInput& input);

}  // namespace strata::advisor
