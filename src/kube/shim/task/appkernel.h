// kube/shim/task/appkernel.h - class appkernel on this node: runsc, as it works here, and what
// config.json has to say for it.
//
//   Container --> [ Appkernel ] --> OciBackend
//
// Sockets of its programs are the host's (`--network=host`), made in the pod's network: runsc's own
// network would take the interface's address away from the pod's other containers, and from this
// one when it is started again. For them runsc gives its kernel's process (root on the host, in a
// chroot and under seccomp) the capabilities of the container: none but the usual ones are let.
//
// Threads:  the loop's. Lifetime: outlives its calls. Errors: kUnsupported: runsc is not installed,
// does not work here, or shall not do what config.json says. Tested by
// tests/kube/appkernel_test.py.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "sandbox/oci/runtime/runtime.h"
#include "sandbox/worker.h"

namespace strata::kube::shim {

struct AppkernelRuntime {
  sandbox::oci::Runtime runtime;
  Bytes least_memory;  // below it the kernel itself does not fit
};

class Appkernel {
 public:
  explicit Appkernel(Loop& loop) : turns_(loop, 1) {}
  Appkernel(const Appkernel&) = delete;
  Appkernel& operator=(const Appkernel&) = delete;

  // Never null; lives as long as this. The first call tries what works, which takes seconds; one
  // that failed is tried again.
  Task<const AppkernelRuntime*> Find();

 private:
  Turns turns_;
  std::unique_ptr<sandbox::Worker> worker_;  // of its own: the shim's has pods waiting for it
  std::optional<AppkernelRuntime> found_;
};

// kUnsupported: a privileged container, or another capability than containerd gives to those that
// ask for none.
Result<void> CheckCapabilities(const Json& config);

// `config` for runsc, which joins the pod's network alone and is told the name that the pod's
// namespace has. Empty `hostname`: the pod has none of its own. Without annotations: by Kubernetes'
// it would look for a kernel of the whole pod, and here each container has one; so its process ids
// are its own, also where the pod's are shared.
Json ForAppkernel(Json config, const std::string& hostname);

}  // namespace strata::kube::shim
