// advisor/report/testing.h - what tests of reports share; for tests only, no library includes it.
//
// The example has what each form must escape, a text in one language only, and a number with a
// unit.
// Threads:  pure.
#pragma once

#include <algorithm>
#include <string_view>

#include "advisor/report/report.h"

namespace strata::advisor {

// Two rows with what forms have to escape, in both languages where there are two.
inline Report ExampleReport() {
  return {.id = "example",
          .title = {"two things", "两件事"},
          .sections = {{.id = "things",
                        .title = {"things", "事"},
                        .columns = {{"name", {"name", "名称"}}, {"size", {"size", "大小"}}},
                        .rows = {{TextCell({"a|b <c>", "网格"}), NumberCell(2.5, "MB")},
                                 {WordCell("say \"x\", y"), NoCell()}},
                        .notes = {{"a note", ""}},
                        .sources = {"001 §3.2", "002 A§2"}}}};
}

// The section of that id; nullptr: there is none.
inline const Section* FindSection(const Report& report, std::string_view id) {
  const auto found = std::ranges::find(report.sections, id, &Section::id);
  return found == report.sections.end() ? nullptr : &*found;
}

}  // namespace strata::advisor
