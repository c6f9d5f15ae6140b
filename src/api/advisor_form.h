// api/advisor_form.h - in which form an answer of the advisor is sent: ?format= says, else what the
// client accepts, else JSON.
//
// Threads: pure functions. Tested by api/advisor_form_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/graph/graph.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/result.h"

namespace strata::api {

// An answer of the advisor, and the graph that it is about where it is about one.
struct AdvisorAnswer {
  advisor::Report report;
  std::optional<advisor::Graph> graph;
};

// Reports have the first five, graphs all but kSvg: their picture is drawn by Graphviz, which is
// not run here.
enum class Form : std::uint8_t {
  kJson,
  kTable,
  kMarkdown,
  kCsv,
  kSvg,
  kMermaid,
  kDot,
  kJsonLd,
  kGraphMl,
};

enum class Subject : std::uint8_t { kReport, kGraph };

// "json", "table", "markdown", "csv", "svg"; "mermaid", "dot", "jsonld", "graphml".
// kInvalidArgument: there is no such form of it.
Result<Form> FormOf(std::string_view name, Subject of);

// What an Accept header asks for most, of equals what it names first; nothing: none of ours.
std::optional<Form> AcceptedForm(std::string_view accept, Subject of);

// The media type, with its charset.
std::string_view MediaTypeOf(Form form) noexcept;

// `form` is one that it has.
std::string Render(const AdvisorAnswer& answer, Form form, advisor::Language language);

}  // namespace strata::api
