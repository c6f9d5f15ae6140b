// sandbox/wasm/engine/wasmtime_engine.h - the Engine made of Wasmtime, through native/.
//
//   WasmDriver (kHost), Compiler (kCompile) --> [ MakeWasmtimeEngine ] --> Engine (engine.h)
//
// The one file whose source includes the engine's own header (strata_native.h): all others know
// engine.h.
//
// Threads:  any; a process makes one. Lifetime: shared by driver, images and instances.
// Errors:   as stated, else in the engine's words. Tested by sandbox_test.cc.
#pragma once

#include <memory>

#include "base/result.h"
#include "sandbox/wasm/config.h"
#include "sandbox/wasm/engine/engine.h"

namespace strata::sandbox::wasm {

enum class EngineRole : std::uint8_t {
  kHost,     // reserves the pool of sandboxes
  kCompile,  // reserves nothing; can compile and load, for the same `config` as the hosts
};

// Fails with kResourceExhausted when the pool's address space cannot be reserved.
Result<std::shared_ptr<Engine>> MakeWasmtimeEngine(const Config& config, EngineRole role);

}  // namespace strata::sandbox::wasm
