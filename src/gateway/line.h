// gateway/line.h - the calls of one tenant that wait for a cell, in the order of their priority and
// then of their coming; bounded.
//
// Threads: one loop. Lifetime: outlives whoever waits in it. Tested by endpoints_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <ranges>
#include <utility>

#include "base/clock.h"
#include "base/promise.h"
#include "model/values.h"

namespace strata::gateway {

template <typename T>
class Line {
 public:
  struct Waiting {
    Promise<T>* turn;
    TimePoint since;
  };
  // Where one waits; valid until it is taken or leaves.
  struct Place {
    model::Priority priority;
    typename std::list<Waiting>::iterator at;
  };

  explicit Line(std::size_t most) : most_(most) {}

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ >= most_; }

  Place Join(model::Priority priority, Waiting waiting) {
    auto& ranks = Of(priority);
    ++size_;
    return {priority, ranks.insert(ranks.end(), waiting)};
  }
  void Leave(const Place& place) {
    Of(place.priority).erase(place.at);
    --size_;
  }

  // Takes the next out; not to be called on an empty line.
  Waiting Take() {
    auto ranks = std::ranges::find_if(ranks_ | std::views::reverse,
                                      [](const auto& each) { return !each.empty(); });
    const Waiting first = ranks->front();
    ranks->pop_front();
    --size_;
    return first;
  }

  // Takes the youngest of the lowest priority out if that is below `priority`; else null.
  Promise<T>* TakeBelow(model::Priority priority) {
    for (std::size_t rank = 0; rank < static_cast<std::size_t>(priority); ++rank) {
      if (ranks_[rank].empty()) continue;
      Promise<T>* const last = ranks_[rank].back().turn;
      ranks_[rank].pop_back();
      --size_;
      return last;
    }
    return nullptr;
  }

 private:
  std::list<Waiting>& Of(model::Priority priority) {
    return ranks_[static_cast<std::size_t>(priority)];
  }

  const std::size_t most_;
  std::array<std::list<Waiting>, 3> ranks_;  // by priority, the oldest first
  std::size_t size_ = 0;
};

}  // namespace strata::gateway
