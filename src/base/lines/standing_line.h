// base/lines/standing_line.h - a RankedLine that sheds under sustained overload (after CoDel): who
// has waited too long in one that has been there for long is refused.
//
//   Join --> [ StandingLine ] --Take--> who is served --Served--> how long that takes
//                      \--------Shed--> who is refused
//
// A line that lets all wait as long as they may does harm where more come than can be served: each
// is served when it has hardly any time left, so all wait and many are served in vain. A burst is
// worked off; but a line that has not been empty for kLineStands is overloaded, and who has waited
// in it for kWaitsTooLong goes (after Nichols and Jacobson, "Controlling Queue Delay", ACM Queue,
// 2012). Where serving one takes longer than kWaitsTooLong, both times are longer in proportion: a
// place is not free any sooner.
//
// Of the highest rank that waits the youngest stays, however long: there is always somebody to
// serve, and no lower rank goes before a higher one for being younger.
//
// Threads: one; times are arguments. Lifetime: outlives the places in it. Tested by
// standing_line_test.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/lines/ranked_line.h"

namespace strata {

inline constexpr std::chrono::milliseconds kLineStands{500};
inline constexpr std::chrono::milliseconds kWaitsTooLong{100};
// What who is refused for that is told.
inline constexpr std::string_view kLineStood = "the line has been too long for a while";

// How long whoever has a place has it: the mean over those that have one at any moment, so each
// counts for as long as it takes; of about the last kLast.
class HeldTime {
 public:
  static constexpr double kLast = 50;

  void Add(Duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    sum_ = sum_ * (1 - 1 / kLast) + seconds;
    squares_ = squares_ * (1 - 1 / kLast) + seconds * seconds;
  }
  // 0 while nothing is known.
  [[nodiscard]] Duration value() const {
    if (sum_ <= 0) return {};
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(squares_ / sum_));
  }

 private:
  double sum_ = 0;
  double squares_ = 0;
};

template <typename Waiting, typename Rank, std::size_t kRanks>
class StandingLine {
  struct Since {
    Waiting who;
    TimePoint since;
  };
  using Line = RankedLine<Since, Rank, kRanks>;

 public:
  using Place = typename Line::Place;

  explicit StandingLine(std::size_t most) : line_(most) {}

  [[nodiscard]] std::size_t size() const noexcept { return line_.size(); }
  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
  [[nodiscard]] bool full() const noexcept { return line_.full(); }

  Place Join(Rank rank, Waiting waiting, TimePoint now) {
    if (line_.empty()) stands_since_ = now;
    return line_.Join(rank, {std::move(waiting), now});
  }
  void Leave(const Place& place) { line_.Leave(place); }

  // As those of RankedLine.
  [[nodiscard]] const Waiting& front() const { return line_.front().who; }
  Waiting Take() { return line_.Take().who; }
  std::optional<Waiting> TakeBelow(Rank rank) {
    auto taken = line_.TakeBelow(rank);
    if (!taken) return std::nullopt;
    return std::move(taken->who);
  }

  // Nothing could be served until now, for another reason than that too many came.
  void BeginAnew(TimePoint now) { stands_since_ = now; }

  // Somebody was served, whether or not he had to wait. Where nobody says so, serving takes no
  // time.
  void Served(Duration took) { held_.Add(took); }

  // Takes out who is to be refused.
  std::vector<Waiting> Shed(TimePoint now) {
    const Duration too_long = std::max<Duration>(kWaitsTooLong, held_.value());
    if (now - stands_since_ <= too_long * (kLineStands / kWaitsTooLong)) return {};
    std::vector<Waiting> shed;
    for (Since& late : line_.TakeOldest(
             [now, too_long](const Since& each) { return now - each.since > too_long; })) {
      shed.push_back(std::move(late.who));
    }
    return shed;
  }

 private:
  Line line_;
  HeldTime held_;
  TimePoint stands_since_{};  // it was empty
};

}  // namespace strata
