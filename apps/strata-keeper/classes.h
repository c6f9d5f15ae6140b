// classes.h - which driver is which class, and what of it this host has.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "keeper/messages.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/egress/egress.h"

namespace strata {

// The driver of a class, with whatever works on this host. `egress`: shared by all classes; null:
// no sandbox has a network. kUnsupported: nothing does; kInvalidArgument: wasm, which runs in
// cells. Blocks for seconds at worst.
Result<std::unique_ptr<sandbox::Driver>> MakeDriver(
    Loop& loop, const Clock& clock, model::Class sandbox_class, const keeper::Start& start,
    std::shared_ptr<sandbox::egress::Egress> egress);

// Tries this host's protections out, and every class by running something in it: {"checks":
// [{"name", "available", "detail", "without"}], "classes": [{"class", "cannot": [{"verb",
// "why"}]}]}. Leaves nothing behind. Takes seconds.
Json Probe();

}  // namespace strata
