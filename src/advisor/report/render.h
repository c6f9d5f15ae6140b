// advisor/report/render.h - a report as text for people (table, markdown), for spreadsheets (csv)
// and as a picture (svg). JSON and YAML are those of ToJson (report.h).
//
//   Report --> [ Render... ] --> apps/strata/report.h, api/handlers/advisor_form.h
//
// Threads:  pure functions. Errors: none: a report that was made can be shown in each form.
// Tested by render_test.cc.
#pragma once

#include <cstddef>
#include <string>

#include "advisor/report/report.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// Aligned columns under titles, plots in characters. Cells are wrapped so that no line is longer
// than `width` columns of a terminal, where that leaves room for words; 0: never wrapped.
std::string RenderTable(const Report& report, Language language, std::size_t width = 0);

// CommonMark with GitHub's tables.
std::string RenderMarkdown(const Report& report, Language language);

// RFC 4180, with '\n' as line end. Of several sections each begins with a line of its title alone,
// and an empty line is between them. Texts, notes, sources and plots are left out.
std::string RenderCsv(const Report& report, Language language);

// One picture of all sections, below each other.
std::string RenderSvg(const Report& report, Language language);

}  // namespace strata::advisor
