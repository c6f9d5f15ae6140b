#include "advisor/recommend/documents/sources.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/recommend/documents/tables.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

using model::Class;

Text Needs(const std::string& variable) { return {"needs " + variable, "需要 " + variable}; }

void AddTrees(const std::vector<Walk>& walks, std::vector<Source>& to) {
  for (const Walk& walk : walks) {
    Source source{.kind = {"tree", "决策树"}, .name = walk.name};
    if (!walk.missing.empty()) {
      source.because = Needs(walk.missing);
      source.open = true;
    } else if (walk.sandbox_class) {
      source.comes_to = {*walk.sandbox_class};
      source.because = DecidedBy(walk);
    } else {
      source.because = Join(walk.outcome, ": ", {"no class", "不是类别"});
    }
    to.push_back(std::move(source));
  }
}

std::vector<Class> ClassesOf(const Json& then) {
  std::vector<Class> classes;
  const auto add = [&classes](const std::optional<Class>& each) {
    if (each) classes.push_back(*each);
  };
  if (then == "WASM") add(Class::kWasm);
  if (then == "Container") add(Class::kContainer);
  if (then.is_array()) {
    for (const Json& each : then) add(ClassOfConcept(each.get<std::string>()));
  }
  return classes;
}

// Of the rules those that end in a class and depend on what a workload is.
void AddRules(const Case& about, std::vector<Source>& to) {
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    if (!rule.contains("if") || !rule.contains("then")) continue;
    const std::vector<Class> classes = ClassesOf(rule.at("then"));
    if (classes.empty()) continue;
    const RuleCondition condition = ConditionFor(rule, about);
    Source source{.kind = {"rule", "规则"},
                  .name = LabelOf(rule),
                  .counts = Counts::kWhereTreesAreSilent,
                  .because = condition.text};
    const Holding& is = condition.is;
    if (is.holds == true) source.comes_to = classes;
    if (is.holds == false && rule.contains("else")) source.comes_to = ClassesOf(rule.at("else"));
    if (is.holds == false) source.because = Join(source.because, ": ", {"no", "否"});
    if (!is.holds) source.because = Needs(is.missing);
    to.push_back(std::move(source));
  }
}

void AddStars(const Case& about, std::vector<Source>& to) {
  const Section stars = StarsSection(about);
  Source source{.kind = {"stars", "星级"},
                .name = {"decision matrix", "决策矩阵"},
                .counts = Counts::kWhereTreesAreSilent};
  if (stars.rows.empty()) {
    source.because = {"no need of the matrix follows from the case",
                      "由已知条件得不出矩阵中的需求"};
    to.push_back(std::move(source));
    return;
  }
  double most = 0;
  const Json& concepts = Facts(FactFile::kConcepts).at("concepts");
  for (std::size_t i = 0; i < stars.rows.size(); ++i) {
    const auto sandbox_class = ClassOfConcept(concepts.at(i).at("id"));
    const double sum = stars.rows[i].back().value;
    if (!sandbox_class || sum < most) continue;
    if (sum > most) source.comes_to.clear();
    most = sum;
    if (std::ranges::find(source.comes_to, *sandbox_class) == source.comes_to.end()) {
      source.comes_to.push_back(*sandbox_class);
    }
  }
  for (std::size_t i = 1; i + 1 < stars.columns.size(); ++i) {
    source.because = Join(source.because, ", ", stars.columns[i].label);
  }
  source.because = Join(source.because, ": ", {Figure(most) + " stars", Figure(most) + " 星"});
  to.push_back(std::move(source));
}

Result<void> AddWeights(const std::string& scenario, std::vector<Source>& to) {
  if (scenario.empty()) return {};
  const Json& models = Facts(FactFile::kModels).at("models");
  const Json& scenarios = FindFact(models, "scenario_score")->at("parameters").at("scenarios");
  Names names("scenario");
  names.AddAll(scenarios);
  const auto id = names.Find(scenario);
  if (!id) return std::unexpected(id.error());
  const Json& row = *FindFact(scenarios, *id);
  const auto recommended = model::ClassFromName(row.at("recommended").get<std::string>());
  const auto score = [&row](const char* of) {
    return std::string(of) + " " + Figure(row.at(std::string(of) + "_score"));
  };
  Source source{.kind = {"scenario weights", "场景权重"},
                .name = LabelOf(row),
                .counts = Counts::kWhereTreesAreSilent,
                .because = {score("container") + ", " + score("wasm"), ""}};
  if (recommended) source.comes_to = {*recommended};
  to.push_back(std::move(source));
  return {};
}

void AddUtility(std::vector<Source>& to) {
  const Json& models = Facts(FactFile::kModels).at("models");
  const Json& claimed =
      FindFact(models, "expected_utility")->at("parameters").at("claimed_utility");
  std::string best;
  double most = 0;
  for (const auto& [technology, utility] : claimed.items()) {
    if (utility.get<double>() <= most) continue;
    most = utility;
    best = technology;
  }
  const Class sandbox_class = model::ClassFromName(best).value_or(Class::kMicrovm);  // "kata"
  to.push_back({.kind = {"utility", "效用"},
                .name = {"expected utility", "期望效用"},
                .counts = Counts::kNever,
                .comes_to = {sandbox_class},
                .because = {best + " " + Figure(most) + ", whatever the case is",
                            best + " " + Figure(most) + "，与具体情形无关"}});
}

Text CountsText(Counts counts) {
  switch (counts) {
    case Counts::kVotes:
      return {"votes", "计票"};
    case Counts::kWhereTreesAreSilent:
      return {"only where no tree comes to a class", "仅在决策树均无结论时计票"};
    case Counts::kNever:
      break;
  }
  return {"never", "不计票"};
}

}  // namespace

std::string NamesOf(const std::vector<Class>& classes) {
  std::vector<std::string> names;
  for (const Class each : classes) names.emplace_back(model::ClassName(each));
  return Listed(names);
}

Result<std::vector<Source>> SourcesOf(const Case& about, const std::vector<Walk>& walks,
                                      const std::string& scenario) {
  std::vector<Source> sources;
  AddTrees(walks, sources);
  AddRules(about, sources);
  AddStars(about, sources);
  if (auto added = AddWeights(scenario, sources); !added) return std::unexpected(added.error());
  AddUtility(sources);
  return sources;
}

Section SourcesSection(const std::vector<Source>& sources, Class answer) {
  Section section{.id = "sources",
                  .title = {"What each source comes to", "各来源的结论"},
                  .columns = {{"kind", {"kind", "类型"}},
                              {"source", {"source", "来源"}},
                              {"class", {"comes to", "结论"}},
                              {"because", {"because", "理由"}},
                              {"agrees", {"agrees", "一致"}},
                              {"counts", {"counts", "计票"}}}};
  for (const Source& each : sources) {
    Cell agrees = NoCell();
    if (!each.comes_to.empty()) {
      const bool same = std::ranges::find(each.comes_to, answer) != each.comes_to.end();
      agrees = {YesOrNo(same), same};
    }
    section.rows.push_back({TextCell(each.kind), TextCell(each.name),
                            each.comes_to.empty() ? NoCell() : WordCell(NamesOf(each.comes_to)),
                            TextCell(each.because), std::move(agrees),
                            TextCell(CountsText(each.counts))});
  }
  section.notes.push_back(
      {"Trees vote, each once. Rules, stars and scenario weights vote where no tree comes to a "
       "class "
       "that may be used. The utility model is the same for every case and never counts.",
       "每棵决策树一票。仅当没有决策树得出可用类别时，规则、星级与场景权重才计票。"
       "效用模型对所有情形相同，从不计票。"});
  return section;
}

}  // namespace strata::advisor
