// output.h - how results look: aligned tables for people, JSON and YAML for programs. Colours only
// on a terminal and never with NO_COLOR set.
//
//   a verb --> IsStructured: PrintValue; else Table (base/text/table.h), Paint, Print
//
// Results go to standard output, everything else to standard error, so that output can be piped.
//
// Threads:  one. Errors: a format's name; that standard output cannot be written is not looked at.
// Tested by tests/e2e/verbs_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text/json.h"
#include "base/text/table.h"

namespace strata::cli {

enum class Format : std::uint8_t {
  kTable,
  kWide,
  kJson,
  kYaml,
  kMarkdown,
  kCsv,
  kSvg,
  kMermaid,
  kDot,
  kJsonLd,
  kGraphMl,
};

// True for what programs read: the whole value goes through PrintValue.
constexpr bool IsStructured(Format format) {
  return format == Format::kJson || format == Format::kYaml;
}

// "table", "wide", "json" or "yaml"; of a report also "markdown", "csv" or "svg"; of a graph also
// "mermaid", "dot", "jsonld" or "graphml".
// kInvalidArgument: none of these; the message has the nearest.
Result<Format> ParseFormat(std::string_view name);
Result<Format> ParseReportFormat(std::string_view name);
Result<Format> ParseGraphFormat(std::string_view name);

// True when standard output is a terminal that may be coloured.
bool ColourOut();

enum class Colour : std::uint8_t { kPlain, kGreen, kYellow, kRed, kDim };
// `text` in that colour; as it is where ColourOut() is false.
std::string Paint(std::string_view text, Colour colour);

// A number with that many digits after its point; "-" for what is none.
std::string Fixed(const Json& number, int digits);

// A price: two digits after its point, and as many as show two that are not 0 where it is small.
std::string Money(const Json& number);

// "1/2 (max 10)" of an object's "scale", with "paused" behind it where it is; "-": it has none.
std::string ReadyOf(const Json& object);

// Prints `value` as JSON or YAML.
void PrintValue(const Json& value, Format format);

void Print(std::string_view text);  // to standard output

// Writes out what was printed; false, and said: it could not be. At the end of the program.
bool FinishOutput();

// "strata: ..." to standard error. What a sandbox said may be in it: of control characters only
// newlines stay.
void PrintError(std::string_view text);

}  // namespace strata::cli
