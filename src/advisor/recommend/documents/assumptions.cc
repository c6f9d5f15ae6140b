#include "advisor/recommend/documents/assumptions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/text.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

const Json& Decisions() { return Facts(FactFile::kDecisions); }

// A need of the decision matrix, which the document leaves a word.
struct Meaning {
  std::string_view need;
  Json condition;
  std::string_view figure;  // the row of the quick reference with a figure for it; empty: none has
  Text origin;
};

// The one bound on a latency that the documents' trees ask for.
const Json& LatencyTest(const Json& tree) {
  for (const Json& node : tree.at("nodes")) {
    if (node.contains("test") && node.at("test").at("var") == "latency_ms") return node.at("test");
  }
  STRATA_CHECK(false);
}

Json Is(const char* variable, const char* value) {
  return {{"var", variable}, {"op", "="}, {"value", value}};
}

const std::vector<Meaning>& Meanings() {
  static const std::vector<Meaning> all = [] {
    const Json& tree = *FindFact(Decisions().at("trees"), "enterprise_tree");
    const std::string bound = tree.at("source");
    const Text ours{"ours: the documents give no condition", "本项目：文档未给出条件"};
    return std::vector<Meaning>{
        {"high_performance", Is("performance_requirement", "High"), "", ours},
        {"high_security", Is("security_requirement", "High"), "", ours},
        {"low_resources", Is("scenario", "edge"), "resource_constrained", ours},
        {"fast_start",
         LatencyTest(tree),
         "low_latency",
         {"ours, with the bound of " + bound, "本项目，界限取自 " + bound}},
    };
  }();
  return all;
}

const Meaning& MeaningOf(std::string_view need) {
  const auto found = std::ranges::find(Meanings(), need, &Meaning::need);
  STRATA_CHECK(found != Meanings().end());
  return *found;
}

// "memory < 300 MB (resource constrained, 003 §00.7.1)".
Cell FigureCell(std::string_view row_id) {
  if (row_id.empty()) return NoCell();
  const Json& table = Decisions().at("quick_reference");
  const Json& row = *FindFact(table.at("rows"), row_id);
  const Text place = Join(LabelOf(row), ", ", {table.at("source").get<std::string>(), ""});
  return TextCell(Join({row.at("target_label"), row.at("target_zh")}, " ",
                       Join(Join({"(", ""}, "", place), "", {")", ""})));
}

Cell HoldsCell(const Json& condition, const Case& about) {
  const auto holds = HoldsFor(condition, about).holds;
  if (!holds) return TextCell({"not known", "未知"});
  return {YesOrNo(*holds), *holds};
}

// The levels that are asked for, and what the workload is, where that was not said.
void AddUnsaid(const Case& about, Section& to) {
  const Text not_said{"not said", "未给定"};
  for (const Variable& variable : Variables()) {
    Text taken;
    Text origin;
    if (variable.id == "security_requirement" || variable.id == "compatibility_requirement" ||
        variable.id == "performance_requirement") {
      taken = {"Low", ""};
      origin = {"ours: a manifest that leaves it out asks for no more",
                "本项目：清单未写时即不作更高要求"};
    } else if (variable.id == "function_type") {
      taken = {ShowValue(about.IsFunction()), ""};
      origin = {"ours: a new manifest is a Function, and the scheduler's rule is asked about it",
                "本项目：新清单为 Function，调度规则据此判断"};
    }
    if (taken.empty() || about.Find(variable.id)) continue;
    to.rows.push_back(
        {WordCell(variable.id), TextCell(taken), TextCell(not_said), NoCell(), TextCell(origin)});
  }
}

// One thing under several names (case.h).
void AddFollowing(const Case& about, Section& to) {
  for (const Variable& variable : Variables()) {
    const auto known = about.Find(variable.id);
    if (!known || known->from.empty()) continue;
    const auto from = about.Find(known->from);
    if (!from) continue;  // a field of the manifest, which says it
    to.rows.push_back({WordCell(variable.id), WordCell(ShowValue(known->value)),
                       WordCell(known->from + " = " + ShowValue(from->value)), NoCell(),
                       TextCell({"ours: two names for one thing", "本项目：同一事物的两个名称"})});
  }
}

}  // namespace

const Json& NeedCondition(std::string_view need) { return MeaningOf(need).condition; }

Section AssumptionsSection(const Case& about) {
  Section section{.id = "assumptions",
                  .title = {"What is assumed", "所作假设"},
                  .columns = {{"assumption", {"of", "对象"}},
                              {"as", {"taken as", "视为"}},
                              {"case", {"in this case", "本情形"}},
                              {"figure", {"figure in the documents", "文档中的数值"}},
                              {"origin", {"source", "出处"}}}};
  for (const Json& need : Facts(FactFile::kMatrices).at("decision_matrix").at("needs")) {
    const Meaning& meaning = MeaningOf(need.at("id").get_ref<const std::string&>());
    section.rows.push_back({TextCell(LabelOf(need)), WordCell(ShowCondition(meaning.condition)),
                            HoldsCell(meaning.condition, about), FigureCell(meaning.figure),
                            TextCell(meaning.origin)});
  }
  section.rows.push_back({TextCell({"weight of each need", "各需求的权重"}),
                          TextCell({"the same", "相同"}), NoCell(), NoCell(),
                          TextCell({"ours: the document gives none", "本项目：文档未给出"})});
  section.rows.push_back(
      {TextCell({"a latency in the tree of launches", "启动决策树中的延迟"}),
       TextCell({"the nearest order of magnitude", "最近的数量级"}),
       about.Find("latency_ms")
           ? WordCell("latency_ms = " + ShowValue(about.Find("latency_ms")->value))
           : TextCell({"not known", "未知"}),
       NoCell(), TextCell({"ours: the document gives no cut points", "本项目：文档未给出分界"})});
  section.rows.push_back(
      {TextCell({"a plain virtual machine", "普通虚拟机"}), WordCell("microvm"), NoCell(), NoCell(),
       TextCell({"ours: the machine that the platform has", "本项目：平台所具有的虚拟机"})});
  section.rows.push_back(
      {TextCell({"sandboxing, where a tree or table names it", "决策树或表中的沙盒化"}),
       TextCell({"appkernel, the least of its classes; microvm where the tree says so",
                 "appkernel，其类别中开销最小者；决策树指明时为 microvm"}),
       NoCell(), NoCell(),
       TextCell({"ours: the concept has both classes", "本项目：该概念含两种类别"})});
  AddUnsaid(about, section);
  AddFollowing(about, section);
  return section;
}

}  // namespace strata::advisor
