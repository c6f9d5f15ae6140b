// base/pause.h - a pause of one coroutine, for what happens rarely. Deadlines of connections are
// http/deadlines.h's business.
//
// A cancelled pause ends early, and says nothing: whoever must end with it waits on a Timer.
#pragma once

#include "base/clock.h"
#include "base/task.h"

namespace strata {

Awaitable<void> Pause(Loop& loop, Duration time);

}  // namespace strata
