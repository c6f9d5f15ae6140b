// http/sleep.h - a pause of one coroutine, for what happens rarely. Deadlines of connections are
// http/deadlines.h's business. Internal to this folder.
#pragma once

#include "base/clock.h"
#include "base/task.h"

namespace strata::http {

Awaitable<void> Sleep(Loop& loop, Duration time);

}  // namespace strata::http
