#include "scheduler/moving/slo_watch.h"

#include <fmt/format.h>

#include "scheduler/placing/shown.h"

namespace strata::scheduler {
namespace {

using meter::SandboxCame;

constexpr double kShareUnstarted = 0.01;  // that may find no sandbox, if the manifest says nothing
constexpr double kTests = 4;              // that share a window's risk, as those of a rollout do

// Two of them tell how many calls come: a window that had few may have begun an hour ago.
constexpr std::chrono::seconds kSlot{2};

// Of a whole window, which has half of the risk; looks at fewer calls have the other half.
bool Shown(std::uint64_t hits, std::uint64_t of, double share) {
  return scheduler::Shown(hits, of, share, SloWatch::kRisk / 2 / kTests);
}

double Percent(std::uint64_t part, std::uint64_t of) {
  return 100 * static_cast<double>(part) / static_cast<double>(of);
}

}  // namespace

void SloWatch::Add(const Call& call) {
  const bool busy = call.sandbox == SandboxCame::kBusy;
  const bool started = !busy && call.sandbox != SandboxCame::kNone;
  const bool cold = call.sandbox == SandboxCame::kMade;
  ++seen_.calls;
  ++lately_[1].came;
  seen_.failed += call.failed || !started ? 1 : 0;
  seen_.program += call.failed && call.program && started ? 1 : 0;
  seen_.busy += busy ? 1 : 0;
  seen_.unstarted += started ? 0 : 1;
  seen_.above += slo_.p99 && started && call.took > *slo_.p99 ? 1 : 0;
  seen_.cold += cold ? 1 : 0;
  seen_.cold_above += slo_.cold_start && cold && call.took > *slo_.cold_start ? 1 : 0;
}

// Of one that left earlier nobody knows how long it would have taken.
void SloWatch::AddLeft(Duration took) {
  ++lately_[1].came;
  if (!slo_.p99 || took <= *slo_.p99) return;
  ++seen_.calls;
  ++seen_.above;
}

double SloWatch::MayFail() const {
  return slo_.availability ? ShareThatMayFail(slo_) : kShareUnstarted;
}

bool SloWatch::TooMany(std::uint64_t failed) const {
  return slo_.availability && Shown(failed, seen_.calls, MayFail());
}

SloWatch::Reason SloWatch::Unavailable(std::uint64_t failed) const {
  return Reason{fmt::format("slo.availability is {:.10g}, and {:.1f} % of its last {} calls failed",
                            100 * *slo_.availability / kAvailabilityParts,
                            Percent(failed, seen_.calls), seen_.calls)};
}

SloWatch::Reason SloWatch::NoSandbox(TimePoint now) const {
  Reason why{fmt::format("{} of its last {} calls found no sandbox", seen_.unstarted, seen_.calls)};
  if (seen_.busy > 0) {
    why.because += fmt::format(", {} of them because too many waited", seen_.busy);
  }
  if (seen_.unstarted < seen_.calls || 2 * seen_.busy > seen_.unstarted) {
    const std::chrono::duration<double> seconds = now - lately_[0].began;
    const double came = static_cast<double>(lately_[0].came + lately_[1].came) / seconds.count();
    why.overload = came;
    why.carried = came * static_cast<double>(seen_.calls - seen_.unstarted) /
                  static_cast<double>(seen_.calls + elsewhere_);
  }
  return why;
}

bool SloWatch::Decisive() {
  if (seen_.calls < next_look_) return false;
  next_look_ = NextLook(seen_.calls);
  const double risk = RiskOf(++looks_, kRisk / 2) / kTests;
  const std::uint64_t ran = seen_.calls - seen_.unstarted;
  return Shown(seen_.unstarted, seen_.calls, MayFail(), risk) ||
         (slo_.availability && Shown(seen_.failed, seen_.calls, MayFail(), risk)) ||
         Shown(seen_.above, ran, kShareAbove, risk) ||
         Shown(seen_.cold_above, seen_.cold, kShareAbove, risk);
}

std::optional<SloWatch::Reason> SloWatch::Check(TimePoint now) {
  if (now - began_ < kWindow) return std::nullopt;
  const bool enough = seen_.calls >= kEnough;
  if (!enough && !Decisive()) {
    if (now - lately_[1].began >= kSlot) lately_ = {lately_[1], {now}};
    return std::nullopt;
  }
  const std::uint64_t ran = seen_.calls - seen_.unstarted;
  const bool full = full_.Add(Shown(seen_.unstarted, seen_.calls, MayFail()));
  const bool unavailable = unavailable_.Add(TooMany(seen_.failed - seen_.program));
  const bool program = program_.Add(TooMany(seen_.failed));
  const bool slow = slow_.Add(slo_.p99 && Shown(seen_.above, ran, kShareAbove));
  const bool slow_start =
      slow_start_.Add(slo_.cold_start && Shown(seen_.cold_above, seen_.cold, kShareAbove));
  missing_ = full_.windows > 0 || unavailable_.windows > 0 || slow_.windows > 0 ||
             slow_start_.windows > 0 || program_.windows > 0;

  std::optional<Reason> why;
  if ((enough && 2 * seen_.unstarted > seen_.calls) || full) {
    why = NoSandbox(now);
  } else if (unavailable) {
    why = Unavailable(seen_.failed - seen_.program);
  } else if (slow) {
    why = Reason{fmt::format("slo.p99_ms is {}, and {:.1f} % of its last {} calls took longer",
                             slo_.p99->count(), Percent(seen_.above, seen_.calls), seen_.calls)};
  } else if (slow_start) {
    why = Reason{fmt::format(
        "slo.cold_start_ms is {}, and {} of the last {} calls that waited for their sandbox took "
        "longer",
        slo_.cold_start->count(), seen_.cold_above, seen_.cold)};
  } else if (program) {
    why = Unavailable(seen_.failed);
    why->because += fmt::format(", {} of them because its program answered so", seen_.program);
    why->program = true;
  }
  began_ = now;
  seen_ = {};
  elsewhere_ = 0;
  lately_ = {{{now}, {now}}};
  looks_ = 0;
  next_look_ = NextLook(0);
  return why;
}

}  // namespace strata::scheduler
