// advisor/compare/measured.h - claims of the documents beside what `strata measure` found on this
// host, by the judge that it has itself (measured/claimed.h).
//
//   the facts, measure::Record --> [ Measured ] --> compare, recommend, the page
//
// By the rows' own references to facts (measure/rows.h, claims.h), so a claim is never held against
// another quantity. Nothing here decides anything: claims are not figures.
//
// Threads:  pure functions. Errors: none; what was not measured is said to be. Tested by
//           compare_test.cc.
#pragma once

#include <string>
#include <vector>

#include "advisor/compare/subjects.h"
#include "advisor/report/report.h"
#include "measure/record.h"

namespace strata::advisor {

// What to say where there is nothing to show.
inline const Text kHowToMeasure{
    "Nothing of this was measured here: 'strata measure' on the server's host does, and the server "
    "keeps what it finds.",
    "本机尚无相关测量：在服务器所在主机运行 strata measure 即可，结果由服务器保存。"};

// A row for each class of a subject, measured row and document that claims something of it: of a
// technology what is claimed of that alone. What nobody claims anything of is shown where it
// belongs to one of `dimensions` (ids of matrices); without these, what is claimed is. With them
// claims of other matrices stay away. Without rows when the record has none of the classes.
Section MeasuredSection(const std::vector<Subject>& subjects, const measure::Record& record,
                        const std::vector<std::string>& dimensions = {});

}  // namespace strata::advisor
