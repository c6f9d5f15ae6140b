// sandbox/fake/driver.h - a class of sandboxes that only pretends: scripted guests for the tests of
// the layers above, and the shape to copy for a new driver.
//
//   a script (script.h) --Artifact--> Prepare --> FakeImage --Create--> FakeSandbox
//
// It isolates nothing and is linked into no shipped program.
//
// Threads:  one loop. Lifetime: images and sandboxes may outlive the driver; loop and clock outlive
//           all three. Errors: as driver.h says. Tested by driver_test.cc and tests/contract.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "sandbox/driver.h"
#include "sandbox/fake/config.h"
#include "sandbox/fake/metrics.h"

namespace strata::sandbox::fake {

// What driver, images and sandboxes share.
struct Runtime {
  Loop& loop;
  const Clock& clock;
  const Config config;
  Metrics metrics;
};

class FakeDriver final : public Driver {
 public:
  FakeDriver(Loop& loop, const Clock& clock, Config config = {});

  // A script (script.h) as the descriptor that Prepare takes.
  static Result<Fd> Artifact(std::string_view script);

  [[nodiscard]] std::string_view name() const noexcept override { return "fake"; }
  Result<void> Probe() override { return {}; }
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override;

  [[nodiscard]] const Metrics& metrics() const noexcept { return runtime_->metrics; }

 private:
  std::shared_ptr<Runtime> runtime_;
};

}  // namespace strata::sandbox::fake
