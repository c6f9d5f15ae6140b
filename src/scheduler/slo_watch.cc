#include "scheduler/slo_watch.h"

#include <fmt/format.h>

#include "scheduler/rollout.h"

namespace strata::scheduler {
namespace {

constexpr double kShareAbove = 0.01;  // what a p99 is
constexpr double kRisk = 0.01;        // of one window

}  // namespace

void SloWatch::Add(Duration took, meter::SandboxCame sandbox) {
  const bool busy = sandbox == meter::SandboxCame::kBusy;
  const bool started = !busy && sandbox != meter::SandboxCame::kNone;
  ++calls_;
  busy_ += busy ? 1 : 0;
  unstarted_ += started ? 0 : 1;
  above_ += p99_ && started && took > *p99_ ? 1 : 0;
}

bool SloWatch::MissedP99() const {
  const std::uint64_t ran = calls_ - unstarted_;
  return p99_ && ran > 0 && BinomialAtLeast(above_, ran, kShareAbove) <= kRisk;
}

std::optional<SloWatch::Reason> SloWatch::Check(TimePoint now) {
  if (now - began_ < kWindow || calls_ < kEnough) return std::nullopt;
  std::optional<Reason> why;
  missed_ = MissedP99() ? missed_ + 1 : 0;
  if (2 * unstarted_ > calls_) {
    why = Reason{fmt::format("{} of its last {} calls found no sandbox", unstarted_, calls_)};
    const std::chrono::duration<double> seconds = now - began_;
    if (busy_ > 0) why->because += fmt::format(", {} of them because too many waited", busy_);
    if (unstarted_ < calls_ || 2 * busy_ > unstarted_)
      why->overload = static_cast<double>(calls_) / seconds.count();
  } else if (missed_ >= kInARow) {
    why = Reason{fmt::format(
        "slo.p99_ms is {}, and {:.1f} % of its last {} calls took longer", p99_->count(),
        100 * static_cast<double>(above_) / static_cast<double>(calls_), calls_)};
  }
  began_ = now;
  calls_ = above_ = unstarted_ = busy_ = 0;
  return why;
}

}  // namespace strata::scheduler
