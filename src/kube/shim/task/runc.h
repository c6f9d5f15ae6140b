// kube/shim/task/runc.h - the OCI runtime of class container on this node. Only that class needs
// it: a node without it runs the others.
//
//   Container --> [ Runc ] --> OciBackend
//
// Threads:  the loop's. Lifetime: outlives its containers. Tested by tests/kube/wasm_test.py.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "sandbox/oci/runtime/runtime.h"

namespace strata::kube::shim {

// Where it is. kUnsupported: nowhere.
Result<std::string> FindRunc();

class Runc {
 public:
  Runc() = default;
  Runc(const Runc&) = delete;
  Runc& operator=(const Runc&) = delete;

  // Never null; lives as long as this. The first call that finds it copies it, which takes
  // milliseconds. FindRunc's and Runtime::Load's codes; the next call looks again.
  Result<const sandbox::oci::Runtime*> Find();

 private:
  std::optional<sandbox::oci::Runtime> found_;
};

}  // namespace strata::kube::shim
