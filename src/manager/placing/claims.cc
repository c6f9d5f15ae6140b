#include "manager/placing/claims.h"

namespace strata::manager {
namespace {

Json Claim(double least_ms, double most_ms, double least_mib, double most_mib, const char* of) {
  return {{"cold_start_ms", {{"min", least_ms}, {"max", most_ms}}},
          {"memory_mib", {{"min", least_mib}, {"max", most_mib}}},
          {"source", of}};
}

}  // namespace

Json ClaimOf(model::Class sandbox_class) {
  switch (sandbox_class) {
    case model::Class::kWasm:
      return Claim(1, 10, 1, 10, "WebAssembly, 001 sections 3.2 and 3.5");
    case model::Class::kContainer:
      return Claim(100, 500, 10, 100, "containerization, 001 sections 3.2 and 3.5");
    case model::Class::kAppkernel:
      return Claim(10, 100, 5, 50, "sandboxing, 001 sections 3.2 and 3.5");
    case model::Class::kMicrovm:
    case model::Class::kContainerInMicrovm:
      break;
  }
  return Claim(200, 500, 20, 50, "lightweight sandbox (Kata), 002 A section 7.2");
}

Json ClaimOfPredictions() { return {{"explained", 0.92}, {"error", 0.04}}; }

}  // namespace strata::manager
