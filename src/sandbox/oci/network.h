// sandbox/oci/network.h - the network of one sandbox that has grants.http: a namespace made before
// the guest, an interface in it, and the way out behind that.
//
//   OciSandbox, before a start --Open--> [ Network ] --Egress::Join--> a namespace --> Bundle::Join
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it; destroyed, the interface is gone.
// Errors:   Egress::Join's; the sandbox then does not start. Tested by tests/contract.
#pragma once

#include <memory>

#include "base/async/task.h"
#include "sandbox/driver.h"
#include "sandbox/egress/outlet.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

class Network {
 public:
  Network(Shared& shared, Bundle& bundle, const Spec& spec)
      : shared_(shared), bundle_(bundle), spec_(spec) {}

  // Makes it and has the bundle use it, the first time, or each time for a runtime that takes the
  // address; nothing without grants.http. Fails as Egress::Join does.
  Task<void> Open();

 private:
  Shared& shared_;
  Bundle& bundle_;
  const Spec& spec_;
  std::unique_ptr<egress::Outlet> outlet_;
};

}  // namespace strata::sandbox::oci
