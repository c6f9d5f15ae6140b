// kube/annotations.h - what pods' annotations say to the shim. Any other that begins like these is
// refused there: what is misspelt would weaken a border without a word.
#pragma once

#include <string_view>

namespace strata::kube {

inline constexpr std::string_view kOurAnnotations = "strata.dev/";

// In which class a container runs, and what a manifest's `requires` says of it.
inline constexpr const char* kClassAnnotation = "strata.dev/class";
inline constexpr const char* kSecurityAnnotation = "strata.dev/security";
inline constexpr const char* kCompatibilityAnnotation = "strata.dev/compatibility";
inline constexpr const char* kPerformanceAnnotation = "strata.dev/performance";

// Where a component listens.
inline constexpr const char* kHttpPort = "strata.dev/http-port";

// The limits of each request that a component answers: a Function's `limits`, in JSON. The
// controller writes it.
inline constexpr const char* kRequestLimits = "strata.dev/limits";

}  // namespace strata::kube
