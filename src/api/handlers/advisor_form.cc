#include "api/handlers/advisor_form.h"

#include <algorithm>
#include <array>
#include <vector>

#include "advisor/graph/export.h"
#include "advisor/report/render.h"
#include "base/text/strings.h"
#include "http/parse/ascii.h"
#include "inventory/graphviz.h"
#include "model/manifest/yaml_writer.h"

namespace strata::api {
namespace {

constexpr unsigned BitOf(Subject subject) { return 1U << static_cast<unsigned>(subject); }
constexpr unsigned kGraphs = BitOf(Subject::kGraph) | BitOf(Subject::kInstallation);
constexpr unsigned kReports = BitOf(Subject::kReport) | kGraphs;
constexpr unsigned kAll = BitOf(Subject::kManifest) | kReports;

struct Known {
  Form form;
  std::string_view name;
  std::string_view type;  // what is accepted is compared with it up to the ';'
  unsigned of;            // the subjects that have it
};
constexpr std::array<Known, 11> kForms{
    {{Form::kJson, "json", "application/json", kAll},
     {Form::kYaml, "yaml", "application/yaml", kAll},
     {Form::kTable, "table", "text/plain; charset=utf-8", kReports},
     {Form::kMarkdown, "markdown", "text/markdown; charset=utf-8", kReports},
     {Form::kCsv, "csv", "text/csv; charset=utf-8", kReports},
     {Form::kSvg, "svg", "image/svg+xml", BitOf(Subject::kReport) | BitOf(Subject::kGraph)},
     {Form::kMermaid, "mermaid", "text/vnd.mermaid; charset=utf-8", kGraphs},
     {Form::kDot, "dot", "text/vnd.graphviz; charset=utf-8", kGraphs},
     {Form::kJsonLd, "jsonld", "application/ld+json", kGraphs},
     {Form::kGraphMl, "graphml", "application/graphml+xml", kGraphs},
     {Form::kHtml, "html", "text/html; charset=utf-8", BitOf(Subject::kPage)}}};

bool Has(const Known& form, Subject of) { return (form.of & BitOf(of)) != 0; }

// Up to the first `end`, which is taken off `rest` with it.
std::string_view Next(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = http::TrimSpace(rest.substr(0, at));
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

bool Matches(std::string_view range, std::string_view type) {
  type = type.substr(0, type.find(';'));
  if (range == "*/*" || range == type) return true;
  return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
}

// Of a range without a weight, or with one that is none: 1.
double WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view each = Next(parameters, ';');
    if (each.starts_with("q=")) return ReadNumber(each.substr(2), 1).value_or(1);
  }
  return 1;
}

}  // namespace

Result<Form> FormOf(std::string_view name, Subject of) {
  std::vector<std::string_view> names;
  for (const Known& each : kForms) {
    if (!Has(each, of)) continue;
    if (each.name == name) return each.form;
    names.push_back(each.name);
  }
  std::string message = "query parameter format: there is no '" + EscapeControl(name) + "'" +
                        DidYouMean(name, names) + " (";
  for (const std::string_view each : names) {
    message += (each == names.front() ? "" : ", ") + std::string(each);
  }
  return Fail(Errc::kInvalidArgument, message + ")");
}

std::optional<Form> AcceptedForm(std::string_view accept, Subject of) {
  std::optional<Form> best;
  double most = 0;
  while (!accept.empty()) {
    std::string_view parameters = Next(accept, ',');
    const std::string range = Lower(Next(parameters, ';'));
    const double weight = WeightOf(parameters);
    if (weight <= most) continue;
    const auto found = std::ranges::find_if(
        kForms, [&](const Known& each) { return Has(each, of) && Matches(range, each.type); });
    if (found == kForms.end()) continue;
    best = found->form;
    most = weight;
  }
  return best;
}

Form DefaultForm(Subject of) noexcept { return of == Subject::kPage ? Form::kHtml : Form::kJson; }

std::string_view MediaTypeOf(Form form) noexcept {
  return std::ranges::find(kForms, form, &Known::form)->type;
}

Result<std::string> Render(const AdvisorAnswer& answer, Form form, advisor::Language language) {
  const auto value = [&] {
    return answer.manifest ? *answer.manifest : advisor::ToJson(answer.report, language);
  };
  switch (form) {
    case Form::kJson:
      return DumpJson(value()) + "\n";
    case Form::kYaml:
      return model::ToYaml(value());
    case Form::kTable:
      return advisor::RenderTable(answer.report, language);
    case Form::kMarkdown:
      return advisor::RenderMarkdown(answer.report, language);
    case Form::kCsv:
      return advisor::RenderCsv(answer.report, language);
    case Form::kSvg:
      if (!answer.graph) return advisor::RenderSvg(answer.report, language);
      return inventory::DrawWithGraphviz(advisor::ToDot(*answer.graph, language));
    case Form::kMermaid:
      return advisor::ToMermaid(*answer.graph, language);
    case Form::kDot:
      return advisor::ToDot(*answer.graph, language);
    case Form::kJsonLd:
      return DumpJson(advisor::ToJsonLd(*answer.graph)) + "\n";
    case Form::kGraphMl:
      return advisor::ToGraphMl(*answer.graph);
    case Form::kHtml:
      break;
  }
  advisor::PageInput page = *answer.page;
  page.language = language;
  return advisor::MakePage(page);
}

}  // namespace strata::api
