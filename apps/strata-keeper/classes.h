// classes.h - which driver is which class, and what of it this host has.
//
//   main.cc --> keeper::Run --first Prepare of a class--> [ TryClass ] --> sandbox::Driver
//   strata-keeper --probe (strata probe) --> [ Probe ]
//
// The only place where drivers are chosen: runtimes, users, the accelerator, the agent. Everything
// else knows model::Class and sandbox/driver.h.
//
// Threads:  any; both hold it while they try things out. Lifetime: `loop` and `clock` outlive the
//           driver. Errors: as each says; what was tried leaves nothing behind.
// Tested by tests/integration/keeper, tests/e2e/verbs_test.py.
#pragma once

#include <functional>
#include <memory>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/text/json.h"
#include "keeper/drivers.h"
#include "keeper/wire/messages.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/egress/egress.h"

namespace strata {

// Shared by all classes; null: no sandbox has a network.
using EgressFn = std::function<std::shared_ptr<sandbox::egress::Egress>()>;

// How to make the driver of a class on `loop`, with whatever works on this host; it asks
// `egress_of` then. kUnsupported: nothing does; kInvalidArgument: wasm, which runs in cells. Blocks
// for seconds at worst.
Result<keeper::MakeDriverFn> TryClass(Loop& loop, const Clock& clock, model::Class sandbox_class,
                                      const keeper::Start& start, EgressFn egress_of);

// Tries this host's protections out, and every class by running something in it: {"checks":
// [{"name", "available", "detail", "without"}], "classes": [{"class", "cannot": [{"verb",
// "why"}]}]}. Leaves nothing behind. Takes seconds.
Json Probe();

}  // namespace strata
