#include "scheduler/simulate/simulator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "scheduler/placing/node_index.h"
#include "scheduler/placing/strategy.h"
#include "scheduler/scaling/keep_alive.h"
#include "scheduler/simulate/costs.h"
#include "scheduler/simulate/quantiles.h"
#include "scheduler/simulate/sandboxes.h"
#include "scheduler/simulate/timeline.h"
#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {
namespace {

using model::Class;
using model::Level;

constexpr Duration kFixed = std::chrono::minutes(10);
constexpr TimePoint kStart{std::chrono::hours(1)};  // KeepAlive takes zero for never
constexpr double kLongestMs = 1e9;                  // that anything is worth keeping for
constexpr double kReplaced = 0.2;  // of those that ask for security, by Policy::kSomeMicrovm
constexpr std::uint64_t kProgressEvery = 1U << 16;

// Uniform in (0, 1) by `seed` and `number` alone: who is below a share stays so when it grows.
double Draw(std::uint64_t seed, std::uint64_t number) {
  SeededRandom random(seed * 0x9e3779b97f4a7c15ULL + number);
  return Uniform(random);
}

double GibHours(double mib_ms) { return mib_ms / meter::kMibPerGib / meter::kMsPerHour; }

// What becomes due between calls.
class Event {
 public:
  enum class Kind : std::uint8_t { kEnd, kExpiry, kPrewarm };
  Event() = default;
  Event(Kind kind, std::uint32_t subject, std::uint32_t stamp = 0)
      : bits_(static_cast<std::uint64_t>(kind) << 62 | (stamp & kStampMask) << 32 | subject) {}
  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(bits_ >> 62); }
  [[nodiscard]] std::uint32_t subject() const noexcept { return static_cast<std::uint32_t>(bits_); }
  [[nodiscard]] bool Has(std::uint32_t stamp) const noexcept {
    return (bits_ >> 32 & kStampMask) == (stamp & kStampMask);
  }
  friend auto operator<=>(Event, Event) = default;

 private:
  static constexpr std::uint64_t kStampMask = (1ULL << 30) - 1;
  std::uint64_t bits_ = 0;
};

std::vector<Node> MakeNodes(const Settings& settings, const Costs& costs) {
  ClassSet classes;
  for (const Class each : model::kClasses) {
    if (costs.Of(each).measured) classes.Add(each);
  }
  std::vector<Node> nodes;
  for (std::uint32_t i = 0; i < settings.nodes; ++i) {
    const std::string name = "node-" + std::to_string(i);
    nodes.push_back({.name = name,
                     .free_memory = settings.node_memory,
                     .classes = classes,
                     .price = settings.prices.FactorOf(name)});
  }
  return nodes;
}

class Run {
 public:
  Run(const Settings& settings, const Costs& costs, Policy policy, Trace& trace)
      : settings_(settings),
        costs_(costs),
        policy_(policy),
        trace_(trace),
        random_(settings.seed),
        sandboxes_(NodeIndex(MakeNodes(settings, costs))),
        states_(trace.functions().size()) {
    if (policy == Policy::kStrata) keep_alive_.resize(states_.size());
  }

  Result<Outcome> Go(const std::function<void(std::uint64_t)>& progress) {
    for (;;) {
      auto call = trace_.Next();
      if (!call) return std::unexpected(std::move(call).error());
      if (!*call) break;
      Until((*call)->at);
      Begin(**call);
      if (++out_.calls % kProgressEvery == 0 && progress) progress(out_.calls);
    }
    out_.span = now_;
    // The last calls hold their memory until they have ended, and idle sandboxes theirs beside
    // them.
    Until(std::max(now_, last_end_));
    Sum();
    return out_;
  }

 private:
  struct State {  // of a function
    IdleStack idle;
    std::uint32_t running = 0;
    std::uint32_t stamp = 0;  // counts its calls, so that an older pre-warming is known
    SandboxId code = kNone;   // class wasm: its loaded code
    Duration until{};         // of a sandbox that is pre-warmed
    Duration loaded{};        // when the code is there
    Class sandbox_class = Class::kWasm;
    bool placed = false;
  };

  [[nodiscard]] const Function& Of(std::uint32_t function) const {
    return trace_.functions()[function];
  }
  [[nodiscard]] bool HasVariant(std::uint32_t function) const {
    return Of(function).wasm.value_or(Draw(settings_.seed, function) < settings_.wasm_share);
  }

  void Until(Duration now) {
    while (!timeline_.empty() && timeline_.Top().at <= now.count()) {
      const auto [at, event] = timeline_.Top();
      timeline_.Pop();
      const Duration then(at);
      if (event.kind() == Event::Kind::kEnd) End(event.subject(), then);
      if (event.kind() == Event::Kind::kExpiry) Expire(event.subject(), then);
      if (event.kind() == Event::Kind::kPrewarm) Prewarm(event, then);
    }
    now_ = now;
  }

  // --- where a function runs

  Class Place(std::uint32_t function) {
    const bool secure = Of(function).requires_.security != Level::kLow;
    switch (policy_) {
      case Policy::kStrata:
      case Policy::kFixedKeepAlive:
        return Chosen(function);
      case Policy::kAllWasm:
        return Class::kWasm;
      case Policy::kAllMicrovm:
        return Class::kMicrovm;
      case Policy::kSomeMicrovm:
        return secure && Draw(~settings_.seed, function) < kReplaced ? Class::kMicrovm
                                                                     : Class::kContainer;
      case Policy::kWasmIfSensitive:
        return Of(function).slo.cold_start ? Class::kWasm : Class::kContainer;
      case Policy::kAllContainer:
        break;
    }
    return Class::kContainer;
  }

  Class Chosen(std::uint32_t function) {
    const Function& of = Of(function);
    const Figures own{.mean_ms = of.work_ms,
                      .p99_ms = of.work_p99_ms,
                      .cpu_ms = of.work_ms * settings_.cpu_share,
                      .memory_mib = Mib(of.memory)};
    std::vector<Option> options;
    for (const auto& [sandbox_class, prior] : settings_.record) {
      options.push_back({.sandbox_class = sandbox_class,
                         .variant = sandbox_class != Class::kWasm || HasVariant(function),
                         .figures = Beside(prior, own)});
    }
    Question question{.start_each = false, .requires_ = of.requires_, .slo = of.slo, .memory = {}};
    auto placement = Choose(question, options, sandboxes_.Candidates(), settings_.prices);
    if (!placement) {
      ++out_.unplaceable;
      question.slo = {};
      placement = Choose(question, options, sandboxes_.Candidates(), settings_.prices);
    }
    return placement ? placement->sandbox_class : Class::kMicrovm;
  }

  // --- a call

  void Begin(const Call& call) {
    State& state = states_[call.function];
    if (!state.placed) {
      state.placed = true;
      state.sandbox_class = Place(call.function);
      ++out_.functions[static_cast<std::size_t>(state.sandbox_class)];
    }
    const auto begun =
        state.sandbox_class == Class::kWasm ? BeginShared(call, state) : BeginAlone(call, state);
    if (!begun) {
      ++out_.refused;
      return;
    }
    ++state.stamp;
    ++state.running;
    if (!keep_alive_.empty()) keep_alive_[call.function].OnBegin(state.running, kStart + now_);
    Account(call, state, *begun);
  }

  struct Begun {
    SandboxId sandbox = kNone;
    Duration wait{};  // for a creation
  };

  // In a sandbox of its own: one that is idle, or a new one. Nothing: no room.
  std::optional<Begun> BeginAlone(const Call& call, State& state) {
    Duration wait{};
    SandboxId id = state.idle.top;
    if (id != kNone) {
      sandboxes_.SetBusy(id, state.idle);
      wait = std::max(sandboxes_[id].ready - now_, Duration::zero());
    } else {
      id = Add(call.function, state.sandbox_class, MemoryOf(call.function, state.sandbox_class));
      if (id == kNone) return std::nullopt;
      wait = Create(id);
    }
    EndAfter(id, wait + call.work);
    return Begun{id, wait};
  }

  // In an instance beside others of the same code.
  std::optional<Begun> BeginShared(const Call& call, State& state) {
    const Bytes code = costs_.Of(Class::kWasm).memory;
    if (state.idle.top != kNone) sandboxes_.SetBusy(state.code, state.idle);
    if (state.code == kNone) {
      state.code = Add(call.function, Class::kWasm, code);
      if (state.code == kNone) return std::nullopt;
      state.loaded = now_ + Create(state.code);
    }
    const SandboxId id = Add(call.function, Class::kWasm, code + Of(call.function).memory);
    if (id == kNone) {
      if (state.running == 0) Leave(state.code, call.function, now_);
      return std::nullopt;
    }
    const Duration wait = std::max(state.loaded - now_, Duration::zero());
    EndAfter(id, wait + call.work);
    return Begun{id, wait};
  }

  void EndAfter(SandboxId id, Duration took) {
    const Duration at = now_ + took + FromMs(costs_.way_ms);
    last_end_ = std::max(last_end_, at);
    timeline_.Push(at.count(), Event(Event::Kind::kEnd, id));
  }

  void Account(const Call& call, const State& state, const Begun& begun) {
    const Function& of = Of(call.function);
    const Duration wait = begun.wait;
    const Duration latency = wait + call.work + FromMs(costs_.way_ms);
    out_.latencies.Add(latency);
    if (of.slo.cold_start) {
      out_.sensitive.Add(latency);
      out_.sensitive_waits_ms += Ms(wait);
    }
    const bool cold = wait > Duration::zero();
    if (cold) ++out_.cold_starts;
    out_.waits.Add(wait);
    const bool late = (of.slo.p99 && latency > *of.slo.p99) ||
                      (of.slo.cold_start && cold && latency > *of.slo.cold_start);
    if (!late) ++out_.kept_slo;
    if (!BelowFloor(of.requires_, state.sandbox_class).empty()) ++out_.below_floor;
    const double work_cpu_ms = Ms(call.work) * settings_.cpu_share;
    Use(begun.sandbox, {.cpu_ms = work_cpu_ms + costs_.way_cpu_ms});
    const double served_ms = Ms(call.work) + costs_.way_ms;
    busy_mib_ms_ += served_ms * Mib(MemoryOf(call.function, state.sandbox_class));
    out_.work_cost += sandboxes_.PriceOf(begun.sandbox) *
                      settings_.prices.Of(state.sandbox_class)
                          .Of({.cpu_ms = work_cpu_ms, .mib_ms = Ms(call.work) * Mib(of.memory)});
  }

  void End(SandboxId id, Duration now) {
    const std::uint32_t function = sandboxes_[id].function;
    State& state = states_[function];
    --state.running;
    if (state.sandbox_class != Class::kWasm) return Leave(id, function, now);
    sandboxes_.Remove(id, now);
    if (state.running == 0) Leave(state.code, function, now);
  }

  // --- between calls

  // A sandbox, or a function's code, that has nothing to do.
  void Leave(SandboxId id, std::uint32_t function, Duration now) {
    State& state = states_[function];
    Window window{.from = {}, .until = kFixed};
    if (!keep_alive_.empty()) {
      window = keep_alive_[function].OnEnd(state.running, kStart + now,
                                           TermsOf(id, function, state.sandbox_class));
    }
    if (window.from == Duration::zero() && window.until > Duration::zero()) {
      return Keep(id, state, now + window.until);
    }
    Drop(id, state, now);
    if (window.until <= window.from || state.running > 0 || state.idle.top != kNone) return;
    state.until = now + window.until;
    timeline_.Push((now + window.from).count(),
                   Event(Event::Kind::kPrewarm, function, state.stamp));
  }

  void Keep(SandboxId id, State& state, Duration until) {
    sandboxes_.SetIdle(id, state.idle);
    Sandbox& sandbox = sandboxes_[id];
    sandbox.until = until;
    if (sandbox.look == Duration::zero() || sandbox.look > until) Look(id, until);
  }

  void Look(SandboxId id, Duration at) {
    sandboxes_[id].look = at;
    timeline_.Push(at.count(), Event(Event::Kind::kExpiry, id));
  }

  void Drop(SandboxId id, State& state, Duration now) {
    if (state.code == id) state.code = kNone;
    sandboxes_.Remove(id, now);
  }

  void Expire(SandboxId id, Duration now) {
    Sandbox& sandbox = sandboxes_[id];
    if (sandbox.look != now) return;  // an earlier look was asked for, or it is another sandbox
    sandbox.look = {};
    if (!sandbox.idle) return;
    if (sandbox.until > now) return Look(id, sandbox.until);  // it was used in between
    State& state = states_[sandbox.function];
    sandboxes_.SetBusy(id, state.idle);
    Drop(id, state, now);
  }

  void Prewarm(Event event, Duration now) {
    const std::uint32_t function = event.subject();
    State& state = states_[function];
    if (!event.Has(state.stamp) || state.running > 0 || state.idle.top != kNone) return;
    now_ = now;
    const bool shared = state.sandbox_class == Class::kWasm;
    const SandboxId id =
        Add(function, state.sandbox_class,
            shared ? costs_.Of(Class::kWasm).memory : MemoryOf(function, state.sandbox_class));
    if (id == kNone) return;
    const Duration took = Create(id);
    if (shared) {
      state.code = id;
      state.loaded = now + took;
    } else {
      sandboxes_[id].ready = now + took;
    }
    ++out_.prewarmed;
    Keep(id, state, state.until);
  }

  // --- sandboxes

  // What one that serves takes: its own and the function's.
  [[nodiscard]] Bytes MemoryOf(std::uint32_t function, Class sandbox_class) const {
    return costs_.Of(sandbox_class).memory + Of(function).memory;
  }

  // For want of room the one goes that has been idle longest, and the next, ... kNone: none is
  // left.
  SandboxId Add(std::uint32_t function, Class sandbox_class, Bytes memory) {
    for (;;) {
      if (const auto id = sandboxes_.Add(function, sandbox_class, memory, now_)) return *id;
      const SandboxId longest = sandboxes_.longest_idle();
      if (longest == kNone) return kNone;
      State& state = states_[sandboxes_[longest].function];
      sandboxes_.SetBusy(longest, state.idle);
      Drop(longest, state, now_);
      ++out_.evicted;
    }
  }

  // How long until the sandbox, or a function's code, is there.
  Duration Create(SandboxId id) {
    const Class sandbox_class = sandboxes_[id].sandbox_class;
    Use(id, {.cpu_ms = costs_.Of(sandbox_class).create_cpu_ms, .starts = 1});
    return costs_.Creation(sandbox_class, Uniform(random_));
  }

  [[nodiscard]] Terms TermsOf(SandboxId id, std::uint32_t function, Class sandbox_class) const {
    const ClassCosts& costs = costs_.Of(sandbox_class);
    const meter::Price& price = settings_.prices.Of(sandbox_class);
    const Bytes idle =
        sandbox_class == Class::kWasm ? costs.memory : MemoryOf(function, sandbox_class);
    const double factor = sandboxes_.PriceOf(id);
    const double a_ms = factor * price.Of({.mib_ms = Mib(idle)});
    const double creation = factor * price.Of({.cpu_ms = costs.create_cpu_ms, .starts = 1});
    const auto in_time = [a_ms](double dollars) {
      return FromMs(a_ms > 0 ? std::min(dollars / a_ms, kLongestMs) : kLongestMs);
    };
    return {.wait = in_time(price.wait), .creation = in_time(creation), .standard = kFixed};
  }

  void Use(SandboxId id, const meter::Amount& amount) {
    const auto sandbox_class = static_cast<std::size_t>(sandboxes_[id].sandbox_class);
    const double price = sandboxes_.PriceOf(id);
    cpu_ms_ += amount.cpu_ms;
    priced_[sandbox_class].cpu_ms += price * amount.cpu_ms;
    priced_[sandbox_class].starts += price * amount.starts;
  }

  void Sum() {
    out_.busy_gib_hours = GibHours(busy_mib_ms_);
    for (const Class each : model::kClasses) {
      meter::Amount& priced = priced_[static_cast<std::size_t>(each)];
      priced.mib_ms = sandboxes_.PricedMibMs(each, now_);
      out_.cost += settings_.prices.Of(each).Of(priced);
      out_.gib_hours += GibHours(sandboxes_.HeldMibMs(each, now_));
    }
    out_.cpu_hours = cpu_ms_ / meter::kMsPerHour;
  }

  const Settings& settings_;
  const Costs& costs_;
  const Policy policy_;
  Trace& trace_;
  SeededRandom random_;
  Sandboxes sandboxes_;
  std::vector<State> states_;
  std::vector<KeepAlive> keep_alive_;  // of each function; empty: ten minutes
  Timeline<Event> timeline_;
  Duration now_{};
  Duration last_end_{};  // of the calls that have begun
  // What was used, each sandbox's times its node's price.
  std::array<meter::Amount, model::kClasses.size()> priced_{};
  double cpu_ms_ = 0;
  double busy_mib_ms_ = 0;
  Outcome out_;
};

constexpr std::array<std::string_view, 7> kNames = {
    "strata",      "fixed-keep-alive",     "all-container",       "all-wasm",
    "all-microvm", "microvm-for-security", "wasm-for-cold-starts"};

bool IsShare(double value) { return value >= 0 && value <= 1; }

}  // namespace

std::string_view PolicyName(Policy policy) noexcept {
  return kNames[static_cast<std::size_t>(policy)];
}

std::optional<Policy> PolicyFromName(std::string_view name) noexcept {
  const auto found = std::ranges::find(kPolicies, name, PolicyName);
  if (found == kPolicies.end()) return std::nullopt;
  return *found;
}

Result<void> CheckSettings(const Settings& settings) {
  if (!IsShare(settings.wasm_share) || !IsShare(settings.cpu_share)) {
    return Fail(Errc::kInvalidArgument, "a share is a number from 0 to 1");
  }
  if (settings.nodes < 1 || settings.nodes > kMostNodes) {
    return Fail(Errc::kInvalidArgument, "there are 1 to " + std::to_string(kMostNodes) + " nodes");
  }
  auto costs = CostsOf(settings.record);
  if (!costs) return std::unexpected(std::move(costs).error());
  return {};
}

Result<Outcome> Simulate(const Settings& settings, Policy policy, Trace& trace,
                         const std::function<void(std::uint64_t)>& progress) {
  auto costs = CostsOf(settings.record);
  if (!costs) return std::unexpected(std::move(costs).error());
  return Run(settings, *costs, policy, trace).Go(progress);
}

}  // namespace strata::scheduler::simulate
