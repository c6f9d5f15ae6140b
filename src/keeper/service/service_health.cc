// How a service's replicas are: their probes, what they use, and what is told of them.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "keeper/service/health.h"
#include "keeper/service/service.h"

namespace strata::keeper {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr std::chrono::milliseconds kStartPeriod{500};  // nobody waits a long period for a start

}  // namespace

// Until the time has passed, the replica has ended or the service is stopped.
Awaitable<void> Service::Pause(Replica& replica, Duration duration) {
  if (stopping_ || replica.ended) co_return;
  Timer timer(loop_.get_executor(), duration);
  replica.waits.push_back(&timer);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
  std::erase(replica.waits, &timer);
}

// Whoever is still starting is not asked whether it is alive, as long as it may take to start.
Awaitable<void> Service::UntilStarted(Replica& replica) {
  const TimePoint patience = clock_.Now() + ReadyPatience();
  while (!replica.ready && !replica.ended && !stopping_ && clock_.Now() < patience) {
    co_await Pause(replica, kLookAgain);
  }
}

// What is paused on purpose is not asked: it would not answer.
Awaitable<void> Service::WatchReadiness(std::shared_ptr<Service> self,
                                        std::shared_ptr<Replica> replica) {
  const model::Probe& probe = *what_.health.readiness;
  Verdict verdict(probe, false);
  HealthCheck check(loop_, probe, replica, what_.port);
  co_await Pause(*replica, probe.initial_delay);
  bool started = false;
  while (!replica->ended && !stopping_) {
    if (!replica->paused) {
      const auto outcome = co_await check.Try();
      if (replica->ended || stopping_) break;
      last_check_ = outcome ? "" : outcome.error().message;
      if (!replica->paused && verdict.Take(outcome.has_value())) {
        Print(replica->id(), sandbox::Stream::kHost,
              verdict.well() ? "ready" : "not ready: " + last_check_);
        SetReady(*replica, verdict.well());
      }
    }
    started = started || replica->ready;
    co_await Pause(*replica, started ? probe.period : std::min(probe.period, kStartPeriod));
  }
  static_cast<void>(self);
}

Awaitable<void> Service::WatchLiveness(std::shared_ptr<Service> self,
                                       std::shared_ptr<Replica> replica) {
  const model::Probe& probe = *what_.health.liveness;
  Verdict verdict(probe, true);
  HealthCheck check(loop_, probe, replica, what_.port);
  co_await UntilStarted(*replica);
  co_await Pause(*replica, probe.initial_delay);
  while (!replica->ended && !stopping_) {
    if (!replica->paused) {
      const auto outcome = co_await check.Try();
      if (replica->ended || stopping_) break;
      if (!replica->paused && verdict.Take(outcome.has_value())) {
        replica->condemned = "not alive: " + outcome.error().message;
        Print(replica->id(), sandbox::Stream::kHost, replica->condemned + "; asking it to end");
        SetReady(*replica, false);
        replica->AskToEnd();
        break;
      }
    }
    co_await Pause(*replica, probe.period);
  }
  static_cast<void>(self);
}

Task<std::vector<ReplicaState>> Service::States() {
  const auto self = shared_from_this();
  std::vector<ReplicaState> states;
  for (const Slot& slot : slots_) {
    if (what_.scale && !slot.kept) continue;
    const Past& past = slot.past;
    const auto replica = slot.replica;
    ReplicaState state{.restarts = past.restarts, .last_exit = past.last_exit};
    if (replica) {
      const auto load = co_await replica->sandbox->Measure();
      state.sandbox = replica->id();
      state.ready = replica->serves();
      state.paused = replica->paused;
      if (load) state.cpu = load->cpu;
      if (load) state.memory = load->memory;
    } else if (past.next_start) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*past.next_start - clock_.Now());
      state.starts_in_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(left.count(), 1));
    }
    states.push_back(std::move(state));
  }
  co_return states;
}

Awaitable<void> Service::Measure() {
  const auto self = shared_from_this();
  const auto living = Living();
  for (const auto& each : living) {
    const auto load = co_await each->sandbox->Measure();
    if (!load || each->ended) continue;
    each->memory = load->memory;
    each->used.cpu = std::max(load->cpu, each->used.cpu);
    each->HoldUntil(clock_.Now());
  }
}

Measured Service::Used() const {
  Measured all{.name = what_.name,
               .sandbox_class = sandbox_class(),
               .used = ended_,
               .memory = {},
               .sandboxes = 0};
  for (const auto& each : Living()) {
    all.used += each->used;
    all.memory = all.memory + each->memory;
    *all.sandboxes += each->memory.count > 0 ? 1 : 0;  // one that was not looked at yet has none
  }
  return all;
}

Use& Use::operator+=(const Use& more) noexcept {
  cpu += more.cpu;
  held += more.held;
  kib_ms += more.kib_ms;
  return *this;
}

void Replica::HoldUntil(TimePoint now) {
  const auto held = std::chrono::duration_cast<std::chrono::microseconds>(now - seen);
  used.kib_ms += (memory.count >> 10) * static_cast<std::uint64_t>(held.count()) / 1000;
  used.held += now - seen;
  seen = now;
}

}  // namespace strata::keeper
