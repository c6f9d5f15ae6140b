// scheduler/moving/overflow.h - a class that gets more calls than it serves: how many stay in it,
// and when those that went elsewhere come back.
//
//   what came, what it served --KeptPercent--> its share of the traffic --> a move of the rest
//   calls, in either class --Add--> [ Calm ] --Check--> whether all may come back
//
// A class keeps kUsable (bounds.h) of what it was seen to serve, as a node is planned: more would
// have to wait for each other again. Traffic comes back when for a while no more has come than it
// keeps of all; where the next overflow begins within that while, it came back too early, and
// that one waits for twice as long: it cannot flap.
//
// Pure: the time is given. Tested by overflow_test.cc.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace strata::scheduler {

// Less than this is not worth a share of its own: everything goes.
inline constexpr std::uint32_t kLeastKept = 10;

// Of `came` calls a second, the percent that a class keeps which served `carried` of them; 0:
// nothing is worth keeping. 99 at most.
std::uint32_t KeptPercent(double came, double carried);

class Calm {
 public:
  static constexpr std::chrono::seconds kShort{30};
  static constexpr std::chrono::seconds kLong{3600};

  // `carried`: calls a second that the class served when it was full.
  Calm(double carried, Duration wait, TimePoint now);

  void Add() { ++calls_; }
  // It has been calm for `wait`.
  bool Check(TimePoint now);

 private:
  double most_;  // calls a second
  Duration wait_;
  TimePoint began_;  // of this window
  TimePoint since_;  // it is calm
  std::uint64_t calls_ = 0;
};

}  // namespace strata::scheduler
