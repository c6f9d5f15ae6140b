// Whether anything of the facts is shown nowhere: every question is asked, and each text and number
// of the facts looked for in the answers. Built with the page, which knows all that answers.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/compare/compare.h"
#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/graph/answers.h"
#include "advisor/graph/glossary.h"
#include "advisor/models/registry.h"
#include "advisor/models/report.h"
#include "advisor/models/run.h"
#include "advisor/recommend/recommend.h"
#include "advisor/recommend/testing.h"
#include "advisor/report/report.h"
#include "advisor/roadmap.h"
#include "advisor/versions.h"

namespace strata::advisor {
namespace {

// All that was answered: texts of both languages, and numbers.
class Answers {
 public:
  void Add(const Report& report) {
    Add(report.title);
    for (const Text& note : report.notes) Add(note);
    for (const std::string& source : report.sources) texts_.insert(source);
    for (const Section& section : report.sections) Add(section);
  }
  void Add(const GraphAnswer& answer) {
    Add(answer.report);
    for (const GraphNode& node : answer.graph.nodes) Add(node.label);
    for (const GraphEdge& edge : answer.graph.edges) Add(edge.label);
  }
  template <typename Answer>
  void Add(const Result<Answer>& answer) {
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    Add(*answer);
  }

  // To be called when all were added.
  void Finish() {
    for (const std::string& text : texts_) {
      all_ += text;
      all_ += '\n';
    }
    std::string number;
    for (const char c : all_) {
      const bool digit = c >= '0' && c <= '9';
      if (digit || (c == '.' && !number.empty())) {
        number += c;
        continue;
      }
      if (number.ends_with('.')) number.pop_back();
      if (!number.empty()) numbers_.insert(number);
      number.clear();
    }
  }
  [[nodiscard]] bool Have(const std::string& text) const {
    return all_.find(text) != std::string::npos;
  }
  [[nodiscard]] bool Have(double number) const {
    const std::string figure = Figure(std::abs(number));
    return numbers_.contains(figure);
  }

 private:
  void Add(const Text& text) {
    texts_.insert(text.en);
    texts_.insert(text.zh);
  }
  void Add(const Section& section) {
    Add(section.title);
    texts_.insert(section.text);
    for (const Column& column : section.columns) Add(column.label);
    for (const Text& note : section.notes) Add(note);
    for (const std::string& source : section.sources) texts_.insert(source);
    for (const auto& row : section.rows) {
      for (const Cell& cell : row) {
        Add(cell.text);
        Add(cell.value);
      }
    }
    if (section.plot) Add(*section.plot);
  }
  void Add(const Json& value) {
    if (value.is_string()) texts_.insert(value.get<std::string>());
    if (value.is_number()) numbers_.insert(Figure(std::abs(value.get<double>())));
    if (!value.is_structured()) return;
    for (const Json& each : value) Add(each);
  }
  void Add(const Plot& plot) {
    if (const auto* lines = std::get_if<LinePlot>(&plot)) {
      Add(lines->x);
      Add(lines->y);
      for (const Line& line : lines->lines) Add(line.label);
    } else if (const auto* bars = std::get_if<BarPlot>(&plot)) {
      Add(bars->x);
      for (const Bar& bar : bars->bars) Add(bar.label);
    }
  }

  std::set<std::string> texts_;
  std::string all_;
  std::set<std::string> numbers_;
};

std::vector<std::string> IdsOf(const Json& list) {
  std::vector<std::string> ids;
  for (const Json& each : list) ids.push_back(each.at("id"));
  return ids;
}

void AskToCompare(Answers& to) {
  to.Add(Compare({}));
  std::vector<std::string> concepts;
  for (const Subject& each : ConceptSubjects()) {
    concepts.push_back(each.id);
    to.Add(Compare({.subjects = {each.id}}));
    to.Add(Align(each.id));
  }
  to.Add(Compare({.subjects = concepts}));
  for (const Subject& each : ClassSubjects()) to.Add(Compare({.subjects = {each.id}}));
  for (const Subject& each : TechnologySubjects()) to.Add(Compare({.subjects = {each.id}}));
  for (const std::string& id : IdsOf(Facts(FactFile::kMatrices).at("domains"))) {
    to.Add(CompareDomain(id));
  }
  for (const char* mapping :
       {"layer", "ddd", "togaf", "c4", "era", "tier", "overheads", "kuasar", "launch", "agility",
        "business", "forecast", "paradigm", "information"}) {
    to.Add(CompareMapping(mapping));
  }
  to.Add(Align(""));
  for (const std::string& id :
       IdsOf(Facts(FactFile::kConcepts).at("architecture_concepts").at("rows"))) {
    to.Add(Align(id));
  }
}

// What leads to each of the scheduling strategy's rules, and to where trees disagree.
const std::vector<SaidWords> kFurther = {
    {{"security_requirement", "High"},
     {"compatibility_requirement", "High"},
     {"isolation_class", "low"}},
    {{"performance_requirement", "High"}, {"function_type", "true"}},
    {{"performance_requirement", "Low"}, {"function_type", "false"}},
    {{"isolation_above_compliance", "false"},
     {"isolation_score", "0.9"},
     {"can_refactor", "true"},
     {"launches_per_second", "50"}},
    {{"isolation_above_compliance", "false"},
     {"isolation_score", "0.5"},
     {"can_refactor", "false"},
     {"launches_per_second", "2"}},
    {{"isolation_class", "high"},
     {"performance_class", "extreme"},
     {"can_refactor", "false"},
     {"isolation_above_compliance", "true"},
     {"latency_ms", "50"}},
    {{"security_requirement", "High"}, {"latency_ms", "50"}, {"can_refactor", "true"}}};

void AskToRecommend(Answers& to) {
  const auto add = [&to](const RecommendQuestion& question) {
    const auto answer = Recommend(question);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    to.Add(answer->report);
  };
  for (const auto& [tree, said] : WaysToLeaves()) add({.about = Said(said)});
  for (const SaidWords& said : kFurther) add({.about = Said(said)});
  const Json& decisions = Facts(FactFile::kDecisions);
  for (const char* table : {"scenario_table", "quick_reference"}) {
    for (const Json& row : decisions.at(table).at("rows")) add({.needs = {row.at("id")}});
  }
  for (const Json& row : decisions.at("scenario_map").at("rows")) {
    add({.needs = {row.at("label")}});
  }
  for (const char* device : {"usb", "pci", "gpu", "vgpu", "sr-iov"}) add({.devices = {device}});
  for (const char* feature : {"epoll", "io_uring"}) add({.features = {feature}});
  const Json& matrices = Facts(FactFile::kMatrices);
  for (const std::string& id : IdsOf(matrices.at("case_studies"))) to.Add(LikeCase(id));
  for (const std::string& id : IdsOf(matrices.at("business_cases").at("cases")))
    to.Add(LikeCase(id));
}

void AskTheGraph(Answers& to) {
  to.Add(Overview());
  to.Add(Entities(""));
  const Json& graph = Facts(FactFile::kGraph);
  for (const Json& diagram : graph.at("diagrams")) {
    to.Add(Diagram(diagram.at("id").get<std::string>()));
  }
  for (const LayerFact& layer : AllLayers()) to.Add(Layer(layer.id));
  for (const Json& entity : graph.at("entities")) {
    to.Add(Neighbours(entity.at("id").get<std::string>()));
  }
  to.Add(Glossary(""));
  to.Add(Learning("", {}));
  to.Add(Documents(""));
}

const Answers& AllAnswers() {
  static const Answers answers = [] {
    Answers all;
    AskToCompare(all);
    AskToRecommend(all);
    AskTheGraph(all);
    all.Add(models::ListModels());
    for (const std::string& id : IdsOf(models::ModelFacts())) {
      const auto run = models::Ask({.model = id, .draws = 0});
      EXPECT_TRUE(run.has_value()) << id;
      if (run) all.Add(models::ReportOf(*run));
    }
    all.Add(Roadmap({}));
    all.Add(Versions({}));
    all.Finish();
    return all;
  }();
  return answers;
}

struct Leaf {
  std::string path;  // "versions/tasks/*/done/*"
  Json value;
};

void AddLeaves(const Json& value, const std::string& path, std::vector<Leaf>& to) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      AddLeaves(member, path + (path.empty() ? "" : "/") + key, to);
    }
  } else if (value.is_array()) {
    for (const Json& each : value) AddLeaves(each, path + "/*", to);
  } else if (value.is_string() || value.is_number()) {
    to.push_back({path, value});
  }
}

// What is shown in no answer, and why not. A path with "*" for every entry of a list; one that ends
// in "/" is all below it.
struct NotShown {
  std::string_view path;
  std::string_view why;
};
constexpr std::string_view kId = "a name by which facts refer to each other";
constexpr std::string_view kTitle = "the answer's section has a title of its own";
constexpr std::string_view kWords = "shown in words";
constexpr std::string_view kCheck = "what the reader of the cells found, which is computed again";
constexpr std::string_view kComputed = "the reader's figure, which the model computes itself";
constexpr std::string_view kReader = "the reader's advice to whoever programs the model";
constexpr std::string_view kUnit = "shown as the unit that units.h knows";
constexpr NotShown kNotShown[] = {
    {"concepts/architecture_concepts/zh", kTitle},
    {"concepts/concepts/*/references/*/kind", kWords},
    {"concepts/goals/zh", kTitle},
    {"decisions/quick_reference/rows/*/kernel/zh", "the features themselves are shown"},
    {"decisions/quick_reference/rows/*/target/metric", kWords},
    {"decisions/quick_reference/zh", kTitle},
    {"decisions/scenario_table/zh", kTitle},
    {"decisions/trees/*/assignment/source", "within the tree's own source"},
    {"decisions/trees/*/evaluation", "how the rules are walked"},
    {"decisions/trees/*/kind", "how the tree is walked"},
    {"decisions/trees/*/nodes/*/highlight", "a colour of the drawing"},
    {"decisions/trees/*/nodes/*/type", "what the walk does there"},
    {"decisions/trees/*/truth_table/", "what the rules come to, which a test compares"},
    {"graph/diagrams/*/edges/*/relation", kWords},
    {"graph/document_navigation/zh", kTitle},
    {"graph/entity_edges/*/relation", kWords},
    {"graph/learning_paths/*/aliases/*", "names that a path is found by"},
    {"graph/seed_documents/*/file", "where this project's authors kept the document"},
    {"matrices/agility/inflection/unit", kUnit},
    {"matrices/best_practices/zh", kTitle},
    {"matrices/business_cases/zh", kTitle},
    {"matrices/case_studies/*/selection/*/concept", kWords},
    {"matrices/comparison_tool/class", "a class of the document's sketch in Python"},
    {"matrices/comparison_tool/components/*/class", "a class of the document's sketch in Python"},
    {"matrices/comparison_tool/methods/*/args/*", "arguments of the sketch"},
    {"matrices/comparison_tool/zh", kTitle},
    {"matrices/dimensions/zh", kTitle},
    {"matrices/domains/*/core_concepts/*", kWords},
    {"matrices/domains/*/stack/*/concept", kWords},
    {"matrices/kuasar_figures/figures/*/unit", kUnit},
    {"matrices/matrices/*/columns/*/key", kId},
    {"matrices/matrices/*/orderings/*/check_against_cells/", kCheck},
    {"matrices/matrices/*/orderings/*/column", kId},
    {"matrices/matrices/*/orderings/*/contradicts/", kCheck},
    {"matrices/matrices/*/orderings/*/direction", "shown as < or >"},
    {"matrices/relations/evolution/zh", kTitle},
    {"models/models/*/checks/*/recomputed", kComputed},
    {"models/models/*/checks/*/recomputed/", kComputed},
    {"models/models/*/parameters/annuity_factor", kComputed},
    {"models/models/*/parameters/cap_note", kReader},
    {"models/models/*/parameters/closed_form_constant_E", kReader},
    {"models/models/*/parameters/container_attack_surface/unit", kUnit},
    {"models/models/*/parameters/derived/", kComputed},
    {"models/models/*/parameters/evaluation", "how the rules are walked"},
    {"models/models/*/parameters/implied_logistic_rate_per_year/", kComputed},
    {"models/models/*/parameters/interior_equilibrium/", kComputed},
    {"models/models/*/parameters/interpolation", kReader},
    {"models/models/*/parameters/investments/*/recomputed/", kComputed},
    {"models/models/*/parameters/least_squares_technology_scores/", kComputed},
    {"models/models/*/parameters/numerics", kReader},
    {"models/models/*/parameters/operator_zh/", "the formulas are shown in plain signs"},
    {"models/models/*/parameters/reduction_container_to_sandbox/", kComputed},
    {"models/models/*/parameters/reduction_container_to_wasm/", kComputed},
    {"models/models/*/parameters/six_steps/", kComputed},
    {"models/models/*/parameters/startup_seconds_at_3GHz/", kComputed},
    {"models/models/*/parameters/state_2030_from_initial_used/", kComputed},
    {"models/models/*/parameters/stationary/", kComputed},
    {"models/models/*/parameters/suggested_by", kReader},
    {"models/models/*/parameters/t_unit", kUnit},
    {"models/models/*/parameters/unit", kUnit},
    {"models/models/*/parameters/use", kReader},
    {"roadmap/design_principles/zh", kTitle},
    {"roadmap/risks/zh", kTitle},
    {"versions/empirical/*/bound", "shown as <"},
};

bool IsAt(std::string_view path, std::string_view place) {
  return place.ends_with('/') ? path.starts_with(place) : path == place;
}

bool IsId(std::string_view path) { return path.ends_with("/id"); }

TEST(FactsShownTest, EveryTextAndNumberIsShownByAVerb) {
  const Answers& answers = AllAnswers();
  std::set<std::string_view> needed;
  std::size_t leaves_seen = 0;
  for (const auto& [file, name] :
       {std::pair(FactFile::kConcepts, "concepts"), std::pair(FactFile::kDecisions, "decisions"),
        std::pair(FactFile::kGraph, "graph"), std::pair(FactFile::kMatrices, "matrices"),
        std::pair(FactFile::kModels, "models"), std::pair(FactFile::kRoadmap, "roadmap"),
        std::pair(FactFile::kVersions, "versions")}) {
    std::vector<Leaf> leaves;
    AddLeaves(Facts(file), name, leaves);
    leaves_seen += leaves.size();
    for (const Leaf& leaf : leaves) {
      const bool shown = leaf.value.is_string() ? answers.Have(leaf.value.get<std::string>())
                                                : answers.Have(leaf.value.get<double>());
      if (shown || IsId(leaf.path)) continue;
      const auto known = std::ranges::find_if(
          kNotShown, [&leaf](const NotShown& each) { return IsAt(leaf.path, each.path); });
      if (known == std::end(kNotShown)) {
        ADD_FAILURE() << leaf.path << ' ' << leaf.value << " is shown by no verb";
      } else {
        needed.insert(known->path);
      }
    }
  }
  EXPECT_GT(leaves_seen, 10'000U);
  for (const NotShown& each : kNotShown) {
    EXPECT_TRUE(needed.contains(each.path)) << each.path << " is shown, and listed as not";
  }
}

}  // namespace
}  // namespace strata::advisor
