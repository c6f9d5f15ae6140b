// The documents' rules, most of them with a threshold.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/recommend/assumptions.h"
#include "advisor/recommend/rule_variables.h"
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

// The row of three_way or dual_mode that the workload belongs to; empty: there are no rows.
Text RowFor(const Json& rule, const Case& about) {
  const auto function = about.Find("function_type");
  const bool routes = rule.contains("rows");
  if (!routes && !rule.contains("then")) return {};
  if (!routes && !rule.at("then").is_object()) return {};
  if (!function) return {"needs function_type", "需要 function_type"};
  if (routes) {
    const char* task = function->value == true ? "function" : "microservice";
    return RoutesOf(Json::array({*FindFact(rule.at("rows"), task, "task")}));
  }
  const auto existing = about.Find("existing_workload");
  const bool light = function->value == true && !(existing && existing->value == true);
  const char* row = light ? "new lightweight computing" : "rest";
  return {std::string(row) + ": " + rule.at("then").at(row).get<std::string>(),
          std::string(light ? "新增轻量计算：" : "其余：") +
              rule.at("then").at(row).get<std::string>()};
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
  const Json& condition = rule.at("if");
  if (!condition.is_string()) {
    return {{ShowCondition(condition), ""}, HoldsFor(condition, about)};
  }
  const Json existing = {{"var", "existing_workload"}, {"op", "="}, {"value", true}};
  const Json& meant = rule.at("id") == "fast_start" ? NeedCondition("fast_start") : existing;
  const Text words = Join(TextOf(rule, "if"), ": ", {ShowCondition(meant), ""});
  return {words, HoldsFor(meant, about)};
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
