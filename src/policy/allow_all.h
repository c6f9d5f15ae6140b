// policy/allow_all.h - the authorizer without a policy: every request is allowed with the grants
// that the workload declares.
//
//   RequestPath --Facts--> [ AllowAll ] --Decision--> sandbox
//
// What a sandbox may reach is still bounded by its manifest, and who may deploy by the API. Not
// covered: who may call. That is for another Authorizer.
//
// Threads:  any. Never fails. Tested by allow_all_test.cc.
#pragma once

#include "policy/authorizer.h"

namespace strata::policy {

class AllowAll final : public Authorizer {
 public:
  Decision Decide(const Facts& facts) override;
};

}  // namespace strata::policy
