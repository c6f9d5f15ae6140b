// kube/shim/tenant.h - whose a task or sandbox is, before there is a shim that could be told: for
// `start`, where each namespace has a shim of its own (options.h).
//
//   bundle: config.json (a task) --+
//   containerd's sandbox store   --+--> [ FindTenant ] --> bootstrap.h: SocketPath
//
// Threads: blocks. Tested by tests/kube/tenant_test.py.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "kube/shim/bootstrap.h"

namespace strata::kube::shim {

// As TenantOf (config_json.h) will say of its containers. `bundle` has a config.json, or
// `invocation` is for a sandbox of Kubernetes' interface, of which containerd is asked.
// kUnsupported: it is neither; FailErrno's codes, grpc::Client's: it cannot be read or asked.
Result<std::string> FindTenant(const Invocation& invocation, const std::filesystem::path& bundle);

}  // namespace strata::kube::shim
