// kube/annotations.h - what the controller writes on a pod for the shim to read.
#pragma once

namespace strata::kube {

// The limits of each request that a component answers: a Function's `limits`, in JSON.
inline constexpr const char* kRequestLimits = "strata.dev/limits";

}  // namespace strata::kube
