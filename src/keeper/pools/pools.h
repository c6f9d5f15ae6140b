// keeper/pools/pools.h - the pools of one keeper: who may make a sandbox next, and who waits for
// room.
//
//   Keeper: key -> Pool --Look--> [ Pools: one filling at a time, bounds, calls in line ]
//
// A call looks at its own pool alone: others are found by when time changes something in them, by
// whether they lack a sandbox, and by how long one of theirs has waited.
//
// One sandbox is made at a time, within Bounds. A pool that calls have emptied comes first, at
// once: the next call takes what is made, so that nothing is made in vain however many come. A pool
// that has one gets more when calls have started their own. Among equals, in turns. What a pool is
// to have at all times takes the place of what others keep beyond that, if that makes room for it;
// nothing else takes a place that another has. A call that finds its class full gets the place of a
// sandbox that waits, such a spare one first, or stands in line for the next that ends: by its
// Function's priority, then by its coming. Where the line is full, the youngest of the lowest goes
// for one of a higher. Whoever has to stand in line is refused as soon as less time is left to it
// than calls of its Function usually take, and when it has waited too long in a line that stands
// (base/lines/standing_line.h): what a class can serve does not depend on how much more comes.
//
// Keepers know nothing of each other, but all see what the host has left: where that is little none
// fills, and each ends a spare sandbox a second until it is more.
//
// Threads:  one loop. Lifetime: outlives every pool and their sandboxes; not to be destroyed while
//           filling().
// Errors:   none; a pool that cannot be filled tries again later, and says why.
// Tested by pool_test.cc, pool_line_test.cc, pools_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/lines/ordered.h"
#include "base/lines/standing_line.h"
#include "host/process/memory.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/wake_event.h"

namespace strata::keeper {

class Pool;

class Pools {
 public:
  struct Bounds {
    std::uint32_t sandboxes = 32;     // that wait, of all pools
    Bytes memory = Bytes::MiB(1024);  // that those hold
    std::size_t calls_in_line = 256;  // of one class
    Bytes spare = host::kKeptFree;    // of the host's memory
  };
  using MemoryFn = std::function<Bytes()>;

  // `on_change`: what a pool's state() says may be something else now. `host_memory`: what the host
  // has left (host::FreeMemory); empty: enough.
  Pools(
      Loop& loop, const Clock& clock, Bounds bounds, std::function<void()> on_change = [] {},
      MemoryFn host_memory = {});
  Pools(const Pools&) = delete;
  Pools& operator=(const Pools&) = delete;

  // Whether a pool of `program` with this `min` can be kept; that of another revision of it does
  // not count, whose place it takes. kResourceExhausted.
  [[nodiscard]] Result<void> CheckRoom(const std::string& program, const model::Scale& scale) const;

  // A sandbox of `image`, which is of that class, that is needed now: sandboxes that wait are ended
  // for it while the class is full.
  Result<std::unique_ptr<sandbox::Sandbox>> Create(const std::string& sandbox_class,
                                                   sandbox::Image& image,
                                                   const sandbox::Spec& spec);

  // Makes and drops what is due by now: in a pool in which something has changed, or in those in
  // which time has, for which a timer calls it.
  void Look(Pool& pool);
  void Look();

  [[nodiscard]] bool filling() const noexcept { return filling_; }

 private:
  friend class Pool;

  // A call that waits, in a pool or in line.
  struct Ticket {
    Ticket(Loop& loop, TimePoint due, const Clock& clock);
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() = default;
    // It gives up so much earlier.
    void KeepBack(Duration time, const Clock& clock);
    // It has been taken out of its line, for this reason.
    void Refuse(std::string_view why);
    const std::shared_ptr<sandbox::WakeEvent> event;
    Timer timer;  // wakes it when it gives up
    TimePoint due;
    Duration kept_back{};  // of its time
    bool stopped = false;
    std::string refused;  // why; empty: it is not
  };
  using Line = StandingLine<Ticket*, model::Priority, 3>;
  using Turns = Ordered<Pool*, std::uint64_t>;
  using Waited = std::pair<TimePoint, std::uint64_t>;  // since when its oldest waits, and its turn

  void Add(Pool& pool);
  void Remove(Pool& pool);
  // Where it is found from now on. After each change of what that depends on.
  void Index(Pool& pool);
  void DropTooMany(Pool& pool);
  void Attend();
  // A call starts what was made for it; or makes its own, as long as the last of that class took.
  void OnOpening();
  void OnCreation(const std::string& sandbox_class);
  [[nodiscard]] Duration CreationOf(const std::string& sandbox_class) const;
  [[nodiscard]] Line& LineOf(const std::string& sandbox_class);
  // A sandbox of the class has ended: its place is free, for those in line that need not go.
  void OnRoom(const std::string& sandbox_class);
  // A place is free, or may be: whoever is first in line looks.
  void OnFree(const std::string& sandbox_class);
  // Ends the sandbox of that class (empty: of any) that has waited longest of those beyond what
  // pools have at all times; where there is none, of these, but only for a call. False: none waits.
  enum class For : bool { kCall, kFilling };
  bool EvictOne(const std::string& sandbox_class, For whom);
  [[nodiscard]] Pool* OldestBeyond(const std::string& sandbox_class, bool min) const;
  [[nodiscard]] bool HasRoom(const Pool& pool) const;
  [[nodiscard]] bool HostHas(Bytes more) const;
  void LookAtHost();
  // For what the pool is to have at all times. False, and nothing is ended: it would not be enough.
  bool MakeRoom(const Pool& pool);
  // What keeps the pool from having another one, and what to do; empty: there is room.
  [[nodiscard]] std::string WhyNoRoom(const Pool& pool) const;
  [[nodiscard]] const Turns& MayGet() const;
  Pool* NextToFill();
  [[nodiscard]] Duration PutOff() const;
  Awaitable<void> Fill();
  void SetTimer();

  Loop& loop_;
  const Clock& clock_;
  const Bounds bounds_;
  const std::function<void()> on_change_;
  const MemoryFn host_memory_;
  Bytes on_host_{UINT64_MAX};  // left, as of late
  TimePoint host_due_{};       // to be looked at again
  std::set<Pool*> pools_;
  Ordered<Pool*, TimePoint> changes_;                     // when time makes a difference to them
  Turns lacking_;                                         // some may have come to lack none since
  Turns below_min_;                                       // of those
  std::map<std::string, Ordered<Pool*, Waited>> oldest_;  // by class
  std::map<std::string, std::set<Pool*>> without_room_;   // by class: it was full
  std::size_t waiting_ = 0;                               // sandboxes
  Bytes held_;                                            // by these
  std::uint64_t turns_ = 0;
  std::map<std::string, Line> lines_;          // by class
  std::map<std::string, Duration> creations_;  // by class: how long the last one took
  TimePoint quiet_from_{};                     // calls have started by then
  std::optional<TimePoint> put_off_since_;     // pools that lack one, but are not empty
  std::uint64_t made_ = 0;                     // for their names
  bool filling_ = false;
  Timer calm_;  // until calls have started
  Timer timer_;
};

}  // namespace strata::keeper
