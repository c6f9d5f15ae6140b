#include "advisor/recommend/tables.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "base/strings.h"

namespace strata::advisor {
namespace {

const Json& Decisions() { return Facts(FactFile::kDecisions); }

// ---- needs of the decision matrix --------------------------------------------------------------

// A need follows from a variable that is `value`, or, with an empty value, from one below `below`.
struct Follows {
  std::string_view need;
  std::string_view variable;
  std::string_view value;
  double below;
};
constexpr double kFastStartMs = 100;
constexpr std::array kNeeds = {
    Follows{"high_performance", "performance_requirement", "High", 0},
    Follows{"high_security", "security_requirement", "High", 0},
    Follows{"low_resources", "scenario", "edge", 0},
    Follows{"fast_start", "latency_ms", "", kFastStartMs},
};

bool Needs(const Case& about, std::string_view need) {
  return std::ranges::any_of(kNeeds, [&](const Follows& each) {
    if (each.need != need) return false;
    const auto known = about.Find(each.variable);
    if (!known) return false;
    return each.value.empty() ? known->value.get<double>() < each.below
                              : known->value == each.value;
  });
}

// ---- rows of stacks ----------------------------------------------------------------------------

// Text or null, as a cell.
Cell FactCell(const Json& row, const std::string& key) {
  const Text text = TextOf(row, key);
  return text.empty() ? NoCell() : TextCell(text);
}

std::vector<Cell> StackRow(const Json& row) {
  if (row.contains("stack")) {
    return {TextCell(LabelOf(row)),
            FactCell(row, "stack"),
            TextCell({row.at("target_label"), row.at("target_zh")}),
            FactCell(row, "device"),
            TextCell({ListOf(row.at("kernel").at("features")), ""}),
            WordCell("003 §00.7.1")};
  }
  const std::string stack =
      row.at("orchestrator").get<std::string>() + ", " + row.at("runtime").get<std::string>() +
      ", " + row.at("storage").get<std::string>() + ", " + row.at("network").get<std::string>() +
      ", " + row.at("policy").get<std::string>();
  return {TextCell(LabelOf(row)), WordCell(stack), FactCell(row, "feature"), NoCell(), NoCell(),
          WordCell("003 §00.6.2")};
}

std::vector<Cell> MapRow(const Json& row, const std::string& source) {
  return {TextCell(LabelOf(row)), WordCell(ListOf(row.at("stack"))), NoCell(), NoCell(), NoCell(),
          WordCell(source)};
}

bool Mentions(const Json& row, std::string_view device) {
  const Json& text = row.at("device");
  return text.is_string() && Lower(text.get_ref<const std::string&>()).contains(Lower(device));
}

// The rows that `has` chooses; kNotFound with `what` when there is none.
Result<void> AddWhere(Section& section, const std::string& what, const auto& has) {
  bool found = false;
  for (const Json& row : Decisions().at("quick_reference").at("rows")) {
    if (!has(row)) continue;
    found = true;
    section.rows.push_back(StackRow(row));
  }
  if (found) return {};
  return Fail(Errc::kNotFound, "no row of the quick reference has " + what);
}

}  // namespace

Section StarsSection(const Case& about) {
  const Json& matrix = Facts(FactFile::kMatrices).at("decision_matrix");
  Section section{.id = "stars",
                  .title = {"Decision matrix: stars of what is needed", "决策矩阵"},
                  .columns = {{"concept", {"concept", "概念"}}},
                  .notes = {TextOf(matrix, "usage")},
                  .sources = {matrix.at("source")}};
  std::vector<const Json*> needs;
  for (const Json& need : matrix.at("needs")) {
    if (Needs(about, need.at("id").get_ref<const std::string&>())) needs.push_back(&need);
  }
  if (needs.empty()) return section;
  for (const Json* need : needs) section.columns.push_back({need->at("id"), LabelOf(*need)});
  section.columns.push_back({"sum", {"sum", "合计"}});
  for (const Json& each : Facts(FactFile::kConcepts).at("concepts")) {
    std::vector<Cell> row{TextCell(LabelOf(each))};
    double sum = 0;
    for (const Json* need : needs) {
      const double stars = need->at("stars").at(each.at("id").get_ref<const std::string&>());
      sum += stars;
      row.push_back(NumberCell(stars));
    }
    row.push_back(NumberCell(sum));
    section.rows.push_back(std::move(row));
  }
  return section;
}

Result<Section> ScoresSection(const std::string& scenario) {
  const Json& models = Facts(FactFile::kModels).at("models");
  const Json& utility = FindFact(models, "expected_utility")->at("parameters");
  Section section{
      .id = "scores",
      .title = {"Stated scores", "文档给出的评分"},
      .columns = {{"technology", {"technology", "技术"}},
                  {"utility", {"utility", "效用"}},
                  {"leaf_utility", {"utility on the tree", "决策树效用"}},
                  {"leaf_cost", {"cost on the tree", "决策树成本"}},
                  {"scenario_score", {"score in the scenario", "场景评分"}}},
      .notes = {{"The documents do not give what these were computed from: 'strata model "
                 "expected_utility'.",
                 "文档未给出这些数值的计算依据：'strata model expected_utility'。"}},
      .sources = {"002 C§4.1", "002 C§6.1"}};
  const Json* weights = nullptr;
  if (!scenario.empty()) {
    const Json& scenarios = FindFact(models, "scenario_score")->at("parameters").at("scenarios");
    Names names("scenario");
    names.AddAll(scenarios);
    const auto id = names.Find(scenario);
    if (!id) return std::unexpected(id.error());
    weights = FindFact(scenarios, *id);
    section.title = Join(section.title, ": ", LabelOf(*weights));
  }
  for (const auto& [technology, claimed] : utility.at("claimed_utility").items()) {
    const Json& leaf = utility.at("tree_leaves").at(technology);
    const std::string score = technology + "_score";
    section.rows.push_back({WordCell(technology), NumberCell(claimed),
                            NumberCell(leaf.at("utility")), NumberCell(leaf.at("cost")),
                            weights != nullptr && weights->contains(score)
                                ? NumberCell(weights->at(score))
                                : NoCell()});
  }
  return section;
}

Section FlowSection() {
  // Where the answer to a step stands.
  constexpr std::array<std::string_view, 5> kVerbs = {"strata recommend --set, --ask",
                                                      "strata recommend --need", "strata compare",
                                                      "the answer below", "strata align"};
  const Json& flow = Facts(FactFile::kMatrices).at("selection_flow");
  Section section{.id = "flow",
                  .title = {"How technology is selected", flow.at("zh")},
                  .columns = {{"step", {"step", "步骤"}},
                              {"what", {"what", "内容"}},
                              {"verb", {"where", "对应命令"}}},
                  .sources = {flow.at("source")}};
  for (const Json& step : flow.at("steps")) {
    const auto at = step.at("step").get<std::size_t>();
    section.rows.push_back({NumberCell(static_cast<double>(at)), TextCell(LabelOf(step)),
                            at <= kVerbs.size() ? WordCell(kVerbs[at - 1]) : NoCell()});
  }
  return section;
}

Result<Section> StacksSection(const std::vector<std::string>& needs,
                              const std::vector<std::string>& devices,
                              const std::vector<std::string>& features) {
  Section section{.id = "stacks",
                  .title = {"Stacks for what is needed", "技术栈"},
                  .columns = {{"need", {"need", "需求"}},
                              {"stack", {"stack", "技术栈"}},
                              {"target", {"target", "目标"}},
                              {"device", {"device", "设备"}},
                              {"kernel", {"kernel", "内核"}},
                              {"source", {"source", "出处"}}}};
  Names names("need");
  for (const char* table : {"quick_reference", "scenario_table"}) {
    names.AddAll(Decisions().at(table).at("rows"));
  }
  const Json& map = Decisions().at("scenario_map");
  for (const Json& row : map.at("rows")) {
    for (const char* key : {"group", "label", "zh"}) names.Add(row.at("group"), row.at(key));
  }
  for (const std::string& need : needs) {
    const auto id = names.Find(need);
    if (!id) return std::unexpected(id.error());
    for (const char* table : {"quick_reference", "scenario_table"}) {
      const Json* row = FindFact(Decisions().at(table).at("rows"), *id);
      if (row != nullptr) section.rows.push_back(StackRow(*row));
    }
    for (const Json& row : map.at("rows")) {
      if (row.at("group") == *id) section.rows.push_back(MapRow(row, map.at("source")));
    }
  }
  for (const std::string& device : devices) {
    auto added = AddWhere(section, "the device '" + device + "'",
                          [&](const Json& row) { return Mentions(row, device); });
    if (!added) return std::unexpected(std::move(added).error());
  }
  if (!devices.empty()) {
    section.notes.push_back(
        {"No sandbox class of this platform hands a device out today: a manifest with "
         "'devices' is refused, with what each class could do.",
         "本平台目前没有任何沙箱类别提供设备：带 'devices' 的清单会被拒绝并说明原因。"});
  }
  for (const std::string& feature : features) {
    auto added = AddWhere(section, "the kernel feature '" + feature + "'", [&](const Json& row) {
      return std::ranges::count(row.at("kernel").at("features"), Json(Lower(feature))) > 0;
    });
    if (!added) return std::unexpected(std::move(added).error());
  }
  return section;
}

Section PracticesSection(const Case& about, const std::vector<Walk>& walks) {
  const Json& practices = Facts(FactFile::kMatrices).at("best_practices");
  std::set<model::Class> classes;
  for (const Walk& walk : walks) {
    if (walk.sandbox_class) classes.insert(*walk.sandbox_class);
  }
  const auto said = [&about](std::string_view variable, std::string_view value) {
    const auto known = about.Find(variable);
    return known && known->value == value;
  };
  Section section{.id = "practices",
                  .title = {"Practices that this follows", "遵循的最佳实践"},
                  .columns = {{"practice", {"practice", "实践"}}, {"here", {"here", "体现"}}},
                  .sources = {practices.at("source")}};
  const auto add = [&](std::string_view id, Text here) {
    section.rows.push_back(
        {TextCell(LabelOf(*FindFact(practices.at("practices"), id))), TextCell(std::move(here))});
  };
  if (classes.size() > 1) {
    add("hybrid", {"the trees come to several classes: give the workload a variant for each",
                   "决策树得出多个类别：为工作负载提供多个变体"});
  }
  if (said("security_requirement", "High")) {
    add("layered", {"'within: microvm' puts a container into a machine of its own",
                    "'within: microvm' 将容器置于独立虚拟机中"});
  }
  if (said("performance_requirement", "High")) {
    add("performance", {"'slo' in the manifest holds the class to measured figures",
                        "清单中的 'slo' 以实测数据约束类别"});
  }
  add("update", {"'strata versions' shows what is installed here beside what the documents state",
                 "'strata versions' 将本机安装版本与文档所述版本并列"});
  add("standards", {"OCI images and WASI components run unchanged elsewhere",
                    "OCI 镜像与 WASI 组件可在其他平台原样运行"});
  return section;
}

}  // namespace strata::advisor
