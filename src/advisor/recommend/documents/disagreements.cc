#include "advisor/recommend/documents/disagreements.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/recommend/documents/sources.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

using model::Class;

// What the statements speak of: through which nodes, by the facts' ids, each tree was walked.
class Ways {
 public:
  Ways(const Case& about, const std::vector<Walk>& walks) : about_(about), walks_(walks) {}

  [[nodiscard]] bool Came(std::string_view tree, std::string_view node) const {
    const auto walk = std::ranges::find(walks_, tree, &Walk::tree);
    return walk != walks_.end() &&
           (walk->leaf == node || std::ranges::find(walk->nodes, node) != walk->nodes.end());
  }
  [[nodiscard]] bool IsHigh(std::string_view requirement) const {
    const auto known = about_.Find(requirement);
    return known && known->value == "High";
  }

 private:
  const Case& about_;
  const std::vector<Walk>& walks_;
};

// More than one launch a second in the one, not more than a hundred in the other.
bool LaunchThreshold(const Ways& ways) {
  return ways.Came("enterprise_tree", "Q3") && !ways.Came("enterprise_tree", "Docker") &&
         ways.Came("utility_tree", "D2") && ways.Came("utility_tree", "K") &&
         !ways.Came("utility_tree", "D3");
}

bool IsolationThenContainer(const Ways& ways) {
  return ways.Came("utility_tree", "C") && ways.Came("enterprise_tree", "Q3") &&
         (ways.Came("enterprise_tree", "WASM") || ways.Came("enterprise_tree", "Kata"));
}

bool QuarkOnlyOnce(const Ways& ways) {
  return ways.Came("evolution_tree", "I") &&
         (ways.Came("enterprise_tree", "Kata") || ways.Came("utility_tree", "K"));
}

bool VmOnlyOnce(const Ways& ways) {
  const bool plain = ways.Came("evolution_tree", "E") || ways.Came("selection_graph", "C3") ||
                     ways.Came("selection_graph", "F2");
  return plain && ways.Came("scheduling_strategy", "rule 1");
}

bool SecurityBeforeWasm(const Ways& ways) {
  return ways.IsHigh("security_requirement") && ways.Came("scheduling_strategy", "rule 1") &&
         (ways.Came("enterprise_tree", "WASM") || ways.Came("evolution_tree", "H") ||
          ways.Came("utility_tree", "W"));
}

using IsHere = bool (*)(const Ways&);

const std::map<std::string_view, IsHere>& Disagreements() {
  static const std::map<std::string_view, IsHere> all{
      {"launch_threshold", LaunchThreshold},
      {"isolation_then_container", IsolationThenContainer},
      {"quark_only_once", QuarkOnlyOnce},
      {"vm_only_once", VmOnlyOnce},
      {"security_before_wasm", SecurityBeforeWasm}};
  return all;
}

// "evolution_tree, launch_tree: wasm, because latency_ms = 5".
Text Side(const std::vector<const Walk*>& walks) {
  std::vector<std::string> trees;
  for (const Walk* each : walks) trees.push_back(each->tree);
  const std::string of(model::ClassName(*walks.front()->sandbox_class));
  const Text head{Listed(trees) + ": " + of, ""};
  return Join(head, "", Join({", because ", "，因为 "}, "", DecidedBy(*walks.front())));
}

// "evolution_tree: choose virtualization, scheduling_strategy: MicroVM".
Text Outcomes(const std::string& statement, const std::vector<Walk>& walks) {
  Text here;
  for (const Walk& walk : walks) {
    const bool meant = statement.contains(walk.tree) ||
                       (walk.tree == "scheduling_strategy" && statement.contains("000"));
    if (!meant || walk.leaf.empty()) continue;
    here = Join(here, here.empty() ? "" : ", ", Join({walk.tree, ""}, ": ", walk.outcome));
  }
  return here;
}

}  // namespace

Section DisagreementsSection(const Case& about, const std::vector<Walk>& walks) {
  Section section{.id = "disagreements",
                  .title = {"Where the trees disagree", "决策树的分歧"},
                  .columns = {{"id", {"disagreement", "分歧"}},
                              {"statement", {"statement", "说明"}},
                              {"here", {"here", "本例"}}}};
  std::map<Class, std::vector<const Walk*>> sides;
  for (const Walk& walk : walks) {
    if (walk.sandbox_class) sides[*walk.sandbox_class].push_back(&walk);
  }
  for (auto left = sides.begin(); left != sides.end(); ++left) {
    for (auto right = std::next(left); right != sides.end(); ++right) {
      const std::string pair = NamesOf({left->first, right->first});
      section.rows.push_back({TextCell({"in this case", "本例"}),
                              TextCell({"trees come to " + pair, "决策树得出 " + pair}),
                              TextCell(Join(Side(left->second), "; ", Side(right->second)))});
    }
  }
  const Ways ways(about, walks);
  for (const Json& each : Facts(FactFile::kDecisions).at("disagreements")) {
    const auto is_here = Disagreements().find(each.at("id").get_ref<const std::string&>());
    STRATA_CHECK(is_here != Disagreements().end());
    if (!is_here->second(ways)) continue;
    const std::string& statement = each.at("statement").get_ref<const std::string&>();
    section.rows.push_back({WordCell(each.at("id").get<std::string>()),
                            TextCell({statement, each.at("zh")}),
                            TextCell(Outcomes(statement, walks))});
  }
  return section;
}

}  // namespace strata::advisor
