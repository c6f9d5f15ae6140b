// The documents' rules, most of them with a threshold.
#include <optional>
#include <string>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/recommend/tables.h"
#include "advisor/recommend/trees.h"

namespace strata::advisor {
namespace {

// "var > 1", "fast start needed", "QPS, latency"; empty: always.
std::string ConditionOf(const Json& rule) {
  if (rule.contains("inputs")) return ListOf(rule.at("inputs"));
  if (!rule.contains("if")) return "";
  const Json& condition = rule.at("if");
  return condition.is_string() ? condition.get<std::string>() : ShowCondition(condition);
}

Cell HoldsCell(const Json& rule, const Case& about) {
  if (!rule.contains("if")) return NoCell();
  const Json& condition = rule.at("if");
  // Words are for people: no variable stands for them.
  const auto holds = condition.is_string() ? std::nullopt : HoldsFor(condition, about);
  if (!holds) return TextCell({"not known", "未知"});
  return {*holds ? Text{"yes", "是"} : Text{"no", "否"}, *holds};
}

// "microservice: microservice sandbox pool, HTTP/gRPC, MicroVM node".
std::string RoutesOf(const Json& rows) {
  std::vector<std::string> routes;
  for (const Json& row : rows) {
    std::vector<std::string> parts;
    for (const char* key : {"pool", "protocol", "node"}) {
      if (row.at(key).is_string()) parts.push_back(row.at(key));
    }
    routes.push_back(row.at("task").get<std::string>() + ": " + Listed(parts));
  }
  return Listed(routes, "; ");
}

std::string OutcomeOf(const Json& rule) {
  if (rule.contains("rows")) return RoutesOf(rule.at("rows"));
  const Json& then = rule.at("then");
  if (then.is_array()) return ListOf(then);
  if (then.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [of, what] : then.items()) {
      parts.push_back(of + ": " + what.get<std::string>());
    }
    return Listed(parts, "; ");
  }
  const std::string otherwise = rule.value("else", "");
  return then.get<std::string>() + (otherwise.empty() ? "" : "; else " + otherwise);
}

}  // namespace

Section RulesSection(const Case& about) {
  Section section{.id = "rules",
                  .title = {"Rules of the documents", "文档规则"},
                  .columns = {{"rule", {"rule", "规则"}},
                              {"if", {"if", "条件"}},
                              {"holds", {"holds", "成立"}},
                              {"then", {"then", "则"}},
                              {"source", {"source", "出处"}}}};
  for (const Json& rule : Facts(FactFile::kDecisions).at("rules")) {
    section.rows.push_back({TextCell(LabelOf(rule)), WordCell(ConditionOf(rule)),
                            HoldsCell(rule, about), WordCell(OutcomeOf(rule)),
                            WordCell(rule.at("source").get<std::string>())});
    if (rule.contains("note")) {
      section.notes.push_back(Join(LabelOf(rule), ": ", {rule.at("note"), ""}));
    }
  }
  return section;
}

}  // namespace strata::advisor
