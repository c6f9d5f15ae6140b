#include "policy/allow_all.h"

namespace strata::policy {

Decision AllowAll::Decide(const Facts& facts) { return {Verdict::kAllow, {}, facts.declared}; }

}  // namespace strata::policy
