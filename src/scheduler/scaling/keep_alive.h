// scheduler/scaling/keep_alive.h - how long a revision's idle sandbox stays, and when one is made
// before it is called for: a histogram of how long the revision is idle, and what an avoided wait
// is worth.
//
//   pool: a call begins or ends --> [ KeepAlive ] --> Window: from when until when one is warm
//
// After M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020: a histogram of idle times
// with a bounded range, what is beyond it counted, a standard keep-alive as long as too little is
// known, and pre-warming only where the histogram is concentrated (by its coefficient of
// variation). What differs: the window is not cut at fixed percentiles but where it is worth most,
// avoided waits against idle memory (Terms); bins grow with the time they stand for (eight for each
// doubling), so that seconds and hours fit into 120 bytes; and each of a revision's sandboxes
// counts, by level: the first call at once, the second beside it, ...
//
// Pure: times are arguments. Memory: 176 bytes a revision, kMostBytes once calls have run at once;
// OnBegin takes constant time, OnEnd some hundred steps at most. Never fails. Tested by
// keep_alive_test.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace strata::scheduler {

// After a sandbox fell idle it is warm in [from, until). `from` is zero: it stays. Otherwise it
// goes, and another one is made then. `until` equals `from`: none is kept.
struct Window {
  Duration from{};
  Duration until{};
  friend bool operator==(const Window&, const Window&) = default;
};

// What keeping a revision's sandbox is weighed against, in the time that it could be kept idle for
// the same price. They may change; what was decided holds until more is known of the revision.
struct Terms {
  Duration wait{};      // of what it is worth that a call need not wait for a creation
  Duration creation{};  // of what the resources for one creation cost
  Duration standard = std::chrono::minutes(10);  // the longest while too little is known
};

class KeepAlive {
 public:
  // A call begins, the `running`-th at once (1: the revision was idle).
  void OnBegin(std::uint32_t running, TimePoint now);

  // A call ended beside which `others` still run: what becomes of its sandbox.
  Window OnEnd(std::uint32_t others, TimePoint now, const Terms& terms);

 private:
  // Idle times, and what follows from them.
  class Histogram {
   public:
    void Count(Duration idle) noexcept;
    Window Decide(const Terms& terms, bool may_prewarm) noexcept;

   private:
    static constexpr std::size_t kBins = 120;          // up to 16,384 s
    static std::size_t BinOf(Duration idle) noexcept;  // kBins: beyond the range
    static Duration EdgeOf(std::size_t bin) noexcept;  // the shortest time in it
    [[nodiscard]] Window Best(const Terms& terms, bool may_prewarm) const noexcept;
    [[nodiscard]] bool IsConcentrated() const noexcept;

    Window decided_;
    std::uint32_t seen_ = 0;  // idle times in the bins and beyond
    std::uint32_t beyond_ = 0;
    std::uint32_t until_next_ = 0;            // idle times until it is decided anew
    std::array<std::uint8_t, kBins> bins_{};  // all are halved when one is full
  };

  // Of the sandboxes beside the first: some levels of calls at once are watched, and what is seen
  // there is taken for the levels around them.
  static constexpr std::array<std::uint32_t, 15> kWatched = {2,  3,  4,  6,  8,   12,  16, 24,
                                                             32, 48, 64, 96, 128, 192, 256};
  static constexpr std::array<std::uint32_t, 3> kGroupEnds = {4, 16, 64};
  struct Deep {
    std::array<TimePoint, kWatched.size()> vacated{};
    std::array<Histogram, kGroupEnds.size() + 1> histograms;
  };
  static std::size_t GroupOf(std::uint32_t level) noexcept;
  [[nodiscard]] TimePoint* VacatedAt(std::uint32_t level) noexcept;
  [[nodiscard]] Histogram& At(std::uint32_t level) noexcept;

  TimePoint vacated_{};         // when the revision fell idle last
  Histogram alone_;             // of the revision as a whole
  std::unique_ptr<Deep> deep_;  // none before two calls have run at once

 public:
  static constexpr std::size_t kMostBytes = 896;
  static_assert(sizeof(Histogram) + sizeof(Deep) + 2 * sizeof(void*) <= kMostBytes);
};

}  // namespace strata::scheduler
