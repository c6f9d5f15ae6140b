// sandbox/wasm/image.h - native code of one artifact, mapped once and shared by its sandboxes.
//
//   WasmDriver::Prepare --> EngineImage --> [ WasmImage ] --Create, microseconds--> WasmSandbox
//
// Threads:  the loop's. Lifetime: it keeps the Runtime and the mapping; its sandboxes keep it.
// Errors:   Create: kInvalidArgument: the id, or a grant's path; kNotFound: a granted directory;
//           kUnsupported: a limit or grant that the class or Config does not have;
//           kResourceExhausted: max_sandboxes are live. Tested by sandbox_test.cc, tests/contract.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sandbox/driver.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/runtime.h"

namespace strata::sandbox::wasm {

class WasmImage final : public Image {
 public:
  WasmImage(std::shared_ptr<Runtime> runtime, std::shared_ptr<EngineImage> engine);

  [[nodiscard]] model::GuestKind kind() const noexcept override { return engine_->kind(); }
  [[nodiscard]] std::vector<Export> exports() const override { return engine_->exports(); }
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

  // A bare module that exports strata_handle; others are called by export name.
  [[nodiscard]] bool answers_requests() const noexcept { return answers_requests_; }
  [[nodiscard]] std::span<const Export> engine_exports() const { return engine_->exports(); }
  [[nodiscard]] Runtime& runtime() const noexcept { return *runtime_; }

 private:
  Result<void> Check(const Spec& spec) const;

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<EngineImage> engine_;
  bool answers_requests_;
};

}  // namespace strata::sandbox::wasm
