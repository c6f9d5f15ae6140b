// http/server/deadlines.h - when a wait on a connection is too long: one table for all connections
// of a server, walked about ten times a second. A timer per request would cost system calls on the
// fast way; here arming a deadline is one store, and the walk reads consecutive memory.
//
// Deadlines are coarse: computed from now(), the time of the last walk, they may fire one tick
// early or late. Threads: on the loop. Lifetime: the table outlives its slots. Tested by
// http/server/deadlines_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/clock.h"

namespace strata::http {

enum class Wait : std::size_t { kRead = 0, kWrite = 1 };

class Deadlines {
 public:
  // Told when one of its waits took too long. Must not add or remove slots from there.
  class Owner {
   public:
    virtual void Expired(Wait which) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  // One owner's place in the table, from construction to destruction.
  class Slot {
   public:
    Slot(Deadlines& table, Owner& owner);
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();

    void Set(Wait which, TimePoint at) noexcept { At(which) = at; }
    void Clear(Wait which) noexcept { At(which) = TimePoint::max(); }

   private:
    friend class Deadlines;
    TimePoint& At(Wait which) noexcept {
      return table_.entries_[index_].at[static_cast<std::size_t>(which)];
    }

    Deadlines& table_;
    std::size_t index_;
  };

  explicit Deadlines(TimePoint now) : now_(now) {}

  [[nodiscard]] TimePoint now() const noexcept { return now_; }

  // Moves now() and tells the owners of what has passed; each is told once.
  void Advance(TimePoint now);

 private:
  struct Entry {
    std::array<TimePoint, 2> at;
    Owner* owner;
    Slot* slot;
  };

  TimePoint now_;
  std::vector<Entry> entries_;
};

}  // namespace strata::http
