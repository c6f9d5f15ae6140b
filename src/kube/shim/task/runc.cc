#include "kube/shim/task/runc.h"

#include <utility>

#include "sandbox/oci/runtime/programs.h"

namespace strata::kube::shim {

Result<std::string> FindRunc() {
  if (const auto* runc = sandbox::oci::FindInstalled("runc")) return runc->path;
  return Fail(Errc::kUnsupported, "class container needs runc, which is not installed");
}

Result<const sandbox::oci::Runtime*> Runc::Find() {
  if (found_) return &*found_;
  const auto program = FindRunc();
  if (!program) return std::unexpected(program.error());
  auto runtime = sandbox::oci::Runtime::Load({.runtime = *program});
  if (!runtime) return std::unexpected(std::move(runtime).error());
  found_.emplace(std::move(*runtime));
  return &*found_;
}

}  // namespace strata::kube::shim
