#include "advisor/recommend/case.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/recommend/documents/rule_variables.h"
#include "advisor/report/refusal.h"
#include "advisor/report/report.h"
#include "advisor/units.h"
#include "base/text/strings.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Level;

// Ours (assumptions.h): one that was not said is `value` when another one is `when`. In this order:
// the first that holds.
struct Follows {
  std::string_view variable;
  std::string_view from;
  std::string_view when;
  std::string_view value;
};
constexpr std::array kFollows = {
    Follows{"isolation_class", "security_requirement", "High", "high"},
    Follows{"isolation_class", "security_requirement", "Medium", "medium"},
    Follows{"isolation_above_compliance", "security_requirement", "High", "true"},
    Follows{"isolation_above_compliance", "security_requirement", "Medium", "false"},
    Follows{"isolation_above_compliance", "security_requirement", "Low", "false"},
    Follows{"performance_class", "performance_requirement", "High", "extreme"},
    Follows{"performance_class", "performance_requirement", "Medium", "balanced"},
    Follows{"performance_class", "performance_requirement", "Low", "balanced"},
    Follows{"can_refactor", "compatibility_requirement", "High", "false"},
    Follows{"can_refactor", "compatibility_requirement", "Low", "true"},
    Follows{"scenario", "security_requirement", "High", "security_sensitive"},
};

// What the documents' words for more and less, true and false are in Chinese.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kChinese = {{
    {"high", "高"},
    {"medium", "中"},
    {"low", "低"},
    {"extreme", "极致"},
    {"balanced", "均衡"},
    {"true", "是"},
    {"false", "否"},
}};

// What the selection graph calls the scenarios: the answers of its first question, in the order of
// the variable's words.
const Json& ScenarioAnswers() {
  const Json& tree = *FindFact(Facts(FactFile::kDecisions).at("trees"), "selection_graph");
  return FindFact(tree.at("nodes"), "B")->at("answers");
}

std::vector<Text> CalledOf(const Variable& variable) {
  std::vector<Text> called;
  for (std::size_t i = 0; i < variable.words.size(); ++i) {
    if (variable.id == "scenario") {
      const Json& answer = ScenarioAnswers().at(i);
      called.push_back({answer.at("answer"), answer.at("zh")});
      continue;
    }
    const std::string& word = variable.words[i];
    const auto* known = std::ranges::find(kChinese, Lower(word),
                                          [](const auto& each) { return std::string(each.first); });
    called.push_back({word, known == kChinese.end() ? "" : std::string(known->second)});
  }
  return called;
}

bool IsAskedFor(const Json& variable) {
  const Json& decisions = Facts(FactFile::kDecisions);
  return std::ranges::any_of(variable.at("used_by"), [&decisions](const Json& user) {
    const auto& id = user.get_ref<const std::string&>();
    return FindFact(decisions.at("trees"), id) != nullptr ||
           FindFact(decisions.at("rules"), id) != nullptr;
  });
}

Variable Read(const Json& fact) {
  Variable variable{.id = fact.at("id"), .label = LabelOf(fact), .unit = fact.value("unit", "")};
  const Json& domain = fact.at("domain");
  if (domain.is_string()) {
    variable.most = std::numeric_limits<double>::max();
  } else if (domain.at(0).is_number()) {
    variable.least = domain.at(0);
    variable.most = domain.at(1);
  } else {
    for (const Json& each : domain) variable.words.push_back(ShowValue(each));
  }
  variable.called = CalledOf(variable);
  return variable;
}

// What the selection graph asks after the scenario, which has no variable in the documents: the
// words of its answers.
Variable SecondNeed() {
  Variable need{.id = "second_need", .label = {"second need of the scenario", "场景的次要需求"}};
  const Json& trees = Facts(FactFile::kDecisions).at("trees");
  for (const Json& node : FindFact(trees, "selection_graph")->at("nodes")) {
    if (node.at("type") != "question" || node.at("id") == "B") continue;
    for (const Json& answer : node.at("answers")) {
      need.words.push_back(answer.at("answer"));
      need.called.push_back({answer.at("answer"), answer.at("zh")});
    }
  }
  return need;
}

// The answers of the selection graph to its question after `scenario`.
std::vector<std::string> SecondNeedsOf(const Json& scenario) {
  const Json& domain =
      FindFact(Facts(FactFile::kDecisions).at("variables"), "scenario")->at("domain");
  const Json& nodes =
      FindFact(Facts(FactFile::kDecisions).at("trees"), "selection_graph")->at("nodes");
  // The scenarios are the answers of the graph's first question, in their order.
  const auto at = static_cast<std::size_t>(std::ranges::find(domain, scenario) - domain.begin());
  const Json* node = FindFact(nodes, "B");
  std::string next = node->at("answers").at(at).at("to");
  do {
    node = FindFact(nodes, next);
    next = node->value("to", "");
  } while (node->at("type") == "candidates");
  std::vector<std::string> words;
  for (const Json& answer : node->at("answers")) words.push_back(answer.at("answer"));
  return words;
}

// "yes" and "no" in what people type for true and false.
std::string_view Truth(std::string_view value) {
  constexpr std::array<std::string_view, 4> kYes = {"yes", "y", "是", "对"};
  constexpr std::array<std::string_view, 4> kNo = {"no", "n", "否", "不"};
  const std::string lower = Lower(value);
  if (std::ranges::find(kYes, lower) != kYes.end()) return "true";
  if (std::ranges::find(kNo, lower) != kNo.end()) return "false";
  return value;
}

Level ToLevel(const std::optional<Case::Answer>& answer) {
  if (!answer || answer->value == "Low") return Level::kLow;
  return answer->value == "High" ? Level::kHigh : Level::kMedium;
}

const char* FromLevel(Level level) {
  if (level == Level::kHigh) return "High";
  return level == Level::kMedium ? "Medium" : "Low";
}

// As the variable or either language has it, in any case.
std::optional<std::string> FindWord(const Variable& variable, std::string_view value) {
  const std::string lower = Lower(value);
  for (std::size_t i = 0; i < variable.words.size(); ++i) {
    const Text& called = variable.called[i];
    if (Lower(variable.words[i]) == lower || Lower(called.en) == lower || called.zh == value) {
      return variable.words[i];
    }
  }
  return std::nullopt;
}

Result<Json> ReadValue(const Variable& variable, std::string_view value) {
  if (variable.words.empty()) {
    auto number = ReadQuantity(value, variable.unit);
    if (!number) return Wrap(std::move(number).error(), variable.id);
    if (*number >= variable.least && *number <= variable.most) return Json(*number);
    const bool bounded = variable.most < std::numeric_limits<double>::max();
    if (!bounded) return Refuse(Errc::kInvalidArgument, Refusal::kNegative, {variable.id, value});
    return Refuse(Errc::kInvalidArgument, Refusal::kNotBetween,
                  {variable.id, value, Figure(variable.least), Figure(variable.most)});
  }
  const bool truth = std::ranges::find(variable.words, "true") != variable.words.end();
  const auto word = FindWord(variable, truth ? Truth(value) : value);
  if (!word) {
    const std::vector<std::string_view> words(variable.words.begin(), variable.words.end());
    std::vector<std::string> choices;
    for (const std::string& each : variable.words) choices.push_back(ShowChoice(variable, each));
    return Refuse(Errc::kInvalidArgument, Refusal::kNoneOf,
                  {variable.id, value, Listed(choices) + DidYouMean(value, words)});
  }
  if (*word == "true" || *word == "false") return Json(*word == "true");
  return Json(*word);
}

}  // namespace

std::string ShowChoice(const Variable& variable, const std::string& word) {
  const auto at = std::ranges::find(variable.words, word) - variable.words.begin();
  const Text& called = variable.called.at(static_cast<std::size_t>(at));
  std::vector<std::string> others;
  if (Lower(called.en) != Lower(word)) others.push_back(called.en);
  if (!called.zh.empty()) others.push_back(called.zh);
  return others.empty() ? word : word + " (" + Listed(others) + ")";
}

std::string ShowValue(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return Figure(value.get<double>());
  return value.dump();
}

const std::vector<Variable>& Variables() {
  static const std::vector<Variable> all = [] {
    std::vector<Variable> variables;
    for (const Json& fact : Facts(FactFile::kDecisions).at("variables")) {
      if (IsAskedFor(fact)) variables.push_back(Read(fact));
    }
    variables.push_back(SecondNeed());
    std::ranges::move(RuleVariables(), std::back_inserter(variables));
    return variables;
  }();
  return all;
}

Result<void> Case::Set(std::string_view variable, std::string_view value) {
  Names names("variable");
  for (const Variable& each : Variables()) names.Add(each.id, each.id);
  for (const Variable& each : Variables()) {
    names.Add(each.id, each.label.en);
    names.Add(each.id, each.label.zh);
  }
  const auto id = names.Find(variable);
  if (!id) return std::unexpected(id.error());
  auto read = ReadValue(*std::ranges::find(Variables(), *id, &Variable::id), value);
  if (!read) return std::unexpected(std::move(read).error());
  said_.insert_or_assign(*id, Answer{std::move(*read), ""});
  return {};
}

Result<void> Case::Say(std::string_view said) {
  const auto at = said.find('=');
  if (at == std::string_view::npos) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNotVariable, {EscapeControl(said)});
  }
  const auto before = said_;
  if (auto set = Set(said.substr(0, at), said.substr(at + 1)); !set) return set;
  for (const auto& [id, answer] : before) {
    const Json& now = said_.at(id).value;
    if (!answer.from.empty() || now == answer.value) continue;
    auto twice = Refuse(Errc::kInvalidArgument, Refusal::kSaidTwice,
                        {id, ShowValue(answer.value), ShowValue(now)});
    said_ = before;
    return twice;
  }
  return {};
}

void Case::Take(const model::Requires& asked, bool function) {
  const auto take = [this](const char* level, Level value) {
    const std::string variable = std::string(level) + "_requirement";
    said_.insert_or_assign(variable,
                           Answer{FromLevel(value), "spec.requires." + std::string(level)});
  };
  take("security", asked.security);
  take("compatibility", asked.compatibility);
  take("performance", asked.performance);
  said_.insert_or_assign("function_type", Answer{function, "kind"});
}

void Case::Take(const model::Workload& workload, bool function) {
  Take(workload.requires_, function);
  const model::Slo& slo = workload.slo;
  const auto bound = slo.cold_start ? slo.cold_start : slo.p99;
  if (bound) {
    said_.insert_or_assign("latency_ms",
                           Answer{static_cast<double>(bound->count()),
                                  slo.cold_start ? "spec.slo.cold_start_ms" : "spec.slo.p99_ms"});
  }
  if (function && slo.qps) {
    said_.insert_or_assign("launches_per_second",
                           Answer{static_cast<double>(*slo.qps), "spec.slo.qps"});
  }
}

void Case::Give(std::string_view variable, Json value, std::string from) {
  if (!Find(variable)) {
    said_.insert_or_assign(std::string(variable), Answer{std::move(value), std::move(from)});
  }
}

std::vector<std::string> Case::WordsOf(const Variable& variable) const {
  const auto scenario = Find("scenario");
  if (variable.id != "second_need" || !scenario) return variable.words;
  return SecondNeedsOf(scenario->value);
}

Result<void> Case::Check() const {
  const auto need = Find("second_need");
  const auto scenario = Find("scenario");
  if (!need || !scenario || !scenario->from.empty()) return {};
  const std::vector<std::string> words = SecondNeedsOf(scenario->value);
  if (std::ranges::find(words, need->value.get_ref<const std::string&>()) != words.end()) return {};
  return Refuse(Errc::kInvalidArgument, Refusal::kNotOfScenario,
                {ShowValue(need->value), ShowValue(scenario->value), Listed(words)});
}

std::optional<Case::Answer> Case::Find(std::string_view variable) const {
  if (const auto said = said_.find(variable); said != said_.end()) return said->second;
  for (const Follows& each : kFollows) {
    if (each.variable != variable) continue;
    const auto from = said_.find(each.from);
    if (from == said_.end() || from->second.value != each.when) continue;
    const bool truth = each.value == "true" || each.value == "false";
    return Answer{truth ? Json(each.value == "true") : Json(each.value), std::string(each.from)};
  }
  return std::nullopt;
}

model::Requires Case::Asked() const {
  return {.security = ToLevel(Find("security_requirement")),
          .compatibility = ToLevel(Find("compatibility_requirement")),
          .performance = ToLevel(Find("performance_requirement"))};
}

Case Case::AsManifest() const {
  constexpr std::array<std::string_view, 3> kLevels = {
      "security_requirement", "compatibility_requirement", "performance_requirement"};
  const bool anything =
      said_.contains("function_type") ||
      std::ranges::any_of(kLevels, [this](auto level) { return said_.contains(level); });
  Case all = *this;
  if (!anything) return all;
  for (const std::string_view level : kLevels) {
    all.said_.try_emplace(std::string(level), Answer{"Low", "assumptions"});
  }
  all.said_.try_emplace("function_type", Answer{IsFunction(), "assumptions"});
  return all;
}

bool Case::IsFunction() const {
  const auto said = Find("function_type");
  return !said || said->value == true;
}

model::Class Case::ByRule() const {
  return scheduler::ByRule({.function = IsFunction(), .requires_ = Asked()});
}

}  // namespace strata::advisor
