#include "api/handlers/advisor_answers.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "advisor/compare/compare.h"
#include "advisor/graph/answers.h"
#include "advisor/graph/glossary.h"
#include "advisor/measured/report.h"
#include "advisor/models/report.h"
#include "advisor/models/run.h"
#include "advisor/recommend/recommend.h"
#include "advisor/roadmap.h"
#include "advisor/versions.h"
#include "base/text/strings.h"
#include "inventory/features.h"
#include "inventory/page_pictures.h"

namespace strata::api {
namespace {

using Answered = Result<AdvisorAnswer>;

Answered Of(advisor::Report report) { return AdvisorAnswer{.report = std::move(report)}; }

Answered Of(Result<advisor::Report> report) {
  if (!report) return std::unexpected(std::move(report).error());
  return Of(std::move(*report));
}

Answered Of(advisor::GraphAnswer answer) {
  return AdvisorAnswer{.report = std::move(answer.report), .graph = std::move(answer.graph)};
}

Answered Of(Result<advisor::GraphAnswer> answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  return Of(std::move(*answer));
}

// A variable of the path.
const std::string& Named(const AdvisorRequest& request, const char* variable) {
  return request.parameters.variables.at(variable);
}

Result<std::string> Required(const AdvisorRequest& request, const char* name) {
  std::string value = request.parameters.Text(name);
  if (value.empty()) {
    return Fail(Errc::kInvalidArgument, std::string("query parameter ") + name + " is missing");
  }
  return value;
}

// --- comparing

Answered CompareThem(const AdvisorRequest& request) {
  return Of(advisor::Compare({.subjects = request.parameters.List("subject"),
                              .dimensions = request.parameters.List("dimension"),
                              .record = request.record}));
}

Answered ShowDomain(const AdvisorRequest& request) {
  return Of(advisor::CompareDomain(Named(request, "domain"), request.record));
}

Answered ShowMapping(const AdvisorRequest& request) {
  return Of(advisor::CompareMapping(Named(request, "mapping")));
}

Answered AlignAll(const AdvisorRequest&) { return Of(advisor::Align("")); }

Answered AlignIt(const AdvisorRequest& request) {
  return Of(advisor::Align(Named(request, "concept")));
}

// --- recommending

Result<advisor::RecommendQuestion> RecommendQuestionOf(const Parameters& asked) {
  advisor::RecommendQuestion question;
  for (const std::string& each : asked.List("set")) {
    if (auto said = question.about.Say(each); !said) return std::unexpected(said.error());
  }
  question.needs = asked.List("need");
  question.devices = asked.List("device");
  question.features = asked.List("kernel");
  question.weights = asked.Text("weights");
  question.name = asked.Text("name", question.name);
  question.artifact = asked.Text("artifact");
  return question;
}

Result<advisor::Recommendation> Recommended(const AdvisorRequest& request) {
  auto question = RecommendQuestionOf(request.parameters);
  if (!question) return std::unexpected(std::move(question).error());
  question->record = request.record;
  return advisor::Recommend(*question);
}

Answered RecommendOne(const AdvisorRequest& request) {
  auto recommended = Recommended(request);
  if (!recommended) return std::unexpected(std::move(recommended).error());
  return Of(std::move(recommended->report));
}

Answered RecommendManifest(const AdvisorRequest& request) {
  auto recommended = Recommended(request);
  if (!recommended) return std::unexpected(std::move(recommended).error());
  return AdvisorAnswer{.manifest = std::move(recommended->manifest)};
}

Answered ShowCase(const AdvisorRequest& request) {
  return Of(advisor::LikeCase(Named(request, "case"), request.record));
}

// --- models

Answered ListModels(const AdvisorRequest&) { return Of(advisor::models::ListModels()); }

Answered AskModel(const AdvisorRequest& request) {
  const Parameters& asked = request.parameters;
  advisor::models::Question question{.model = Named(request, "model"), .set = asked.List("set")};
  const auto draws = asked.Number("draws", question.draws, kMostApiDraws);
  if (!draws) return std::unexpected(draws.error());
  const auto seed = asked.Number("seed", question.seed, std::numeric_limits<std::int64_t>::max());
  if (!seed) return std::unexpected(seed.error());
  question.draws = static_cast<std::uint32_t>(*draws);
  question.seed = *seed;
  question.of = asked.Text("of");
  if (const std::string spread = asked.Text("spread"); !spread.empty()) {
    const auto number = ReadNumber(spread, 1);
    if (!number) {
      return Fail(Errc::kInvalidArgument, "query parameter spread must be a share from 0 to 1");
    }
    question.spread = *number;
  }
  const auto run = advisor::models::Ask(question);
  if (!run) return std::unexpected(run.error());
  return Of(advisor::models::ReportOf(*run, request.record));
}

// --- what was measured

Answered ShowMeasured(const AdvisorRequest& request) {
  return Of(advisor::MeasuredReport(request.record));
}

Answered ShowDrift(const AdvisorRequest& request) {
  return Of(advisor::DriftReport(request.earlier, request.record));
}

Answered ShowPage(const AdvisorRequest& request) {
  advisor::PageInput page{.record = request.record};
  if (auto drawn = inventory::DrawForPage(page); !drawn) {
    return std::unexpected(std::move(drawn).error());
  }
  return AdvisorAnswer{.page = std::move(page)};
}

// --- the graph

Answered ShowGraph(const AdvisorRequest&) { return Of(advisor::Overview()); }

Answered ListNodes(const AdvisorRequest& request) {
  return Of(advisor::Entities(request.parameters.Text("type")));
}

Answered ShowDiagram(const AdvisorRequest& request) {
  return Of(advisor::Diagram(Named(request, "diagram")));
}

Answered ShowLayer(const AdvisorRequest& request) {
  return Of(advisor::Layer(Named(request, "layer")));
}

Answered ShowNeighbours(const AdvisorRequest& request) {
  return Of(advisor::Neighbours(Named(request, "node")));
}

Answered FindPath(const AdvisorRequest& request) {
  const auto from = Required(request, "from");
  if (!from) return std::unexpected(from.error());
  const auto to = Required(request, "to");
  if (!to) return std::unexpected(to.error());
  return Of(advisor::Path(*from, *to));
}

Answered AskWhy(const AdvisorRequest& request) {
  const auto from = Required(request, "from");
  if (!from) return std::unexpected(from.error());
  const auto to = Required(request, "to");
  if (!to) return std::unexpected(to.error());
  const auto relation = Required(request, "relation");
  if (!relation) return std::unexpected(relation.error());
  return Of(advisor::Why(*from, *relation, *to));
}

Answered LookUp(const AdvisorRequest& request) {
  return Of(advisor::Glossary(request.parameters.Text("term")));
}

Answered ShowLearning(const AdvisorRequest& request) {
  return Of(advisor::Learning(request.parameters.Text("path"), request.parameters.List("know")));
}

Answered ListDocuments(const AdvisorRequest& request) {
  return Of(advisor::Documents(request.parameters.Text("goal")));
}

Answered ShowSystem(const AdvisorRequest& request) {
  const auto level = advisor::ParseC4Level(request.parameters.Text("level", "container"));
  if (!level) return std::unexpected(level.error());
  return Of(advisor::SystemAnswer(*request.installation, *level));
}

// --- versions and dates

Answered ShowVersions(const AdvisorRequest&) {
  return Of(advisor::Versions(inventory::FindHere()));
}

Answered ShowRoadmap(const AdvisorRequest& request) {
  return Of(advisor::Roadmap(request.parameters.List("part"), request.installation));
}

}  // namespace

std::span<const AdvisorOperation> AdvisorOperations() {
  constexpr Subject kGraph = Subject::kGraph;
  constexpr Subject kReport = Subject::kReport;
  const std::vector<std::string_view> of_workload = {"set",     "need", "device",  "kernel",
                                                     "weights", "name", "artifact"};
  static const std::vector<AdvisorOperation> operations = {
      {"compare",
       kReport,
       {"subject", "dimension"},
       CompareThem,
       /*installation=*/false,
       /*record=*/true},
      {"domains/{domain}", kReport, {}, ShowDomain, /*installation=*/false, /*record=*/true},
      {"mappings/{mapping}", kReport, {}, ShowMapping},
      {"align", kReport, {}, AlignAll},
      {"align/{concept}", kReport, {}, AlignIt},
      {"recommend", kReport, of_workload, RecommendOne, /*installation=*/false, /*record=*/true},
      {"recommend/manifest", Subject::kManifest, of_workload, RecommendManifest},
      {"cases/{case}", kReport, {}, ShowCase, /*installation=*/false, /*record=*/true},
      {"models", kReport, {}, ListModels},
      {.path = "models/{model}",
       .parameters = {"set", "of", "spread", "draws", "seed"},
       .answer = AskModel,
       .record = true,
       .slow = true},
      {"measured", kReport, {}, ShowMeasured, /*installation=*/false, /*record=*/true},
      {.path = "drift",
       .parameters = {},
       .answer = ShowDrift,
       .record = true,
       .slow = true,
       .earlier = true},
      {.path = "report",
       .subject = Subject::kPage,
       .parameters = {},
       .answer = ShowPage,
       .record = true,
       .slow = true},
      {"graph", kGraph, {}, ShowGraph},
      {"graph/nodes", kGraph, {"type"}, ListNodes},
      {"graph/diagrams/{diagram}", kGraph, {}, ShowDiagram},
      {"graph/layers/{layer}", kGraph, {}, ShowLayer},
      {"graph/nodes/{node}", kGraph, {}, ShowNeighbours},
      {"graph/path", kGraph, {"from", "to"}, FindPath},
      {"graph/why", kGraph, {"from", "relation", "to"}, AskWhy},
      {"graph/terms", kReport, {"term"}, LookUp},
      {"graph/learning", kReport, {"path", "know"}, ShowLearning},
      {"graph/documents", kReport, {"goal"}, ListDocuments},
      {"system", Subject::kInstallation, {"level"}, ShowSystem, /*installation=*/true},
      {.path = "versions", .parameters = {}, .answer = ShowVersions, .slow = true},
      {"roadmap", kReport, {"part", "system"}, ShowRoadmap},
  };
  return operations;
}

}  // namespace strata::api
