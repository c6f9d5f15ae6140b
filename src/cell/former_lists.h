// cell/former_lists.h - the lists of functions that a cell served before, as long as records may
// speak of them.
//
//   Cell::Switch --Replaced--> [ FormerLists ] --Tell--> State --> a later manager
//
// A record names a function by its place in the list of a configuration. Of what a manager had read
// when it was killed, the next one reads again what was not stored; which functions that speaks of
// nobody but the cell can tell. So a list is held until nothing runs that began with it, and the
// manager has freed the ring up to there.
//
// What is held and told is bounded; of more the oldest lists are forgotten, and what then ends with
// them is billed to nobody if the manager is killed.
//
// Threads:  one loop. Lifetime: holds what functions were, not their images.
// Errors:   none. Tested by former_lists_test.cc; with kills by tests/crash/kill_meter_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "cell/wire/messages.h"
#include "route/plan/plan.h"

namespace strata::cell {

// Positions in the ring to the manager (telemetry::RingWriter).
struct RingExtent {
  std::uint64_t freed = 0;
  std::uint64_t written = 0;
};

class FormerLists {
 public:
  // Of `most_places` in all lists together.
  explicit FormerLists(std::size_t most_places = kMostFormerPlaces) : most_places_(most_places) {}

  // `plan` has just been replaced: no call begins with it any more.
  void Replaced(const std::shared_ptr<const route::Plan>& plan, const RingExtent& ring);

  // What is still to be known beside `state`, which has the functions of `plan`, in its order.
  [[nodiscard]] Former Tell(const route::Plan& plan) const;

 private:
  using Spec = std::shared_ptr<const route::FunctionSpec>;
  struct List {
    std::uint32_t generation = 0;
    std::vector<Spec> functions;
    std::weak_ptr<const route::Plan> plan;
    std::vector<std::weak_ptr<route::Function>> left;  // with it: sandboxes may still have them
    std::optional<std::uint64_t> end;  // of its records in the ring, once nothing runs any more

    [[nodiscard]] bool Runs() const;
  };

  void Forget(const RingExtent& ring);

  std::size_t most_places_;
  std::deque<List> lists_;  // from the oldest on
  std::size_t places_ = 0;  // of all of them
};

// What records have to know of a function.
Served ServedAs(const route::FunctionSpec& spec);

}  // namespace strata::cell
