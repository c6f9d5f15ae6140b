// api/handlers/advisor_form.h - in which form an answer of the advisor is sent: ?format= says, else
// what the client accepts, else JSON (HTML of the page).
//
// Threads: pure functions, but for the picture of a graph: Graphviz draws it
// (inventory/graphviz.h), which blocks its thread. Tested by api/handlers/advisor_form_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/graph/graph.h"
#include "advisor/page/page.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::api {

enum class Form : std::uint8_t {
  kJson,
  kYaml,
  kTable,
  kMarkdown,
  kCsv,
  kSvg,
  kMermaid,
  kDot,
  kJsonLd,
  kGraphMl,
  kHtml,
};

// What an answer is, which decides the forms that it has: reports those up to kSvg, graphs all; an
// installation is a graph whose labels others chose, so Graphviz is not let near it here: no kSvg.
// A manifest is JSON or YAML, the page HTML.
enum class Subject : std::uint8_t { kReport, kGraph, kInstallation, kManifest, kPage };

// An answer of the advisor: a report, with the graph that it is about where it is about one; or a
// manifest; or all that the page is made of.
struct AdvisorAnswer {
  advisor::Report report;
  std::optional<advisor::Graph> graph;
  std::optional<Json> manifest;
  std::optional<advisor::PageInput> page;
};

// "json", "yaml", "table", "markdown", "csv", "svg"; "mermaid", "dot", "jsonld", "graphml"; "html".
// kInvalidArgument: there is no such form of it.
Result<Form> FormOf(std::string_view name, Subject of);

// What an Accept header asks for most, of equals what it names first; nothing: none of ours.
std::optional<Form> AcceptedForm(std::string_view accept, Subject of);

// What is sent to whoever asks for nothing: JSON, where there is any.
Form DefaultForm(Subject of) noexcept;

// The media type, with its charset.
std::string_view MediaTypeOf(Form form) noexcept;

// `form` is one that it has. kFailedPrecondition: a picture of a graph, and Graphviz is not
// installed.
Result<std::string> Render(const AdvisorAnswer& answer, Form form, advisor::Language language);

}  // namespace strata::api
