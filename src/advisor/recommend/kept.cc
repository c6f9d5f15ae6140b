#include "advisor/recommend/kept.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/measured/claimed.h"
#include "base/text/json.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;

// What is asked for, and the row that shows it.
struct Demand {
  std::string_view row;
  double value = 0;
  bool at_least = false;  // else at most
  std::string from;       // "spec.slo.p99_ms"
};

std::vector<Demand> DemandsOf(const RecommendQuestion& question) {
  std::vector<Demand> demands;
  const auto said = [&question](const char* variable) -> std::optional<double> {
    const auto known = question.about.Find(variable);
    if (!known || !known->from.empty()) return std::nullopt;
    return known->value.get<double>();
  };
  const auto latency = said("latency_ms");
  const auto launches = said("launches_per_second");
  // What was said goes before what the manifest asks for.
  if (question.from) {
    const model::Slo& slo = question.from->workload()->slo;
    const auto add = [&demands](const auto& time, const char* row, const char* from) {
      if (time) demands.push_back({row, static_cast<double>(time->count()), false, from});
    };
    if (!latency) {
      add(slo.cold_start, "cold_start", "spec.slo.cold_start_ms");
      add(slo.p99, "latency_p99", "spec.slo.p99_ms");
    }
    if (slo.qps && !launches) {
      demands.push_back({"throughput", static_cast<double>(*slo.qps), true, "spec.slo.qps"});
    }
  }
  // The documents do not say of what a latency is.
  if (latency) {
    for (const char* row : {"cold_start", "latency_p99"}) {
      demands.push_back({row, *latency, false, "latency_ms"});
    }
  }
  if (launches) {
    demands.push_back({"throughput", *launches, true, "launches_per_second"});
  }
  return demands;
}

enum class Keeping : std::uint8_t { kYes, kNo, kOpen };

struct Look {
  std::optional<Measured> measured;
  Keeping kept = Keeping::kOpen;
  Text text = {"not measured", "未测"};
};

Look LookFor(const Demand& demand, Class in, const measure::Record& record) {
  Look look{.measured = LookAt(record, {.row = demand.row, .in = in})};
  if (!look.measured) return look;
  const Json asked = {{demand.at_least ? "min" : "max", demand.value},
                      {"unit", look.measured->unit}};
  const JudgedClaim judged = JudgeClaim(*look.measured, "", {asked, demand.from});
  look.text = judged.text;
  if (judged.verdict == Verdict::kAsClaimed) {
    look.kept = Keeping::kYes;
    look.text = {"keeps", "满足"};
  } else if (judged.verdict == Verdict::kAbove || judged.verdict == Verdict::kBelow) {
    look.kept = Keeping::kNo;
    look.text = {"does not keep", "不满足"};
  }
  return look;
}

// The answer's class, then the others that may be used.
std::vector<Class> ClassesOf(const RecommendQuestion& question, Class answer) {
  std::vector<Class> classes{answer};
  for (const Class each : model::kClasses) {
    const bool may = scheduler::BelowFloor(question.about.Asked(), each).empty();
    if (each != answer && may) classes.push_back(each);
  }
  return classes;
}

Text AskedText(const Demand& demand, std::string_view unit) {
  const std::string figure = Figure(demand.value) + " " + std::string(unit);
  return demand.at_least ? Text{"at least " + figure, "至少 " + figure}
                         : Text{"at most " + figure, "至多 " + figure};
}

Section EmptyKept() {
  return {.id = "kept",
          .title = {"What is asked for, and measured here", "所求与本机实测"},
          .columns = {{"quantity", {"quantity", "指标"}},
                      {"asked", {"asked", "所求"}},
                      {"from", {"from", "来自"}},
                      {"class", {"class", "类别"}},
                      {"measured", {"measured here", "本机实测"}},
                      {"interval", {"95 % interval", "95% 区间"}},
                      {"verdict", {"verdict", "结论"}}},
          .notes = {{"Of the small programs of 'strata measure', the answer's class first; what a "
                     "workload's own calls show decides where it runs ('strata explain').",
                     "以 strata measure 的小程序测得，推荐类别在前；负载自身的调用决定其实际类别"
                     "（strata explain）。"}}};
}

std::vector<Cell> RowOf(const Demand& demand, Class in, const Look& look) {
  const measure::Row& row = *measure::FindRow(demand.row);
  const bool is = look.measured.has_value();
  return {TextCell(LabelOf(row)),
          TextCell(AskedText(demand, row.unit)),
          WordCell(demand.from),
          WordCell(model::ClassName(in)),
          is ? ShortCell(look.measured->value, row.unit) : NoCell(),
          is ? IntervalCell(look.measured->interval) : NoCell(),
          TextCell(look.text)};
}

// That the answer does not keep `broken`, and the classes that keep all there is.
Text ButText(const std::vector<Text>& broken, const std::vector<std::string>& keep) {
  Text quantities;
  for (const Text& each : broken) {
    quantities = {quantities.en + (quantities.empty() ? "" : "; ") + each.en,
                  quantities.zh + (quantities.empty() ? "" : "、") + each.zh};
  }
  const Text who = keep.empty()
                       ? Text{"no class that may be used was measured to", "可用类别均未测得满足"}
                       : Text{"measured to: " + Listed(keep), "测得满足者：" + Listed(keep)};
  return {"but it was measured here not to keep " + quantities.en + " as asked (" + who.en + ")",
          "但本机实测不满足所求的" + quantities.zh + "（" + who.zh + "）"};
}

}  // namespace

Held HoldAgainst(const RecommendQuestion& question, Class answer) {
  Held held{.section = EmptyKept(), .but = {}};
  const std::vector<Demand> demands = DemandsOf(question);
  if (demands.empty()) return held;
  const measure::Record record = WithRows(question.record);
  std::vector<Text> broken;
  std::vector<std::string> keep;
  const std::vector<Class> classes = ClassesOf(question, answer);
  std::vector<bool> keeps_all(classes.size(), true);
  for (const Demand& demand : demands) {
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const Look look = LookFor(demand, classes[i], record);
      if (look.kept != Keeping::kYes) keeps_all[i] = false;
      if (look.measured || classes[i] == answer) {
        held.section.rows.push_back(RowOf(demand, classes[i], look));
      }
      if (classes[i] == answer && look.kept == Keeping::kNo) {
        broken.push_back(LabelOf(*measure::FindRow(demand.row)));
      }
    }
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (keeps_all[i]) keep.emplace_back(model::ClassName(classes[i]));
  }
  if (!broken.empty()) held.but = ButText(broken, keep);
  return held;
}

}  // namespace strata::advisor
