// manager/cells/served_lists.h - what the call records, lines and connections of a cell that is
// taken over speak of: the lists of functions that it serves and served, as it says itself.
//
//   cell::State --ListsOf--> KnownFunctions
//
// A cell is believed only of its own tenant; a front, which runs no guest, is of none. Of a list
// that it makes up itself only its own bill can be wrong.
//
// Threads: pure. Errors: as below. Tested by served_lists_test.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "cell/wire/messages.h"

namespace strata::manager {

struct ServedList {
  std::uint32_t generation = 0;
  std::vector<cell::Function> functions;  // without what an earlier manager granted them
};

// From the oldest on; the last is what it serves now. kPermissionDenied: it claims a function of
// another tenant; kInvalidArgument: a name that no manifest could have, a list that cannot have
// been before, a place that is none, or more places than a cell tells (cell::kMostFormerPlaces).
Result<std::vector<ServedList>> ListsOf(const cell::State& state);

}  // namespace strata::manager
