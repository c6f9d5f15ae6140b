#include "scheduler/strategy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;

// Of equals, the first is taken.
constexpr std::array kByPreference = {Class::kContainer, Class::kWasm, Class::kAppkernel,
                                      Class::kMicrovm, Class::kContainerInMicrovm};

constexpr double kCalls = 1e6;                        // that Estimate::cost is for
constexpr double kMonthMs = 730 * meter::kMsPerHour;  // that of a Service is for

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// "12.5", "130"
std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  if (value >= 1000) std::snprintf(text, sizeof(text), "%.0f", value);
  return text;
}

double Cost(const Question& question, const Figures& figures, const meter::Price& price) {
  if (!question.function) return price.Of({.mib_ms = figures.memory_mib * kMonthMs});
  return price.Of({.cpu_ms = kCalls * figures.cpu_ms,
                   .mib_ms = kCalls * figures.memory_mib * figures.p50_ms,
                   .starts = question.start_each ? kCalls : 0});
}

bool HasVariant(std::span<const Option> options, Class sandbox_class) {
  const auto found = std::ranges::find(options, sandbox_class, &Option::sandbox_class);
  return found != options.end() && found->variant;
}

// Rule 2.
bool WasmAlone(const Question& question, std::span<const Option> options) {
  return question.requires_.performance == Level::kHigh && question.function &&
         HasVariant(options, Class::kWasm);
}

std::string NotAllowed(const Question& question, std::span<const Option> options,
                       Class sandbox_class) {
  const std::string_view below = BelowFloor(question.requires_, sandbox_class);
  if (!below.empty()) return std::string(below);
  if (question.asked) {
    if (*question.asked == sandbox_class) return "";
    return "spec.class is " + Name(*question.asked);
  }
  if (question.by == model::PlacementBy::kRule) {
    const Class by_rule = ByRule(question);
    return by_rule == sandbox_class ? "" : "placement: rule gives " + Name(by_rule);
  }
  const bool strong = question.requires_.security == Level::kHigh ||
                      question.requires_.compatibility == Level::kHigh;
  if (!strong && sandbox_class != Class::kWasm && WasmAlone(question, options)) {
    return "requires.performance: high gives a function with a wasm variant to wasm";
  }
  return "";
}

std::string Missing(const Question& question, const Option* option) {
  if (option == nullptr || !option->variant) return "the workload has no variant for it";
  if (!option->lacking.empty()) return option->lacking;
  return question.devices ? option->withheld : "";
}

const Node* NodeFor(const Question& question, Class sandbox_class, std::span<const Node> nodes) {
  const Node* best = nullptr;
  for (const Node& node : nodes) {
    if (!node.classes.Has(sandbox_class) || node.free_memory < question.memory) continue;
    if (best == nullptr || best->free_memory < node.free_memory) best = &node;
  }
  return best;
}

std::string NoNode(const Question& question, Class sandbox_class, std::span<const Node> nodes) {
  const bool known = std::ranges::any_of(
      nodes, [sandbox_class](const Node& node) { return node.classes.Has(sandbox_class); });
  if (!known) return "no node has this class";
  return "no node of this class has " + std::to_string(question.memory.count >> 20) + " MiB free";
}

std::string OverSlo(std::string_view field, const std::optional<std::chrono::milliseconds>& asked,
                    double measured) {
  if (!asked || measured <= static_cast<double>(asked->count())) return "";
  return std::string(field) + " is " + std::to_string(asked->count()) +
         ", measured here: " + Number(measured);
}

std::string MissesSlo(const Question& question, const Figures& figures) {
  std::string why = OverSlo("slo.p99_ms", question.slo.p99, figures.p99_ms);
  if (!why.empty()) return why;
  if (!figures.cold_start_ms) return "";
  return OverSlo("slo.cold_start_ms", question.slo.cold_start, *figures.cold_start_ms);
}

constexpr double kCentsPerDollar = 100;
constexpr double kMostCents = 1e9;  // that a manifest may name

std::string OverBudget(const Question& question, const model::Estimate& estimate) {
  const double cents = estimate.cost * kCentsPerDollar;
  if (!question.budget.cents || cents <= *question.budget.cents) return "";
  return "budget.usd_cents is " + std::to_string(*question.budget.cents) + ", it costs " +
         Number(cents);
}

// Whether SLO and budget can be told from what was measured.
bool KnowsSlo(const Question& question, const model::Alternative& shown) {
  if (!shown.estimate) return question.slo == model::Slo() && !question.budget.cents;
  return !question.slo.cold_start || shown.estimate->cold_start_ms.has_value();
}

// A class on its way through the rules. What is wrong with it: `lost`, empty while nothing is.
struct Weighed {
  const Option* option = nullptr;
  const Node* node = nullptr;
  model::Alternative shown;
};

Weighed Weigh(const Question& question, std::span<const Option> options, Class sandbox_class,
              std::span<const Node> nodes, const meter::Prices& prices) {
  Weighed weighed;
  const auto found = std::ranges::find(options, sandbox_class, &Option::sandbox_class);
  if (found != options.end()) weighed.option = &*found;
  weighed.shown.sandbox_class = sandbox_class;
  const Figures* figures = nullptr;
  if (weighed.option != nullptr && weighed.option->variant && weighed.option->figures) {
    figures = &*weighed.option->figures;
    weighed.shown.estimate = {.p99_ms = figures->p99_ms,
                              .cold_start_ms = figures->cold_start_ms,
                              .cpu_ms = figures->cpu_ms,
                              .memory_mib = figures->memory_mib,
                              .cost = Cost(question, *figures, prices.Of(sandbox_class)),
                              .source = figures->source};
  }
  std::string& lost = weighed.shown.lost;
  lost = NotAllowed(question, options, sandbox_class);
  if (lost.empty()) lost = Missing(question, weighed.option);
  if (!lost.empty()) return weighed;
  weighed.node = NodeFor(question, sandbox_class, nodes);
  if (weighed.node == nullptr) {
    lost = NoNode(question, sandbox_class, nodes);
  } else if (figures != nullptr) {
    lost = MissesSlo(question, *figures);
    if (lost.empty()) lost = OverBudget(question, *weighed.shown.estimate);
  }
  return weighed;
}

using Field = std::array<Weighed, kByPreference.size()>;  // in the order of kByPreference

Field WeighAll(const Question& question, std::span<const Option> options,
               std::span<const Node> nodes, const meter::Prices& prices) {
  Field field;
  for (std::size_t i = 0; i < field.size(); ++i) {
    field[i] = Weigh(question, options, kByPreference[i], nodes, prices);
  }
  return field;
}

// Of two that fit: what is known to keep the SLO goes first, then what was measured, then the
// cheaper one.
bool Before(const Question& question, const model::Alternative& a, const model::Alternative& b) {
  if (KnowsSlo(question, a) != KnowsSlo(question, b)) return KnowsSlo(question, a);
  if (a.estimate.has_value() != b.estimate.has_value()) return a.estimate.has_value();
  return a.estimate && a.estimate->cost < b.estimate->cost;
}

// The best that is left; null: none is.
const Weighed* Best(const Question& question, const Field& field) {
  const Weighed* best = nullptr;
  for (const Weighed& each : field) {
    if (!each.shown.lost.empty()) continue;
    if (best == nullptr || Before(question, each.shown, best->shown)) {
      best = &each;
    }
  }
  return best;
}

// Why one that fitted was not taken.
std::string Outdone(const Question& question, const model::Alternative& by,
                    const model::Alternative& loser) {
  if (!by.estimate) return "nothing was measured; " + Name(by.sandbox_class) + " goes first then";
  if (!loser.estimate) return "not measured on this host ('strata measure' does)";
  if (KnowsSlo(question, by) && !KnowsSlo(question, loser)) {
    return "whether it keeps the SLO is not known ('strata measure' tells)";
  }
  if (loser.estimate->cost <= by.estimate->cost) return Name(by.sandbox_class) + " wins ties";
  return "costs " + Number(loser.estimate->cost / by.estimate->cost) + " times as much as " +
         Name(by.sandbox_class);
}

std::string Because(const Question& question, const Weighed& best, std::size_t fitting) {
  const bool bounded = question.slo != model::Slo();
  const std::string bound = bounded ? "SLO" : "budget";
  const std::string slo = !bounded && !question.budget.cents ? ""
                          : KnowsSlo(question, best.shown)
                              ? " and keeps the " + bound
                              : "; whether it keeps the " + bound + " is not known";
  if (question.asked) return "spec.class asks for it" + slo;
  if (question.by == model::PlacementBy::kRule) return "the rule gives it" + slo;
  if (fitting == 1) return "the only class that fits" + slo;
  if (!best.shown.estimate) return "the first of what fits; nothing was measured here yet" + slo;
  return "the cheapest of " + std::to_string(fitting) + " that fit" + slo;
}

bool Fits(const Question& question, std::span<const Option> options, std::span<const Node> nodes,
          const meter::Prices& prices) {
  return Best(question, WeighAll(question, options, nodes, prices)) != nullptr;
}

// What would do if it alone gave way, as the manifest would have to say it.
class Ways {
 public:
  Ways(const Question& question, std::span<const Option> options, std::span<const Node> nodes,
       const meter::Prices& prices)
      : question_(question), options_(options), nodes_(nodes), prices_(prices) {
    Lower(&model::Requires::security, "requires.security");
    Lower(&model::Requires::compatibility, "requires.compatibility");
    Lower(&model::Requires::performance, "requires.performance");
    Raise(&model::Slo::p99, "slo.p99_ms",
          [](const Figures& of) { return std::optional(of.p99_ms); });
    Raise(&model::Slo::cold_start, "slo.cold_start_ms",
          [](const Figures& of) { return of.cold_start_ms; });
    RaiseBudget();
    Question changed = question;
    changed.devices = false;
    if (question.devices) Try(changed, "leave spec.devices out");
    changed = question;
    changed.asked.reset();
    if (question.asked) Try(changed, "leave spec.class out");
    changed = question;
    changed.by = model::PlacementBy::kCost;
    if (question.by == model::PlacementBy::kRule) Try(changed, "placement: cost");
  }
  [[nodiscard]] const std::vector<std::string>& found() const noexcept { return found_; }

 private:
  bool Try(const Question& changed, std::string way) {
    const bool fits = Fits(changed, options_, nodes_, prices_);
    if (fits) found_.push_back(std::move(way));
    return fits;
  }

  void Lower(Level model::Requires::* which, const std::string& field) {
    for (auto level = static_cast<int>(question_.requires_.*which) - 1; level >= 0; --level) {
      Question changed = question_;
      changed.requires_.*which = static_cast<Level>(level);
      const auto name = model::LevelName(static_cast<Level>(level));
      if (Try(changed, field + ": " + std::string(name))) return;
    }
  }

  // To the least that some class was measured to need.
  void Raise(std::optional<std::chrono::milliseconds> model::Slo::* which, const std::string& field,
             std::optional<double> (*figure)(const Figures&)) {
    if (!(question_.slo.*which)) return;
    std::vector<std::int64_t> needed;  // whole milliseconds that are enough
    for (const Option& option : options_) {
      if (!option.figures) continue;
      if (const auto ms = figure(*option.figures)) {
        needed.push_back(static_cast<std::int64_t>(*ms) + 1);
      }
    }
    std::ranges::sort(needed);
    for (const std::int64_t ms : needed) {
      Question changed = question_;
      changed.slo.*which = std::chrono::milliseconds(ms);
      if (Try(changed, field + ": " + std::to_string(ms))) return;
    }
  }

  // To the least that some class was measured to cost.
  void RaiseBudget() {
    if (!question_.budget.cents) return;
    std::vector<double> needed;
    for (const Option& option : options_) {
      if (!option.figures) continue;
      const double cost = Cost(question_, *option.figures, prices_.Of(option.sandbox_class));
      needed.push_back(std::ceil(cost * kCentsPerDollar));
    }
    std::ranges::sort(needed);
    for (const double cents : needed) {
      Question changed = question_;
      changed.budget.cents = static_cast<std::uint32_t>(std::min(cents, kMostCents));
      if (Try(changed, "budget.usd_cents: " + std::to_string(*changed.budget.cents))) return;
    }
  }

  const Question& question_;
  std::span<const Option> options_;
  std::span<const Node> nodes_;
  const meter::Prices& prices_;
  std::vector<std::string> found_;
};

Error NothingFits(const Question& question, std::span<const Option> options,
                  std::span<const Node> nodes, const meter::Prices& prices, const Field& field) {
  std::string text = "no class fits:";
  for (const Weighed& each : field) {
    text += "\n  " + Name(each.shown.sandbox_class) + ": " + each.shown.lost;
  }
  const Ways all(question, options, nodes, prices);
  const std::vector<std::string>& ways = all.found();
  for (const std::string& way : ways) {
    text += (&way == ways.data() ? "\nany of these would do: " : "; ") + way;
  }
  if (ways.empty()) text += "\nno single requirement that gave way would do";
  return {Errc::kFailedPrecondition, std::move(text)};
}

}  // namespace

std::string_view BelowFloor(const model::Requires& asked, Class sandbox_class) noexcept {
  const bool strong = sandbox_class >= Class::kMicrovm;
  if (asked.security == Level::kHigh && !strong) {
    return "requires.security: high asks for a machine of its own";
  }
  if (asked.compatibility == Level::kHigh && !strong) {
    return "requires.compatibility: high asks for a machine of its own";
  }
  if (asked.security == Level::kMedium && sandbox_class == Class::kContainer) {
    return "requires.security: medium does not allow sharing the host's kernel";
  }
  return "";
}

Class ByRule(const Question& question) noexcept {
  const model::Requires& asks = question.requires_;
  if (asks.security == Level::kHigh || asks.compatibility == Level::kHigh) return Class::kMicrovm;
  if (asks.performance == Level::kHigh && question.function) return Class::kWasm;
  return Class::kContainer;
}

Result<model::Placement> Choose(const Question& question, std::span<const Option> options,
                                std::span<const Node> nodes, const meter::Prices& prices) {
  Field field = WeighAll(question, options, nodes, prices);
  const Weighed* best = Best(question, field);
  if (best == nullptr) return std::unexpected(NothingFits(question, options, nodes, prices, field));
  const auto fitting = static_cast<std::size_t>(
      std::ranges::count_if(field, [](const Weighed& each) { return each.shown.lost.empty(); }));
  model::Placement placement{.sandbox_class = best->shown.sandbox_class,
                             .by_rule = ByRule(question),
                             .node = best->node->name,
                             .because = Because(question, *best, fitting),
                             .alternatives = {best->shown}};
  for (Weighed& each : field) {
    if (&each == best) continue;
    if (each.shown.lost.empty()) each.shown.lost = Outdone(question, best->shown, each.shown);
    placement.alternatives.push_back(std::move(each.shown));
  }
  return placement;
}

}  // namespace strata::scheduler
