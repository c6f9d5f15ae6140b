#include "scheduler/placing/weigh.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;

constexpr std::array kByPreference = {Class::kContainer, Class::kWasm, Class::kAppkernel,
                                      Class::kMicrovm, Class::kContainerInMicrovm};

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }
std::string Mib(Bytes bytes) { return std::to_string(bytes.count >> 20); }

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
    const std::string_view by = question.asked_by.empty() ? "spec.class is" : question.asked_by;
    return std::string(by) + " " + Name(*question.asked);
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
  if (question.devices && !option->withheld.empty()) return option->withheld;
  const std::string asked = "limits.memory_mib is " + Mib(question.memory);
  if (question.memory < option->memory.least) {
    return asked + ", and it needs " + Mib(option->memory.least) + " at least";
  }
  if (question.memory > option->memory.most) {
    return asked + ", and it can give " + Mib(option->memory.most) + " at most";
  }
  return "";
}

// Which of two nodes that have the class and the memory is better. Of those with the processors the
// cheaper, of equals the roomier; of those without, the one with more.
bool Better(const Node& node, const Node& than, double cores) {
  const bool enough = node.cores >= cores;
  if (enough != (than.cores >= cores)) return enough;
  if (!enough) return node.cores > than.cores;
  if (node.price != than.price) return node.price < than.price;
  return node.free_memory > than.free_memory;
}

// The best of those that `may` take it; null: none may.
const Node* BestNode(std::span<const Node> nodes, double cores, auto may) {
  const Node* best = nullptr;
  for (const Node& node : nodes) {
    if (may(node) && (best == nullptr || Better(node, *best, cores))) best = &node;
  }
  return best;
}

const Node* NodeFor(const Question& question, Class sandbox_class, std::span<const Node> nodes,
                    double cores) {
  return BestNode(nodes, cores, [&, memory = MemoryFor(question)](const Node& node) {
    return node.classes.Has(sandbox_class) && node.free_memory >= memory;
  });
}

// Of the node that it would run on, so that the costs of all classes compare: of one that no node
// can take, that of the node which is best if nothing is asked of it.
double PriceFactor(const Node* taken, std::span<const Node> nodes, double cores) {
  if (taken == nullptr) taken = BestNode(nodes, cores, [](const Node&) { return true; });
  return taken == nullptr ? 1 : taken->price;
}

// What the first node that was asked says of it, and how many said something, too.
std::string WhyNot(Class sandbox_class, std::span<const Node> nodes) {
  std::string why;
  std::size_t more = 0;
  for (const Node& node : nodes) {
    const auto found = node.lacking.find(sandbox_class);
    if (found == node.lacking.end()) continue;
    if (why.empty()) {
      why = ": on " + node.name + ", " + found->second;
    } else {
      ++more;
    }
  }
  return more == 0 ? why : why + "; and why not on " + std::to_string(more) + " more";
}

std::string NoNode(const Question& question, Class sandbox_class, std::span<const Node> nodes) {
  const Node* roomiest = Roomiest(sandbox_class, nodes);
  if (roomiest == nullptr) return "no node has this class" + WhyNot(sandbox_class, nodes);
  return "no node of this class has " + Mib(MemoryFor(question)) + " MiB free; " + roomiest->name +
         " has " + Mib(roomiest->free_memory);
}

// What is bounded, from the class's figures to the best that it may do; nothing: not known.
std::optional<Range> Expected(const Question& question, const Bound& bound,
                              const meter::Price& price, const Weighed& weighed) {
  const Option& option = *weighed.option;
  const auto with = [&](const Figures& figures) {
    return bound.expected({question, weighed.shown.sandbox_class, figures, weighed.node->cores,
                           CostOf(question, figures, price) * weighed.node->price});
  };
  auto range = option.figures ? with(*option.figures) : std::nullopt;
  if (!range || !option.at_best) return range;
  constexpr Range kAnything{0, std::numeric_limits<double>::infinity()};
  const Range best = with(*option.at_best).value_or(kAnything);
  return Range{std::min(range->least, best.least), std::max(range->most, best.most)};
}

// The first bound that the class misses on its node; empty: none. Notes what is expected of it, and
// whether it is known to keep all.
std::string Misses(const Question& question, const meter::Price& price, Weighed& weighed) {
  std::string first;
  weighed.knows = true;
  const auto bounds = Bounds();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const Bound& bound = bounds[i];
    const auto asked = bound.asked(question);
    if (!asked) continue;
    auto& expected = weighed.expected[i];
    expected = Expected(question, bound, price, weighed);
    weighed.knows = weighed.knows && expected && bound.Keeps(bound.Worse(*expected), *asked);
    if (!first.empty() || !expected || bound.Keeps(bound.Better(*expected), *asked)) continue;
    first = std::string(bound.field) + " is " + Exact(*asked) + ", " + std::string(bound.has) +
            Rounded(bound.Better(*expected));
    if (bound.because == nullptr) continue;
    const Figures& figures = *weighed.option->figures;
    first += bound.because({question, weighed.shown.sandbox_class, figures, weighed.node->cores,
                            CostOf(question, figures, price)});
  }
  return first;
}

Weighed Weigh(const Case& asked, Class sandbox_class) {
  const Question& question = asked.question;
  Weighed weighed;
  const auto found = std::ranges::find(asked.options, sandbox_class, &Option::sandbox_class);
  if (found != asked.options.end()) weighed.option = &*found;
  weighed.shown.sandbox_class = sandbox_class;
  const Figures* figures = nullptr;
  if (weighed.option != nullptr && weighed.option->variant && weighed.option->figures) {
    figures = &*weighed.option->figures;
    weighed.shown.estimate = {.p99_ms = figures->p99_ms,
                              .cold_start_ms = figures->cold_start_ms,
                              .cpu_ms = figures->cpu_ms,
                              .memory_mib = figures->memory_mib,
                              .qps = std::nullopt,
                              .failure_rate = figures->failed,
                              .cost = CostOf(question, *figures, asked.prices.Of(sandbox_class)),
                              .source = figures->source};
  }
  const double cores = figures == nullptr ? 0 : CoresFor(question, *figures);
  weighed.node = NodeFor(question, sandbox_class, asked.nodes, cores);
  if (figures != nullptr) {
    weighed.shown.estimate->cost *= PriceFactor(weighed.node, asked.nodes, cores);
  }
  std::string& lost = weighed.shown.lost;
  lost = NotAllowed(question, asked.options, sandbox_class);
  if (lost.empty()) lost = Missing(question, weighed.option);
  if (lost.empty() && weighed.node == nullptr) lost = NoNode(question, sandbox_class, asked.nodes);
  if (!lost.empty()) return weighed;
  if (figures != nullptr) {
    weighed.shown.estimate->qps =
        CapacityOf(question, sandbox_class, *figures, weighed.node->cores);
  }
  lost = Misses(question, asked.prices.Of(sandbox_class), weighed);
  return weighed;
}

bool Before(const Weighed& a, const Weighed& b) {
  if (a.knows != b.knows) return a.knows;
  const auto& cost = a.shown.estimate;
  const auto& other = b.shown.estimate;
  if (cost.has_value() != other.has_value()) return cost.has_value();
  return cost && cost->cost < other->cost;
}

}  // namespace

Bytes MemoryFor(const Question& question) noexcept {
  return Bytes{question.memory.count * question.held};
}

const Node* Roomiest(Class sandbox_class, std::span<const Node> nodes) noexcept {
  const Node* roomiest = nullptr;
  for (const Node& node : nodes) {
    if (!node.classes.Has(sandbox_class)) continue;
    if (roomiest == nullptr || roomiest->free_memory < node.free_memory) roomiest = &node;
  }
  return roomiest;
}

Field WeighAll(const Case& asked) {
  Field field;
  for (std::size_t i = 0; i < field.size(); ++i) field[i] = Weigh(asked, kByPreference[i]);
  return field;
}

const Weighed* Best(const Field& field) {
  const Weighed* best = nullptr;
  for (const Weighed& each : field) {
    if (!each.shown.lost.empty()) continue;
    if (best == nullptr || Before(each, *best)) best = &each;
  }
  return best;
}

}  // namespace strata::scheduler
