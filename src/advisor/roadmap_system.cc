#include "advisor/roadmap_system.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "advisor/facts/facts.h"
#include "base/check.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

using model::Class;

const Json& Source() { return Facts(FactFile::kRoadmap); }

// What is deployed, by what the stages are about.
struct Counts {
  int containers = 0;
  int strong = 0;
  int wasm = 0;
  int placed = 0;  // whose class the platform took by figures of this host

  [[nodiscard]] int kinds() const { return (containers > 0) + (strong > 0) + (wasm > 0); }
  [[nodiscard]] int others() const { return containers + strong; }
};

// The manifest left the class open and to cost, and there were figures of the one that was taken.
bool IsPlacedByFigures(const Json& resource) {
  const Json spec = resource.value("spec", Json::object());
  const Json placement =
      resource.value("status", Json::object()).value("placement", Json::object());
  const Json alternatives = placement.value("alternatives", Json::array());
  return spec.is_object() && !spec.contains("class") && spec.value("placement", "cost") != "rule" &&
         !alternatives.empty() && alternatives.front().contains("estimate");
}

Counts CountsOf(const Installation& installation) {
  const std::map<Class, int> workloads = installation.Workloads();
  const auto of = [&workloads](std::initializer_list<Class> classes) {
    int count = 0;
    for (const Class each : classes) {
      const auto found = workloads.find(each);
      if (found != workloads.end()) count += found->second;
    }
    return count;
  };
  Counts counts{.containers = of({Class::kContainer}),
                .strong = of({Class::kAppkernel, Class::kMicrovm, Class::kContainerInMicrovm}),
                .wasm = of({Class::kWasm})};
  counts.placed =
      static_cast<int>(std::ranges::count_if(installation.resources, IsPlacedByFigures));
  return counts;
}

std::string Number(int count, const char* of) { return std::to_string(count) + " " + of; }

const Text kOnlyHttp{"triggers by HTTP only", "仅有 HTTP 触发"};

// Of an item of a milestone; `met` is nothing where no installation can show it.
struct Seen {
  Text here{"cannot be seen here", "此处无法得知"};
  std::optional<bool> met;
};

// What is kept of the calls of `all` workloads, as the status says; one of an earlier server does
// not.
Seen Monitoring(const Json& status, int all) {
  const auto observe = status.find("observe");
  if (observe == status.end()) return {};
  const bool logs = observe->value("accessLog", false);
  // Metrics are counted from records of calls, which either of the two has written.
  const bool metrics = logs || observe->value("metering", false);
  const bool traces = observe->value("traceRatio", 0.0) > 0;
  Text kept;
  if (metrics) kept = Join(kept, ", ", {"metrics", "指标"});
  if (traces) kept = Join(kept, ", ", {"traces", "追踪"});
  if (logs) kept = Join(kept, ", ", {"logs", "日志"});
  if (kept.empty()) kept = {"nothing", "无"};
  const std::string count = std::to_string(all);
  return {Join({"workloads: " + count, "工作负载：" + count}, "; ", kept),
          all > 0 && metrics && traces && logs};
}

constexpr std::size_t kItems = 3;  // of each milestone

// In the order of the facts.
std::vector<Seen> SeenOf(const Installation& installation, const Counts& counts) {
  const auto version = installation.status.find("version");
  const bool answers = version != installation.status.end() && version->is_string();
  const std::string manager = answers ? "stratad " + version->get<std::string>() : "-";
  const int all = counts.wasm + counts.others();
  const std::string placed = std::to_string(counts.placed);
  const Seen cannot_be_seen;
  return {
      Seen{{Number(counts.strong, "appkernel, microvm"), ""}, counts.strong > 0},
      Seen{{manager, ""}, answers},
      cannot_be_seen,
      Seen{{Number(counts.wasm, "wasm"), ""}, counts.wasm > 0},
      cannot_be_seen,
      cannot_be_seen,
      Seen{{Number(counts.kinds(), "/ 3"), ""}, counts.kinds() > 1},
      Seen{{placed + " placed by what was measured", placed + " 个由平台按实测选择类别"},
           counts.placed > 0},
      Monitoring(installation.status, all),
      Seen{{std::to_string(counts.wasm) + " wasm / " + std::to_string(all), ""},
           counts.wasm > counts.others()},
      Seen{kOnlyHttp, false},
      cannot_be_seen,
  };
}

Text MetText(const std::optional<bool>& met) {
  if (!met) return {"not known", "未知"};
  return *met ? Text{"met", "已达成"} : Text{"not met", "未达成"};
}

Text StatusOf(std::span<const Seen> items) {
  const auto met = [](const Seen& each) { return each.met == true; };
  if (std::ranges::all_of(items, met)) return {"completed", "已完成"};
  if (std::ranges::any_of(items, met)) return {"in progress", "进行中"};
  return {"planned", "计划中"};
}

}  // namespace

Section SystemStages(const Installation& installation) {
  Section section{
      .id = "system",
      .title = {"This installation", "本安装"},
      .columns = {{"stage", {"stage", "阶段"}},
                  {"goal", {"goal", "目标"}},
                  {"here", {"here", "本机"}},
                  {"status", {"status", "状态"}}},
      .notes = {
          {"Counted: workloads that are deployed, by class. A stage is in use when one of its "
           "kind is; the last one asks for triggers by events, too.",
           "统计：按类部署的工作负载；有同类负载即视为在用；最后阶段还需事件触发。"}}};
  const Counts counts = CountsOf(installation);
  const auto add = [&section](const Json& stage, Text here, bool in_use) {
    section.rows.push_back(
        {TextCell(LabelOf(stage)), TextCell(LabelOf(stage.at("goal"))), TextCell(std::move(here)),
         TextCell(in_use ? Text{"in use", "在用"} : Text{"not in use", "未用"})});
  };
  const Json& stages = Source().at("stages");
  add(stages[0], {Number(counts.containers, "container"), ""}, counts.containers > 0);
  add(stages[1], {Number(counts.strong, "appkernel, microvm"), ""}, counts.strong > 0);
  add(stages[2], {Number(counts.wasm, "wasm"), ""}, counts.wasm > 0);
  add(stages[3], {Number(counts.kinds(), "/ 3"), ""}, counts.kinds() > 1);
  const std::string share =
      std::to_string(counts.wasm) + " wasm / " + std::to_string(counts.wasm + counts.others());
  add(stages[4], Join({share, ""}, "; ", kOnlyHttp), false);
  return section;
}

Section SystemMilestones(const Installation& installation) {
  Section section{.id = "system_milestones",
                  .title = {"Milestones of this installation", "本安装的里程碑"},
                  .columns = {{"milestone", {"milestone", "里程碑"}},
                              {"name", {"name", "名称"}},
                              {"status", {"status", "状态"}},
                              {"item", {"item", "事项"}},
                              {"here", {"here", "本机"}},
                              {"met", {"met", "达成"}}},
                  .notes = {{"Planned: no item is met; completed: all are; else in progress.",
                             "计划中：无一达成；已完成：全部达成；其余为进行中。"}}};
  const std::vector<Seen> seen = SeenOf(installation, CountsOf(installation));
  const Json& milestones = Source().at("milestones");
  STRATA_CHECK(milestones.size() * kItems == seen.size());
  for (std::size_t i = 0; i < milestones.size(); ++i) {
    const Json& items = milestones[i].at("items");
    STRATA_CHECK(items.size() == kItems);
    const auto of = std::span(seen).subspan(i * kItems, kItems);
    for (std::size_t j = 0; j < kItems; ++j) {
      section.rows.push_back({NumberCell(milestones[i].at("id")), TextCell(LabelOf(milestones[i])),
                              TextCell(StatusOf(of)), TextCell(LabelOf(items[j])),
                              TextCell(of[j].here), TextCell(MetText(of[j].met))});
    }
  }
  return section;
}

}  // namespace strata::advisor
