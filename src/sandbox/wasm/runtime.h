// sandbox/wasm/runtime.h - the state that driver, images and sandboxes share: one per driver,
// kept alive by whichever of them is left.
//
// Members in the order in which they are made; the engine needs nothing of the others, the rest is
// used by calls.
//
// Threads:  the loop's. Lifetime: loop and clock outlive it. Errors: none.
#pragma once

#include <memory>

#include "base/async/task.h"
#include "base/clock.h"
#include "sandbox/wasm/config.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/engine/pulse.h"
#include "sandbox/wasm/metrics.h"
#include "sandbox/wasm/outgoing/tls.h"

namespace strata::sandbox::wasm {

struct Runtime {
  Loop& loop;
  const Clock& clock;
  const Config config;
  const std::shared_ptr<Engine> engine;
  const std::shared_ptr<Pulse> pulse;
  outgoing::Tls tls;
  Metrics metrics;
};

}  // namespace strata::sandbox::wasm
