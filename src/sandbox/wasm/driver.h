// sandbox/wasm/driver.h - the WebAssembly class: compiled code in, fresh instances in microseconds.
//
//   Compiler (another process) --sealed memfd--> WasmDriver::Prepare --> Image --> Sandbox
//
// Threads:  one loop; no thread is ever started, except by Probe (the compiler's).
// Lifetime: images and sandboxes may outlive the driver; the loop and the clock outlive all three.
// Errors:   as driver.h says.
#pragma once

#include <memory>

#include "base/clock.h"
#include "sandbox/driver.h"
#include "sandbox/wasm/config.h"
#include "sandbox/wasm/metrics.h"

namespace strata::sandbox::wasm {

struct Runtime;

class Engine;
class EngineImage;

// An engine and code that is loaded in it, for a driver that is made later: in a process that was
// forked in between, too.
struct Loaded {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<EngineImage> image;
};

// An engine of `config`, as Create makes it.
Result<std::shared_ptr<Engine>> MakeEngine(const Config& config);
// THE CALLER VOUCHES FOR `prepared`, as for Prepare's.
Result<Loaded> LoadEarly(std::shared_ptr<Engine> engine, const Fd& prepared);

class WasmDriver final : public Driver {
 public:
  // Reserves the pool and reads the trusted certificates; call it before the process is confined.
  // Fails with kResourceExhausted: too little address space.
  static Result<std::unique_ptr<WasmDriver>> Create(Loop& loop, const Clock& clock,
                                                    const Config& config);
  // On an engine that was made before, of the same `config`.
  static std::unique_ptr<WasmDriver> On(std::shared_ptr<Engine> engine, Loop& loop,
                                        const Clock& clock, const Config& config);

  [[nodiscard]] std::string_view name() const noexcept override { return "wasm"; }

  // Compiles, loads and runs a tiny module. It may start the compiler's threads, so it belongs in a
  // process that is not a host cell.
  Result<void> Probe() override;

  // THE CALLER VOUCHES FOR `prepared`: it must come from the compile role or verify against its
  // MAC.
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override;

  // The same of what was loaded in this driver's engine before.
  std::shared_ptr<Image> Take(std::shared_ptr<EngineImage> loaded);

  // What native code must match to be loaded here: engine version, settings and CPU features.
  [[nodiscard]] std::string EngineKey() const;
  [[nodiscard]] const Metrics& metrics() const noexcept;

 private:
  explicit WasmDriver(std::shared_ptr<Runtime> runtime);
  std::shared_ptr<Runtime> runtime_;
};

}  // namespace strata::sandbox::wasm
