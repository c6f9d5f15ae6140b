// advisor/report/plot.h - a report's plots, in characters for a terminal and as part of a picture.
//
//   Section::plot --> render.cc, html.cc --> [ PlotAsText, DrawPlot ] --> text, SVG (svg.h)
//
// Threads:  pure functions. Errors: none. Tested by render_test.cc.
#pragma once

#include <string>

#include "advisor/report/report.h"
#include "advisor/report/svg.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// Lines that end in '\n'; points that are no numbers are left out.
std::string PlotAsText(const Plot& plot, Language language);

// Below what `page` has, in its languages.
void DrawPlot(const Plot& plot, SvgPage& page);

}  // namespace strata::advisor
