// kube/controller/supported.h - what of a manifest Kubernetes' objects and the shim would silently
// leave out, and is therefore refused.
//
// Threads: pure. Tested by desired_test.cc.
#pragma once

#include "base/result.h"
#include "model/resource.h"

namespace strata::kube::controller {

// kUnsupported: `resource` asks for something that is not to be had on
// a cluster yet; the message has the field.
Result<void> CheckSupported(const model::Resource& resource);

}  // namespace strata::kube::controller
