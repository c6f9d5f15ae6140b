// advisor/report/report.h - the one kind of answer that the advisor gives: sections of rows under
// columns, with notes, sources and plots, in both languages.
//
//   compare, recommend, models, graph, ... --> [ Report ] --> report/render.h, ToJson, page/
//
// Ids and keys are for programs, and part of the command's interface; texts are for people, and not
// escaped yet.
//
// Threads:  values. Errors: none. Tested by report_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {

// What a row has under one column. `value` is what programs get: null stands for the text.
struct Cell {
  Text text;
  Json value;
};

// A text in both languages; a word that is the same in both; a number, with a unit {"value",
// "unit"} for programs; nothing, which is also what NaN and infinities are.
Cell TextCell(Text text);
Cell WordCell(std::string_view word);
Cell NumberCell(double number, std::string_view unit = "");
Cell NoCell();

// Six significant digits, without an exponent where it can be; "-" for what is no number.
std::string Figure(double number);

struct Column {
  std::string key;  // of the row's member in JSON, snake_case
  Text label;
};

struct Point {
  double x = 0;
  double y = 0;
};

struct Line {
  Text label;
  std::vector<Point> points;  // in the order in which they are joined
};

struct LinePlot {
  Text x;
  Text y;
  std::vector<Line> lines;
};

// From `from` to `to`: a histogram's bars begin at 0, a tornado's on one side of its base.
struct Bar {
  Text label;
  double from = 0;
  double to = 0;
};

struct BarPlot {
  Text x;  // what the bars' length is
  std::vector<Bar> bars;
  std::optional<double> base;  // what is marked: a tornado's figure as it is
};

// How often draws came between `from` and `to`, in bars of one width.
struct HistogramPlot {
  Text x;  // what was drawn
  double from = 0;
  double to = 0;               // `from`: all draws are the same
  std::vector<double> counts;  // at least one
  std::optional<double> base;
};

// From `from` to `to`; an end that is open is 0 or infinite.
struct Extent {
  double from = 0;
  double to = 0;
};

// What is claimed beside what was measured.
struct Beside {
  Text label;
  Extent claimed;
  double value = 0;  // measured; what is not above 0 is not drawn
  Extent interval;   // of that
};

// On a scale of powers of ten.
struct IntervalPlot {
  Text x;
  std::vector<Beside> rows;
};

using Plot = std::variant<LinePlot, BarPlot, HistogramPlot, IntervalPlot>;

// A table and what belongs to it. Without columns it is its text, its plot and its notes.
struct Section {
  std::string id;  // snake_case, one of a kind in its report
  Text title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as `columns`
  std::string text;                     // in lines, for programs: shown as it is, not wrapped
  std::optional<Plot> plot;
  std::vector<Text> notes;
  std::vector<std::string> sources;  // "001 §3.2": document and section
};

struct Report {
  std::string id;  // of what was asked: "compare", "model"
  Text title;
  std::vector<Section> sections;
  std::vector<Text> notes;
  std::vector<std::string> sources;
};

// {"id", "title", "language", "sections": [{"id", "title", "columns": [{"key", "label"}], "rows":
// [{KEY: value}], "text"?, "plot"?, "notes", "sources"}], "notes", "sources"}. A plot is {"kind":
// "lines", "x", "y", "lines": [{"label", "points": [[x, y]]}]} or {"kind": "bars", "x", "bars":
// [{"label", "from", "to"}], "base"?} or {"kind": "histogram", "x", "from", "to", "counts",
// "base"?} or {"kind": "intervals", "x", "rows": [{"label", "claimed": [from, to], "value",
// "interval": [from, to]}]}, where an open end is null.
Json ToJson(const Report& report, Language language);

}  // namespace strata::advisor
