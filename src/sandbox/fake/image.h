// sandbox/fake/image.h - one parsed script, of which sandboxes are made.
//
//   FakeDriver::Prepare --> [ FakeImage ] --Create--> FakeSandbox
//
// Threads:  the loop's. Lifetime: it keeps the Runtime, and its sandboxes keep it.
// Errors:   Create: kInvalidArgument: the id; kUnsupported: a limit or grant beyond Config;
//           kResourceExhausted: max_sandboxes live. Tested by driver_test.cc.
#pragma once

#include <memory>
#include <vector>

#include "sandbox/driver.h"
#include "sandbox/fake/driver.h"
#include "sandbox/fake/script.h"

namespace strata::sandbox::fake {

class FakeImage final : public Image {
 public:
  FakeImage(std::shared_ptr<Runtime> runtime, Script script);

  [[nodiscard]] model::GuestKind kind() const noexcept override { return model::GuestKind::kHttp; }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

  [[nodiscard]] Runtime& runtime() const noexcept { return *runtime_; }
  [[nodiscard]] const Script& script() const noexcept { return script_; }

 private:
  std::shared_ptr<Runtime> runtime_;
  Script script_;
};

}  // namespace strata::sandbox::fake
