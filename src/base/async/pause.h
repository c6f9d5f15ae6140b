// base/async/pause.h - a pause of one coroutine, for what happens rarely. Deadlines of connections
// are http/server/deadlines.h's business.
//
// By the real clock, whatever Clock was injected: what a test is to move waits on something that
// the test does.
//
// Threads:  the loop's. Lifetime: the loop outlives it. Errors: none. A cancelled pause ends early,
//           and says nothing: whoever must end with it waits on a Timer.
#pragma once

#include "base/async/task.h"
#include "base/clock.h"

namespace strata {

// For `time`; one that is not positive lets others of the loop go first.
Awaitable<void> Pause(Loop& loop, Duration time);

}  // namespace strata
