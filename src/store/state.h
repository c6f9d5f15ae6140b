// store/state.h - the state of a Store, shared by its source files. Internal to the store.
//
// Threads:  as Store. Lifetime: clock and random outlive it; the database is closed with it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace strata::store {

struct Store::State {
  std::unique_ptr<Database> database;
  const Clock& clock;
  Random& random;
  std::string instance_id;
};

}  // namespace strata::store
