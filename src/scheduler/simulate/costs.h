// scheduler/simulate/costs.h - what a class adds to a function, from this host's record.
//
// The record has one small program's calls, each in a sandbox that was made for it. The least of
// the classes' p50 is taken for the way through the platform, which every call goes; what is left
// of another class's p50 and p99 is the creation of a sandbox there. In class wasm a fresh instance
// is part of each call, and the creation is loading a function's code, which its first call shows.
//
// Pure. Tested by simulator_test.cc.
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/values.h"
#include "scheduler/record.h"

namespace strata::scheduler::simulate {

struct ClassCosts {
  bool measured = false;
  double create_ms = 0;      // the median
  double create_spread = 0;  // sigma of the lognormal through median and p99
  double create_cpu_ms = 0;
  Bytes memory;  // of a sandbox with nothing of the function's in it
};

struct Costs {
  double way_ms = 0;  // of every call
  double way_cpu_ms = 0;
  std::array<ClassCosts, model::kClasses.size()> classes;

  [[nodiscard]] const ClassCosts& Of(model::Class sandbox_class) const noexcept {
    return classes[static_cast<std::size_t>(sandbox_class)];
  }
  // How long one creation takes, for `u` uniform in (0, 1).
  [[nodiscard]] Duration Creation(model::Class sandbox_class, double u) const noexcept;
};

// kFailedPrecondition: wasm, container or microvm was not measured here.
Result<Costs> CostsOf(const Record& record);

}  // namespace strata::scheduler::simulate
