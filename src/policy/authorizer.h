// policy/authorizer.h - decides whether a request may run, and with which grants.
//
//   http --> route --> [ Authorizer::Decide ] --> sandbox with Decision::grants
//
// Every request passes here, whichever way it came. The decision carries the grants that the
// sandbox gets: a policy may take grants away from what the workload declares, never add any.
//
// Threads: an Authorizer belongs to one loop. Decide is on the fast way: it only looks things up,
// and never waits. Tested by policy/allow_all_test.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model/values.h"

namespace strata::policy {

// What is known of a request when it is decided. Everything is borrowed for the call.
struct Facts {
  std::string_view tenant;
  std::string_view workload;  // Function or Service
  std::string_view subject;   // who asks; empty: nobody proved an identity
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::shared_ptr<const model::Grants> declared;  // what the workload's manifest asks for; not null
};

enum class Verdict : bool { kDeny, kAllow };

struct Decision {
  Verdict verdict = Verdict::kDeny;
  std::string reason;  // for the log and the client: which rule decided; empty when allowed by none
  std::shared_ptr<const model::Grants> grants;  // a subset of Facts::declared; null when denied
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Decision Decide(const Facts& facts) = 0;
};

}  // namespace strata::policy
