// The documents' rules, most of them with a threshold.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/recommend/documents/assumptions.h"
#include "advisor/recommend/documents/rule_variables.h"
#include "advisor/recommend/documents/tables.h"
#include "advisor/recommend/documents/trees.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

// "var > 1", "fast start needed", "QPS, latency"; empty: always.
Text ConditionOf(const Json& rule) {
  if (rule.contains("inputs")) return {ListOf(rule.at("inputs")), rule.value("inputs_zh", "")};
  if (!rule.contains("if")) return {};
  const Json& condition = rule.at("if");
  return condition.is_string() ? TextOf(rule, "if") : Text{ShowCondition(condition), ""};
}

// "microservice: microservice sandbox pool, HTTP/gRPC, MicroVM node".
Text RoutesOf(const Json& rows) {
  Text routes;
  for (const Json& row : rows) {
    std::vector<std::string> parts;
    for (const char* key : {"pool", "protocol", "node"}) {
      if (row.at(key).is_string()) parts.push_back(row.at(key));
    }
    routes = Join(routes, "; ", Join({row.at("task"), row.at("zh")}, ": ", {Listed(parts), ""}));
  }
  return routes;
}

Text OutcomeOf(const Json& rule) {
  if (rule.contains("rows")) return RoutesOf(rule.at("rows"));
  const Json& then = rule.at("then");
  const std::string chinese = rule.value("then_zh", "");
  if (then.is_array()) return {ListOf(then), chinese};
  if (then.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [of, what] : then.items()) {
      parts.push_back(of + ": " + what.get<std::string>());
    }
    return {Listed(parts, "; "), chinese};
  }
  const Text otherwise = TextOf(rule, "else");
  return Join(TextOf(rule, "then"), "; ",
              otherwise.empty() ? Text() : Join({"else", "否则"}, " ", otherwise));
}

// Of "one；the other": the other where that is asked for.
std::string PartOf(const std::string& both, bool other) {
  constexpr std::string_view kBetween = "；";
  const std::size_t at = both.find(kBetween);
  STRATA_CHECK(at != std::string::npos);
  return other ? both.substr(at + kBetween.size()) : both.substr(0, at);
}

// What a condition in the words of rule `id` means.
Json MeantBy(std::string_view id) {
  if (id == "fast_start") return NeedCondition("fast_start");
  STRATA_CHECK(id == "incremental");  // a further one has to be said here
  return {{"var", "existing_workload"}, {"op", "="}, {"value", true}};
}

// The condition of a rule that has one.
Json MeaningOf(const Json& rule) {
  const Json& condition = rule.at("if");
  if (!condition.is_string()) return condition;
  return MeantBy(rule.at("id").get_ref<const std::string&>());
}

// Those of the condition that are not known and not in `to` yet.
void AddUnknown(const Json& condition, const Case& about, std::vector<std::string>& to) {
  for (const char* parts : {"all", "any"}) {
    if (!condition.contains(parts)) continue;
    for (const Json& part : condition.at(parts)) AddUnknown(part, about, to);
    return;
  }
  const std::string& variable = condition.at("var").get_ref<const std::string&>();
  if (about.Find(variable) || std::ranges::find(to, variable) != to.end()) return;
  to.push_back(variable);
}

// The row of three_way or dual_mode that the workload belongs to; empty: there are no rows. Whether
// it is a function they know as the scheduler's rule does.
Text RowFor(const Json& rule, const Case& said) {
  const Case about = said.AsManifest();
  const auto function = about.Find("function_type");
  const bool routes = rule.contains("rows");
  if (!routes && !rule.contains("then")) return {};
  if (!routes && !rule.at("then").is_object()) return {};
  const auto needs = [](const std::string& what) { return Text{"needs " + what, "需要 " + what}; };
  if (routes) {
    if (!function) return needs("function_type");
    const char* task = function->value == true ? "function" : "microservice";
    return RoutesOf(Json::array({*FindFact(rule.at("rows"), task, "task")}));
  }
  const auto existing = about.Find("existing_workload");
  const bool rest = (function && function->value == false) || (existing && existing->value == true);
  if (!rest && !function) return needs("function_type");
  if (!rest && !existing) return needs("existing_workload");
  const std::string row = rest ? "rest" : "new lightweight computing";
  return {row + ": " + rule.at("then").at(row).get<std::string>(),
          PartOf(rule.at("then_zh"), rest)};
}

// "holds" and "because".
std::vector<Cell> HoldsCells(const Json& rule, const Case& about) {
  if (!rule.contains("if")) return {NoCell(), TextCell(RowFor(rule, about))};
  const Holding is = ConditionFor(rule, about).is;
  if (is.holds) return {{YesOrNo(*is.holds), *is.holds}, TextCell(is.because)};
  return {TextCell({"not known", "未知"}), TextCell({"needs " + is.missing, "需要 " + is.missing})};
}

}  // namespace

RuleCondition ConditionFor(const Json& rule, const Case& said) {
  Case about = said;
  for (const GivenFigure& each : GivenFigures()) about.Give(each.variable, each.value, each.source);
  const Json condition = MeaningOf(rule);
  Text text{ShowCondition(condition), ""};
  if (rule.at("if").is_string()) text = Join(TextOf(rule, "if"), ": ", text);
  return {text, HoldsFor(condition, about)};
}

// What three_way and dual_mode ask for beside function_type, a rule with a condition does, too.
std::vector<std::string> AskedByRules(const Case& about) {
  std::vector<std::string> asked;
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    if (!rule.contains("if")) continue;
    const Json condition = MeaningOf(rule);
    if (!HoldsFor(condition, about).holds) AddUnknown(condition, about, asked);
  }
  return asked;
}

Section RulesSection(const Case& about) {
  Section section{.id = "rules",
                  .title = {"Rules of the documents", "文档规则"},
                  .columns = {{"rule", {"rule", "规则"}},
                              {"if", {"if", "条件"}},
                              {"holds", {"holds", "成立"}},
                              {"because", {"in this case", "本情形"}},
                              {"then", {"then", "则"}},
                              {"source", {"source", "出处"}}}};
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    std::vector<Cell> row{TextCell(LabelOf(rule)), TextCell(ConditionOf(rule))};
    std::ranges::move(HoldsCells(rule, about), std::back_inserter(row));
    row.push_back(TextCell(OutcomeOf(rule)));
    row.push_back(WordCell(rule.at("source").get<std::string>()));
    section.rows.push_back(std::move(row));
    if (rule.contains("note")) {
      section.notes.push_back(Join(LabelOf(rule), ": ", TextOf(rule, "note")));
    }
  }
  return section;
}

}  // namespace strata::advisor
