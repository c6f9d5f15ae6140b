#include "advisor/recommend/documents/trees.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

Text Said(std::string_view variable, const Case::Answer& answer) {
  const std::string text = std::string(variable) + " = " + ShowValue(answer.value);
  if (answer.from.empty()) return {text, ""};
  return {text + ", from " + answer.from, text + "，来自 " + answer.from};
}

bool Holds(const Json& test, const Json& value) {
  const std::string& op = test.at("op").get_ref<const std::string&>();
  const Json& with = test.at("value");
  if (op == "=") return value == with;
  return op == "<" ? value.get<double>() < with.get<double>()
                   : value.get<double>() > with.get<double>();
}

// ---- trees -------------------------------------------------------------------------------------

struct Taken {
  const Json* answer = nullptr;  // null: `variable` is not known
  std::string variable;
  Text because;
};

// {var, op, value} with the answers yes and no.
Taken ByTest(const Json& node, const Case& about) {
  const Json& test = node.at("test");
  Taken taken{.variable = test.at("var")};
  const auto known = about.Find(taken.variable);
  if (!known) return taken;
  taken.answer = FindFact(node.at("answers"), Holds(test, known->value) ? "yes" : "no", "answer");
  taken.because = Said(taken.variable, *known);
  return taken;
}

// Each answer has its own condition, on one variable.
Taken ByCondition(const Json& node, const Case& about) {
  const Json& answers = node.at("answers");
  Taken taken{.variable = answers.at(0).at("when").at("var")};
  const auto known = about.Find(taken.variable);
  if (!known) return taken;
  for (const Json& answer : answers) {
    if (!Holds(answer.at("when"), known->value)) continue;
    taken.answer = &answer;
    taken.because = Said(taken.variable, *known);
    break;
  }
  return taken;
}

// No cut points are given between the orders of magnitude: the nearest one is taken.
Taken ByMagnitude(const Json& node, const Case& about) {
  Taken taken{.variable = "latency_ms"};
  const auto known = about.Find(taken.variable);
  if (!known) return taken;
  const double asked = std::log10(std::max(known->value.get<double>(), 1e-3));
  double nearest = std::numeric_limits<double>::max();
  for (const Json& answer : node.at("answers")) {
    const double away =
        std::abs(std::log10(answer.at("order_of_magnitude_ms").get<double>()) - asked);
    if (away >= nearest) continue;
    nearest = away;
    taken.answer = &answer;
  }
  taken.because = Join(Said(taken.variable, *known), "",
                       {", the nearest order of magnitude", "，取最近的数量级"});
  return taken;
}

// The scenarios of the variable are the answers of the graph's first question, in their order.
Taken ByScenario(const Json& node, const Case& about) {
  Taken taken{.variable = "scenario"};
  const auto known = about.Find(taken.variable);
  if (!known) return taken;
  const Json& variables = Facts(FactFile::kDecisions).at("variables");
  const Json& domain = FindFact(variables, taken.variable)->at("domain");
  const auto at = std::ranges::find(domain, known->value) - domain.begin();
  taken.answer = &node.at("answers").at(static_cast<std::size_t>(at));
  taken.because = Said(taken.variable, *known);
  return taken;
}

// The second need is said in an answer's words; those of other scenarios are no answer here.
Taken ByWords(const Json& node, const Case& about) {
  Taken taken{.variable = "second_need"};
  const auto known = about.Find(taken.variable);
  if (!known) return taken;
  taken.answer = FindFact(node.at("answers"), known->value.get<std::string>(), "answer");
  if (taken.answer != nullptr) taken.because = Said(taken.variable, *known);
  return taken;
}

Taken Ask(const Json& node, const Case& about) {
  const Json& first = node.at("answers").at(0);
  if (node.contains("test")) return ByTest(node, about);
  if (first.contains("when")) return ByCondition(node, about);
  if (first.contains("order_of_magnitude_ms")) return ByMagnitude(node, about);
  return node.at("id") == "B" ? ByScenario(node, about) : ByWords(node, about);
}

std::optional<model::Class> OfTheirs(const std::string& sandbox) {
  if (sandbox == "WASM") return model::Class::kWasm;
  if (sandbox == "Container") return model::Class::kContainer;
  return model::Class::kMicrovm;  // MicroVM, and a plain VM, which is none of ours
}

std::optional<model::Class> ClassOf(const Json& outcome) {
  if (outcome.contains("strata_class")) {
    return model::ClassFromName(outcome.at("strata_class").get_ref<const std::string&>());
  }
  if (outcome.contains("sandbox")) return OfTheirs(outcome.at("sandbox"));
  return ClassOfConcept(outcome.at("concept"));
}

void WalkNodes(const Json& tree, const Case& about, Walk& walk) {
  const Json& nodes = tree.at("nodes");
  std::string next = tree.at("root");
  // No node is met twice in a tree that the facts' test accepts.
  for (std::size_t left = nodes.size(); left > 0 && !next.empty(); --left) {
    const Json& node = *FindFact(nodes, next);
    const std::string& type = node.at("type").get_ref<const std::string&>();
    walk.nodes.push_back(node.at("id"));
    if (node.contains("note")) {
      walk.notes.push_back(Join(LabelOf(node), ": ", TextOf(node, "note")));
    }
    next = node.value("to", "");
    if (type == "question") {
      const Taken taken = Ask(node, about);
      if (taken.answer == nullptr) {
        walk.missing = taken.variable;
        return;
      }
      const Text answer{taken.answer->at("answer"), taken.answer->value("zh", "")};
      walk.steps.push_back({LabelOf(node), answer, taken.because});
      next = taken.answer->at("to");
    } else if (type == "candidates") {
      walk.steps.push_back({{"candidates", "候选"}, LabelOf(node), {}});
    } else if (type == "outcome") {
      walk.leaf = node.at("id");
      walk.outcome = LabelOf(node);
      walk.sandbox_class = ClassOf(node);
    } else if (type == "consequence") {
      walk.consequences.push_back(LabelOf(node));
    }
  }
}

// ---- the rule list -----------------------------------------------------------------------------

// Whether the condition holds; nothing: that depends on what is not known, `missing`.
std::optional<bool> Decide(const Json& condition, const Case& about, std::string& missing,
                           Text& because) {
  if (condition.is_string()) return true;  // "otherwise"
  const bool all = condition.contains("all");
  if (!all && !condition.contains("any")) {
    const std::string variable = condition.at("var");
    const auto known = about.Find(variable);
    if (!known) {
      if (missing.empty()) missing = variable;
      return std::nullopt;
    }
    because = Join(because, ", ", Said(variable, *known));
    return Holds(condition, known->value);
  }
  bool open = false;
  for (const Json& part : condition.at(all ? "all" : "any")) {
    const auto holds = Decide(part, about, missing, because);
    if (!holds) {
      open = true;
    } else if (*holds != all) {
      return !all;
    }
  }
  if (open) return std::nullopt;
  return all;
}

Text ShowRule(const Json& condition) {
  if (condition.is_string()) return {condition.get<std::string>(), "其他情况"};
  return {ShowCondition(condition), ""};
}

// The scheduler's rule decides, once it is known that the case says enough.
void WalkRules(const Json& tree, const Case& said, Walk& walk) {
  const Case about = said.AsManifest();
  for (const Json& rule : tree.at("rules")) {
    std::string missing;
    Text because;
    const auto holds = Decide(rule.at("if"), about, missing, because);
    if (!holds) {
      walk.missing = missing;
      return;
    }
    walk.steps.push_back({ShowRule(rule.at("if")), YesOrNo(*holds), because});
    if (!*holds) continue;
    walk.leaf = "rule " + ShowValue(rule.at("order"));
    walk.outcome = {rule.at("then"), rule.value("zh", "")};
    walk.sandbox_class = about.ByRule();
    const Json& assignments = tree.at("assignment").at("rows");
    const Json& assigned = *FindFact(assignments, walk.outcome.en, "sandbox");
    walk.consequences.push_back({ListOf(assigned.at("for")), assigned.at("zh")});
    return;
  }
}

}  // namespace

std::optional<model::Class> ClassOfConcept(const std::string& id) {
  const Json* tier = FindFact(Facts(FactFile::kConcepts).at("tier_mapping"), id, "concept");
  if (tier == nullptr) return std::nullopt;
  if (tier->contains("strata_classes")) {
    return model::ClassFromName(tier->at("strata_classes").at(0).get_ref<const std::string&>());
  }
  return OfTheirs(tier->at("sandbox_class"));
}

Text DecidedBy(const Walk& walk) {
  for (auto step = walk.steps.rbegin(); step != walk.steps.rend(); ++step) {
    if (!step->because.empty()) return step->because;
  }
  return walk.outcome;
}

Walk WalkTree(const Json& tree, const Case& about) {
  Walk walk{.tree = tree.at("id"), .name = LabelOf(tree), .source = tree.at("source")};
  if (tree.contains("note")) walk.notes.push_back(TextOf(tree, "note"));
  if (tree.at("kind") == "rule_list") {
    WalkRules(tree, about, walk);
  } else {
    WalkNodes(tree, about, walk);
  }
  return walk;
}

Holding HoldsFor(const Json& condition, const Case& about) {
  Holding holding;
  holding.holds = Decide(condition, about, holding.missing, holding.because);
  if (holding.holds) holding.missing.clear();  // it was passed on the way
  return holding;
}

std::string ShowCondition(const Json& condition) {
  const bool all = condition.contains("all");
  if (!all && !condition.contains("any")) {
    return condition.at("var").get<std::string>() + " " + condition.at("op").get<std::string>() +
           " " + ShowValue(condition.at("value"));
  }
  std::string text;
  for (const Json& part : condition.at(all ? "all" : "any")) {
    if (!text.empty()) text += all ? " and " : " or ";
    text += ShowCondition(part);
  }
  return text;
}

std::vector<Walk> WalkAll(const Case& about) {
  std::vector<Walk> walks;
  for (const Json& tree : Facts(FactFile::kDecisions).at("trees")) {
    walks.push_back(WalkTree(tree, about));
  }
  return walks;
}

}  // namespace strata::advisor
