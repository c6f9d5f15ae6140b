#include "advisor/recommend/documents/tables.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/recommend/documents/assumptions.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/refusal.h"
#include "base/text/strings.h"

namespace strata::advisor {
namespace {

const Json& Decisions() { return Facts(FactFile::kDecisions); }

constexpr std::array<const char*, 2> kStackTables{"quick_reference", "scenario_table"};

// ---- rows of stacks ----------------------------------------------------------------------------

// Text or null, as a cell; of what the document says that it takes none "none".
Cell FactCell(const Json& row, const std::string& key) {
  Text text = TextOf(row, key);
  if (text.empty()) return NoCell();
  if (text.en.empty()) text.en = "none";
  return TextCell(std::move(text));
}

// "epoll, io_uring", and whether the document says that they have to be there.
Cell KernelCell(const Json& kernel) {
  const std::string features = ListOf(kernel.at("features"));
  if (features.empty()) return NoCell();
  if (!kernel.value("required", false)) return WordCell(features);
  return TextCell({features + " (required)", features + "（必需）"});
}

std::vector<Cell> StackRow(const Json& row) {
  if (row.contains("stack")) {
    return {TextCell(LabelOf(row)),
            FactCell(row, "stack"),
            TextCell({row.at("target_label"), row.at("target_zh")}),
            FactCell(row, "device"),
            KernelCell(row.at("kernel")),
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

Names KernelFeatures() {
  Names names("kernel feature");
  for (const Json& row : Decisions().at("quick_reference").at("rows")) {
    for (const Json& feature : row.at("kernel").at("features")) names.Add(feature, feature);
  }
  return names;
}

// A row that speaks of shares of a GPU is about another device than a whole one.
bool Mentions(const std::string& text, const std::string& device) {
  const std::string said = Lower(text);
  const bool share = said.contains("vgpu") && Lower(device) == "gpu";
  return said.contains(Lower(device)) && !share;
}

// Where the two tables of stacks speak of devices.
std::string DevicesIn(const Json& row) {
  if (row.contains("runtime"))
    return row.at("runtime").get<std::string>() + " " + row.value("feature", "");
  return row.at("device").is_string() ? row.at("device").get<std::string>() : "";
}

// The rows of the quick reference and of the scenarios, each once.
class Stacks {
 public:
  explicit Stacks(Section& section) : section_(section) {}

  void Add(const Json& row) {
    if (std::ranges::find(added_, &row) != added_.end()) return;
    added_.push_back(&row);
    section_.rows.push_back(StackRow(row));
  }
  // Those that `has` chooses; kNotFound, by `kind` ("device") and `name`, when there is none.
  Result<void> AddWhere(std::string_view kind, std::string_view name, const auto& has) {
    bool found = false;
    for (const char* table : kStackTables) {
      for (const Json& row : Decisions().at(table).at("rows")) {
        if (!has(row)) continue;
        found = true;
        Add(row);
      }
    }
    if (found) return {};
    return Refuse(Errc::kNotFound, Refusal::kNoStack, {kind, name});
  }

 private:
  Section& section_;
  std::vector<const Json*> added_;
};

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
    const Json& condition = NeedCondition(need.at("id").get_ref<const std::string&>());
    if (HoldsFor(condition, about).holds == true) needs.push_back(&need);
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
      .sources = {FindFact(models, "expected_utility")->at("source"),
                  FindFact(models, "scenario_score")->at("source")}};
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
  const std::array<Text, 5> verbs = {
      Text{"strata recommend --set, --ask", ""}, Text{"strata recommend --need", ""},
      Text{"strata compare", ""}, Text{"the answer below", "见下文结论"}, Text{"strata align", ""}};
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
                            at <= verbs.size() ? TextCell(verbs[at - 1]) : NoCell()});
  }
  return section;
}

Result<Section> StacksSection(const std::vector<std::string>& needs,
                              const std::vector<AskedDevice>& devices,
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
  for (const char* table : kStackTables) names.AddAll(Decisions().at(table).at("rows"));
  const Json& map = Decisions().at("scenario_map");
  for (const Json& row : map.at("rows")) {
    for (const char* key : {"group", "label", "zh"}) names.Add(row.at("group"), row.at(key));
  }
  Stacks stacks(section);
  for (const std::string& need : needs) {
    const auto id = names.Find(need);
    if (!id) return std::unexpected(id.error());
    for (const char* table : kStackTables) {
      const Json* row = FindFact(Decisions().at(table).at("rows"), *id);
      if (row != nullptr) stacks.Add(*row);
    }
    for (const Json& row : map.at("rows")) {
      if (row.at("group") == *id) section.rows.push_back(MapRow(row, map.at("source")));
    }
  }
  for (const AskedDevice& device : devices) {
    auto added = stacks.AddWhere("device", device.word, [&](const Json& row) {
      return Mentions(DevicesIn(row), device.word);
    });
    if (!added) return std::unexpected(std::move(added).error());
  }
  const auto known = ReadFeatures(features);
  if (!known) return std::unexpected(known.error());
  for (const std::string& feature : *known) {
    auto added = stacks.AddWhere("kernel feature", feature, [&](const Json& row) {
      return row.contains("kernel") &&
             std::ranges::count(row.at("kernel").at("features"), Json(feature)) > 0;
    });
    if (!added) return std::unexpected(std::move(added).error());
  }
  return section;
}

Result<std::vector<std::string>> ReadFeatures(const std::vector<std::string>& said) {
  const Names names = KernelFeatures();
  std::vector<std::string> features;
  for (const std::string& each : said) {
    auto found = names.Find(each);
    if (!found) return std::unexpected(std::move(found).error());
    features.push_back(std::move(*found));
  }
  return features;
}

Section PracticesSection(const std::vector<Walk>& walks, model::Class answer,
                         const Json& manifest) {
  const Json& practices = Facts(FactFile::kMatrices).at("best_practices");
  Section section{.id = "practices",
                  .title = {"Practices that the choices follow", "所选遵循的最佳实践"},
                  .columns = {{"choice", {"choice", "选择"}},
                              {"practice", {"practice", "实践"}},
                              {"here", {"here", "体现"}}},
                  .sources = {practices.at("source")}};
  const auto add = [&](Text choice, std::string_view id, Text here) {
    section.rows.push_back({TextCell(std::move(choice)),
                            TextCell(LabelOf(*FindFact(practices.at("practices"), id))),
                            TextCell(std::move(here))});
  };
  const std::string name(model::ClassName(answer));
  const Text chosen{"class " + name, "类别 " + name};
  std::vector<std::string> others;
  for (const Walk& walk : walks) {
    if (!walk.sandbox_class || *walk.sandbox_class == answer) continue;
    const std::string other(model::ClassName(*walk.sandbox_class));
    if (std::ranges::find(others, other) == others.end()) others.push_back(other);
  }
  if (!others.empty()) {
    const std::string also = Listed(others);
    add({name + ", where trees also come to " + also, name + "，另有决策树得出 " + also}, "hybrid",
        {"spec.variants: one artifact for each kind of class, or another workload in it",
         "spec.variants：为每种类别提供制品，或另建工作负载"});
  }
  if (answer >= model::Class::kAppkernel) {
    const Text here = answer == model::Class::kMicrovm
                          ? Text{"'class: container' within 'microvm' adds the container's borders",
                                 "'class: container' 置于 'microvm' 内可再加容器边界"}
                          : Text{"a kernel of its own between the program and the host's",
                                 "程序与主机内核之间有独立内核"};
    add(chosen, "layered", here);
  }
  if (manifest.at("spec").contains("slo")) {
    add(chosen, "performance",
        {"'slo' in the manifest holds it to measured figures", "清单中的 'slo' 以实测数据约束"});
  }
  add(chosen, "standards",
      answer == model::Class::kWasm
          ? Text{"a WASI module or component (W3C, Bytecode Alliance)", "WASI 模块或组件（W3C）"}
          : Text{"an OCI image, unchanged", "OCI 镜像，无需修改"});
  add(chosen, "update",
      {"'strata versions' shows what is here of what the documents state, 'strata measure' what "
       "holds here now",
       "'strata versions' 对照文档所述与本机现状，'strata measure' 给出本机当前的实测"});
  return section;
}

}  // namespace strata::advisor
