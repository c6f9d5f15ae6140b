// sandbox/remote/driver.h - sandboxes that another process holds: the driver of a class that cannot
// live in a cell, as the cell sees it.
//
//   route --> RemoteDriver --Prepare(line)--> Image --> Sandbox ==line==> a keeper's remote::Server
//
// What Prepare takes is a connected stream socket whose other end a Server (server.h) serves with
// one real image. Whoever has it can run that image, and nothing else.
//
// Threads:  one loop. Lifetime: loop and clock outlive all; a sandbox keeps its image's line open.
// Errors:   as driver.h says, but for one: Create cannot ask the keeper, so a spec that the class
//           refuses makes the first Invoke fail (the manager has had it checked at deployment).
//           kUnavailable: the keeper is gone, or does not answer; the sandbox is lost with it.
// Tested by tests/integration/remote.
#pragma once

#include <memory>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "sandbox/driver.h"

namespace strata::sandbox::remote {

class RemoteDriver final : public Driver {
 public:
  RemoteDriver(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "remote"; }
  Result<void> Probe() override { return {}; }

  // kInvalidArgument: no stream socket.
  Result<std::shared_ptr<Image>> Prepare(Fd line) override;

 private:
  Loop& loop_;
  const Clock& clock_;
};

}  // namespace strata::sandbox::remote
