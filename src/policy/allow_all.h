// policy/allow_all.h - the authorizer without a policy: every request is allowed with the grants
// that the workload declares. What a sandbox may reach is still bounded by its manifest.
#pragma once

#include "policy/authorizer.h"

namespace strata::policy {

class AllowAll final : public Authorizer {
 public:
  Decision Decide(const Facts& facts) override;
};

}  // namespace strata::policy
