// advisor/report/kinds.h - the words by which the facts and ours say of which kind something is
// ("kernel_feature", "weighted_sum") and how it is related ("depends_on"), in Chinese. In English
// they stay as they are: they are asked for by them.
//
//   facts (kind, type, layer) --> [ KindCell ] --> a report
//
// Threads: pure functions. Tested by kinds_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "advisor/report/report.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// Without Chinese: it is a word of none of the lists.
Text KindText(std::string_view kind);
Cell KindCell(std::string_view kind);

// "depends on" of "depends_on".
std::string WordsOf(std::string_view id);
// The same in both languages; of the words themselves, too.
Text RelationText(std::string_view relation);

}  // namespace strata::advisor
