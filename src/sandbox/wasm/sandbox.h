// sandbox/wasm/sandbox.h - one WebAssembly instance: a store in the engine, the settings it was
// made with, and its life cycle.
//
//   fresh --Invoke--> running --returned--> idle --Invoke--> ...
//                        '-- any other exit, or Stop() --> over (kFailedPrecondition)
//
// The guest's memory persists from call to call of the same sandbox; a Function gets a new sandbox
// for each call. Creating one runs no guest code.
//
// Threads:  the loop's; one call at a time. Lifetime: keeps its image and its scratch directories;
//           destroyed only when no call is awaited.
// Errors:   as driver.h says. Tested by sandbox_test.cc and tests/contract.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/driver.h"
#include "sandbox/wasm/call.h"
#include "sandbox/wasm/directories.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/image.h"
#include "sandbox/wasm/runtime.h"
#include "sandbox/wasm/settings.h"

namespace strata::sandbox::wasm {

class WasmSandbox final : public Sandbox {
 public:
  WasmSandbox(std::shared_ptr<const WasmImage> image, std::unique_ptr<EngineSandbox> engine,
              Settings settings, std::vector<Scratch> scratch);
  ~WasmSandbox() override;

  Task<model::Exit> Invoke(Call& call) override;
  // RunProgram of program.h.
  Task<model::Exit> Run(std::span<const std::string> arguments, Call& streams);
  Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                 TimePoint deadline) override;
  void Stop() noexcept override;
  [[nodiscard]] model::Usage usage() const override;

 private:
  // Of a command that runs as a program.
  using Arguments = std::optional<std::span<const std::string>>;

  Task<model::Exit> Conduct(Call& call, Arguments program);
  Result<std::unique_ptr<EngineCall>> Start(Call& call, GuestHost& host);
  Result<void> CheckIdle() const;
  void Settle(Result<model::Exit>& exit);

  Runtime& runtime() const { return image_->runtime(); }

  std::shared_ptr<const WasmImage> image_;
  std::vector<Scratch> scratch_;
  std::unique_ptr<EngineSandbox> engine_;
  const Settings settings_;
  GuestCall* running_ = nullptr;
  bool over_ = false;
  model::Usage total_;
};

}  // namespace strata::sandbox::wasm
