// manager/placing/room.h - how much memory this host has for a workload that is applied.
//
//   host::FreeMemory, what runs under its name --> [ RoomBeside, RoomWith ] --> place.cc: a node
//   of the scheduler
//
// What is free now, not what limits promise: a limit is no reservation, so two workloads may each
// be let in and not do together. What runs already is never asked, but what comes beside it is: a
// new revision, too, which starts before the old one ends.
//
// Pure. Tested by manager/placing/room_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/resource.h"

namespace strata::manager {

// What a class is chosen by beside the manifest.
struct Circumstances {
  std::string_view asked_by = "";  // who asks for a class: scheduler::Question's
  std::optional<double> overload;  // calls a second that it has to carry, whatever was asked for
  Bytes room{UINT64_MAX};  // what this host has for it; of what runs already it is not asked
};

// How many sandboxes of it there are at all times: the least replicas of a Service, and one of what
// has them for its calls.
std::uint32_t HeldOf(const model::Resource& resource);
// The field that says so; empty: none does.
std::string_view HeldField(const model::Resource& resource);

// What is there of a workload whose name is applied again.
struct Held {
  const model::Resource* resource = nullptr;  // as it is deployed; null: nothing is
  std::uint32_t ready = 0;                    // its replicas, which may be more for their load

  // Sandboxes of it.
  [[nodiscard]] std::uint32_t count() const;
};

// Of `free`, what a new revision may take while `now` still runs beside it: all but what the host
// keeps; or as much as its manifest holds, so that what is deployed can be replaced on a full host,
// too. Replicas that run for its load are no room for another revision.
Bytes RoomBeside(Bytes free, const Held& now);

// What a workload may have that stays as it runs now: the sandboxes of `now` are its own already.
Bytes RoomWith(Bytes free, const Held& now);

// Of a workload that stays as it runs now: whether `room`, which is RoomWith, is enough where it
// is to hold more sandboxes. kFailedPrecondition: it is not; what would do.
Result<void> CheckGrowth(const model::Resource& resource, const Held& now, Bytes room);

}  // namespace strata::manager
