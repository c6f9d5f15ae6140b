#include "sandbox/call/call_metrics.h"

namespace strata::sandbox {

void CallMetrics::Count(model::ExitReason reason) noexcept {
  switch (reason) {
    case model::ExitReason::kReturned:
      ++returned;
      break;
    case model::ExitReason::kLimit:
      ++limits;
      break;
    case model::ExitReason::kViolation:
      ++violations;
      break;
    case model::ExitReason::kStopped:
      ++stopped;
      break;
  }
}

}  // namespace strata::sandbox
