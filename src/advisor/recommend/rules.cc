// The documents' rules, most of them with a threshold.
#include <optional>
#include <string>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/recommend/assumptions.h"
#include "advisor/recommend/tables.h"
#include "advisor/recommend/trees.h"

namespace strata::advisor {
namespace {

// "var > 1", "fast start needed", "QPS, latency"; empty: always.
Text ConditionOf(const Json& rule) {
  if (rule.contains("inputs")) return {ListOf(rule.at("inputs")), rule.value("inputs_zh", "")};
  if (!rule.contains("if")) return {};
  const Json& condition = rule.at("if");
  return condition.is_string() ? TextOf(rule, "if") : Text{ShowCondition(condition), ""};
}

Cell HoldsCell(const Json& rule, const Case& about) {
  if (!rule.contains("if")) return NoCell();
  const auto condition = ConditionFor(rule, about);
  if (!condition || !condition->is.holds) return TextCell({"not known", "未知"});
  return {YesOrNo(*condition->is.holds), *condition->is.holds};
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

}  // namespace

std::optional<RuleCondition> ConditionFor(const Json& rule, const Case& about) {
  const Json& condition = rule.at("if");
  if (!condition.is_string()) {
    return RuleCondition{{ShowCondition(condition), ""}, HoldsFor(condition, about)};
  }
  if (rule.at("id") != "fast_start") return std::nullopt;
  const Json& meant = NeedCondition("fast_start");
  const Text words = Join(TextOf(rule, "if"), ": ", {ShowCondition(meant), ""});
  return RuleCondition{words, HoldsFor(meant, about)};
}

Section RulesSection(const Case& about) {
  Section section{.id = "rules",
                  .title = {"Rules of the documents", "文档规则"},
                  .columns = {{"rule", {"rule", "规则"}},
                              {"if", {"if", "条件"}},
                              {"holds", {"holds", "成立"}},
                              {"then", {"then", "则"}},
                              {"source", {"source", "出处"}}}};
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    section.rows.push_back({TextCell(LabelOf(rule)), TextCell(ConditionOf(rule)),
                            HoldsCell(rule, about), TextCell(OutcomeOf(rule)),
                            WordCell(rule.at("source").get<std::string>())});
    if (rule.contains("note")) {
      section.notes.push_back(Join(LabelOf(rule), ": ", TextOf(rule, "note")));
    }
  }
  return section;
}

}  // namespace strata::advisor
