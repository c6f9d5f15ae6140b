// Structures, the roadmap's stages, and what follows from their definitions.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/report/report.h"
#include "base/text/json.h"
#include "model/resource.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor::models {
namespace {

// "WHAT is the reader's to set".
Text Readers(const char* what, const char* chinese) {
  return {std::string(what) + " is the reader's to set", std::string(chinese) + "由读者设定"};
}

struct SandboxType {
  std::string_view name;
  std::string_view applications[2];
};
constexpr SandboxType kSandboxTypes[] = {
    {"MicroVM", {"Legacy_Apps", "Security_Sensitive_Services"}},
    {"WASM", {"Function_Compute", "Event_Driven_Components"}},
    {"Container", {"Standard_Microservices", ""}},
};

Model HybridArchitecture(const Json& fact) {
  ParameterList parameters(fact);
  for (const SandboxType& type : kSandboxTypes) {
    for (const std::string_view application : type.applications) {
      if (!application.empty()) {
        parameters.YesNo(std::string(application), true,
                         {"R is not given: every kind of application", "未给出 R：取全部应用类型"});
      }
    }
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    double types = 0;
    std::vector<bool> needed;
    for (const SandboxType& type : kSandboxTypes) {
      needed.push_back(std::ranges::any_of(type.applications, [&in](std::string_view application) {
        return !application.empty() && in.Yes(application);
      }));
      types += needed.back() ? 1 : 0;
    }
    out.Add("sandbox_types", types);
    for (std::size_t i = 0; i < needed.size(); ++i) {
      out.YesNo("needs." + std::string(kSandboxTypes[i].name), needed[i]);
    }
    out.Add("parts", types + 2);  // with the manager and the scheduler
    return out;
  };
  return model;
}

constexpr std::string_view kClassesOfRule[] = {"MicroVM", "WASM", "Container"};

Model SchedulingStrategy(const Json& fact) {
  const Text why = Readers("whose application is asked", "所问的应用");
  Model model;
  model.parameters = ParameterList(fact)
                         .Choose("security_requirement", "low", kLowToHigh, why)
                         .Choose("compatibility_requirement", "low", kLowToHigh, why)
                         .Choose("performance_requirement", "low", kLowToHigh, why)
                         .YesNo("function", true, why);
  model.evaluate = [](const Inputs& in) {
    const auto level = [&in](const char* name) { return static_cast<model::Level>(in[name]); };
    scheduler::Question question;
    question.function = in.Yes("function");
    question.requires_ = {.security = level("security_requirement"),
                          .compatibility = level("compatibility_requirement"),
                          .performance = level("performance_requirement")};
    const model::Class chosen = scheduler::ByRule(question);
    Outputs out;
    out.Choose("class",
               chosen == model::Class::kMicrovm ? 0
               : chosen == model::Class::kWasm  ? 1
                                                : 2,
               kClassesOfRule);
    return out;
  };
  return model;
}

constexpr std::string_view kEras[] = {"Virtualization", "Containerization", "Sandboxing", "WASM"};
constexpr std::string_view kDataTypes[] = {"Centralized", "Distributed", "Flowing"};

Model InformationArchitecture(const Json& fact) {
  Model model;
  model.parameters =
      ParameterList(fact).Choose("era", "WASM", kEras, Readers("whose era is asked", "所问的时代"));
  model.evaluate = [](const Inputs& in) {
    constexpr double kTypes[] = {0, 1, kUndefined, 2};  // none is given for sandboxing
    Outputs out;
    out.Choose("type", kTypes[static_cast<std::size_t>(in["era"])], kDataTypes);
    return out;
  };
  return model;
}

constexpr std::string_view kMechanisms[] = {"ETL", "Streaming", "Event_Stream"};

Model DataSyncMechanism(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact).Choose(
      "type", "Flowing", kDataTypes, Readers("whose architecture is asked", "所问的架构"));
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Choose("mechanism", in["type"], kMechanisms);
    return out;
  };
  return model;
}

// How many of the technologies that E(t) lists there are at `t`.
double ListedBy(const Inputs& in, double t) {
  double listed = 0;
  for (const std::string name : {"D", "K", "K3", "W", "O"}) {
    listed += in[name + ".since"] <= t ? 1 : 0;
  }
  return listed;
}

Model DomainModel(const Json& fact) {
  const Text why =
      Join(Readers("whose domain is asked", "所问的领域"), "; ", {"the smallest one", "取最小者"});
  Model model;
  model.parameters = ParameterList(fact)
                         .Assume("aggregates", 1, kCount, why)
                         .Assume("events", 1, kCount, why)
                         .Assume("boundaries", 1, kCount, why);
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Add("elements", in["aggregates"] + in["events"] + in["boundaries"]);
    out.Add("events_per_aggregate", in["events"] / in["aggregates"]);
    out.Add("aggregates_per_boundary", in["aggregates"] / in["boundaries"]);
    return out;
  };
  return model;
}

constexpr std::string_view kStages[] = {"Current", "Short_Term", "Medium_Term", "Long_Term",
                                        "Future"};
constexpr Kind kDate{"year", 1900, 2200, kExact};

struct Interval {
  double from;
  double to;
  [[nodiscard]] bool Has(double t) const { return t >= from && t <= to; }
};

// The stage's interval, without its beginning for the one that has no end.
std::vector<Interval> Intervals(const Inputs& in) {
  std::vector<Interval> intervals;
  for (const std::string_view each : kStages) {
    const std::string stage(each);
    const bool last = each == "Future";
    intervals.push_back({in[stage + ".from"], last ? kNoBound : in[stage + ".to"]});
  }
  return intervals;
}

bool InStage(const std::vector<Interval>& intervals, std::size_t stage, double t) {
  const bool after = stage + 1 < intervals.size() || t > intervals[stage].from;
  return after && intervals[stage].Has(t);
}

double StageAt(const std::vector<Interval>& intervals, double t) {
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (InStage(intervals, i, t)) return static_cast<double>(i);
  }
  return kUndefined;
}

// How many of the end points are in two cases of the definition.
double PointsInTwoCases(const std::vector<Interval>& intervals) {
  std::vector<double> points;
  for (const Interval& interval : intervals) {
    points.push_back(interval.from);
    if (interval.to != kNoBound) points.push_back(interval.to);
  }
  std::ranges::sort(points);
  const auto rest = std::ranges::unique(points);
  points.erase(rest.begin(), rest.end());
  double shared = 0;
  for (const double point : points) {
    int cases = 0;
    for (std::size_t i = 0; i < intervals.size(); ++i)
      cases += InStage(intervals, i, point) ? 1 : 0;
    shared += cases > 1 ? 1 : 0;
  }
  return shared;
}

Model ImplementationStage(const Json& fact) {
  const std::string table = "000 §4.1";
  constexpr Kind kMonths{"months", 0, 1200, kExact};
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("intervals.*.from", kDate)
          .Take("intervals.*.to", kDate)
          .Assume("t", 2025, kYear,
                  Join(Readers("when is asked", "所问的时间"), ": ", {"the first year", "首年"}))
          .Stated("Short_Term.months", 6, kMonths, table)
          .Stated("Medium_Term.months", 12, kMonths, table)
          .Stated("Long_Term.months", 18, kMonths, table);
  model.evaluate = [](const Inputs& in) {
    const std::vector<Interval> intervals = Intervals(in);
    Outputs out;
    out.Choose("stage", StageAt(intervals, in["t"]), kStages);
    out.Add("points_in_two_cases", PointsInTwoCases(intervals));
    bool same = true;
    for (const std::string stage : {"Short_Term", "Medium_Term", "Long_Term"}) {
      const double end = in["Current.from"] + in[stage + ".months"] / 12;
      out.Add("end_by_months." + stage, end, "year");
      same = same && end == in[stage + ".to"];
    }
    out.YesNo("months_match", same);
    return out;
  };
  model.checks = {
      {"well_defined",
       {"points_in_two_cases"},
       [](const Outputs& out) { return out["points_in_two_cases"] == 0; }},
      {"month_consistency",
       {"end_by_months.Short_Term", "end_by_months.Medium_Term", "end_by_months.Long_Term"},
       [](const Outputs& out) { return out["months_match"] == 1; }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    const std::vector<Interval> intervals = Intervals(in);
    LinePlot plot{kYearAxis, {"stage, 0 to 4", "阶段，0 到 4"}, {}};
    plot.lines.push_back(
        Curve("stage", 2025, 2028, [&](double t) { return StageAt(intervals, t); }));
    return plot;
  };
  return model;
}

// The goals of the stages in their order, as the fact has them.
Levels Goals() {
  static const std::vector<std::string_view> goals = [] {
    const Json& stages =
        FindFact(Facts(FactFile::kModels).at("models"), "stage_goal")->at("parameters");
    std::vector<std::string_view> all;
    for (const std::string_view stage : kStages) {
      all.push_back(stages.at(std::string(stage)).at("goal").get_ref<const std::string&>());
    }
    return all;
  }();
  return goals;
}

Model StageGoal(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact).Choose("stage", "Current", kStages,
                                                Readers("which stage is asked", "所问的阶段"));
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Choose("goal", in["stage"], Goals());
    return out;
  };
  return model;
}

constexpr std::string_view kStatuses[] = {"Planned", "In_Progress", "Completed"};

double StatusAt(double now, double start, double target) {
  if (now > target) return 2;
  return now >= start ? 1 : 0;
}

// In how many stages a time of the stage is after its target.
double CompletedWithin(const std::vector<double>& ends, const std::vector<double>& targets) {
  double stages = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) stages += ends[i] > targets[i] ? 1 : 0;
  return stages;
}

Model MilestoneStatus(const Json& fact) {
  const Text why{"no start and target times are given: from def 4.1 and the months of 000 §4.1",
                 "未给出起止时间：取自定义 4.1 与 000 §4.1 的月数"};
  ParameterList parameters(fact);
  for (const Json& each : fact.at("parameters").at("suggested")) {
    const auto stage = each.at("stage").get<std::string>();
    parameters.Assume(stage + ".start", each.at("start").get<double>(), kDate, why);
    // The last one has no end: it is never reached.
    const Json& target = each.at("target");
    parameters.Assume(stage + ".target", target.is_null() ? kDate.high : target.get<double>(),
                      kDate, target.is_null() ? Text{"none is given: never", "未给出：永不"} : why);
  }
  parameters.Assume("current_time", 2025, kYear, Readers("when is asked", "所问的时间"))
      .Stated("Long_Term.end", 2027, kDate, "000 §4.0 def 4.1");
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    std::vector<double> targets;
    double completed = 0;
    for (const std::string_view each : kStages) {
      const std::string stage(each);
      targets.push_back(in[stage + ".target"]);
      const double status = StatusAt(in["current_time"], in[stage + ".start"], targets.back());
      out.Choose("status." + stage, status, kStatuses);
      completed += status == 2 ? 1 : 0;
    }
    std::vector<double> ends = targets;
    ends[3] = in["Long_Term.end"];
    out.Add("milestones_completed", completed);
    out.Add("stages_completed_within.by_intervals", CompletedWithin(ends, ends));
    out.Add("stages_completed_within.by_months", CompletedWithin(ends, targets));
    return out;
  };
  model.checks = {{"theorem_4_1",
                   {"stages_completed_within.by_intervals", "stages_completed_within.by_months"},
                   [](const Outputs& out) {
                     return out["stages_completed_within.by_intervals"] == std::size(kStages) ||
                            out["stages_completed_within.by_months"] == std::size(kStages);
                   }}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{
        kYearAxis, {"0 planned, 1 in progress, 2 completed", "0 计划，1 进行中，2 完成"}, {}};
    for (const std::string_view each : kStages) {
      const std::string stage(each);
      plot.lines.push_back(Curve(stage, 2024.5, 2028, [&](double t) {
        return StatusAt(t, in[stage + ".start"], in[stage + ".target"]);
      }));
    }
    return plot;
  };
  return model;
}

Model LayerSet(const Json& fact) {
  const Text why = Join(Readers("whose stack is asked", "所问的技术栈"), ": ",
                        {"one with all layers", "取各层齐备者"});
  ParameterList parameters(fact);
  for (const char* layer : {"L", "A", "R", "P", "S"}) parameters.YesNo(layer, true, why);
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    double layers = 0;
    for (const char* layer : {"L", "A", "R", "P", "S"}) layers += in.Yes(layer) ? 1 : 0;
    Outputs out;
    out.Add("layers", layers);
    out.YesNo("complete", layers == 5);
    return out;
  };
  return model;
}

Model EvolutionFunction(const Json& fact) {
  const std::string line = "003 §00.2.2";
  Model model;
  model.parameters =
      ParameterList(fact)
          .Stated("D.since", 2013, kDate, line)
          .Stated("K.since", 2014, kDate, line)
          .Stated("K3.since", 2019, kDate, line)
          .Stated("W.since", 2020, kDate, line)
          .Stated("O.since", 2021, kDate, line)
          .Stated("Service_Mesh.since", 2016, kDate, line)
          .Assume("t", 2025, {"year", 1900, 2200, 5}, Readers("when is asked", "所问的时间"));
  model.evaluate = [](const Inputs& in) {
    const double listed = ListedBy(in, in["t"]);
    const double mesh = in["Service_Mesh.since"] <= in["t"] ? 1 : 0;
    Outputs out;
    out.Add("in_E", listed);
    out.Add("in_main_line", listed + mesh);
    out.Add("missing_in_E", mesh);
    return out;
  };
  model.checks = {{"complete", {"in_E", "in_main_line"}, [](const Outputs& out) {
                     return out["missing_in_E"] == 0;
                   }}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{kYearAxis, {"technologies in E(t)", "E(t) 中的技术数"}, {}};
    plot.lines.push_back(Curve("E(t)", 2012, 2026, [&in](double t) { return ListedBy(in, t); }));
    return plot;
  };
  return model;
}

constexpr std::string_view kLearners[] = {"beginner", "intermediate", "expert"};
constexpr std::string_view kPaths[] = {"beginner path", "advanced path", "expert path"};

Model CognitivePath(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact).Choose("level", "beginner", kLearners,
                                                Readers("whose level is asked", "所问的水平"));
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Choose("path", in["level"], kPaths);
    return out;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"hybrid_architecture", HybridArchitecture},
    {"scheduling_strategy", SchedulingStrategy},
    {"information_architecture", InformationArchitecture},
    {"data_sync_mechanism", DataSyncMechanism},
    {"domain_model", DomainModel},
    {"implementation_stage", ImplementationStage},
    {"stage_goal", StageGoal},
    {"milestone_status", MilestoneStatus},
    {"layer_set", LayerSet},
    {"evolution_function", EvolutionFunction},
    {"cognitive_path", CognitivePath},
};

}  // namespace

std::span<const Entry> Architecture() { return kEntries; }

}  // namespace strata::advisor::models
