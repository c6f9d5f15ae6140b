// kube/activator/callers.h - who may ask an activator how much there is to do: the operator, by the
// token of its service account, of which the API server says whose it is.
//
//   activator.h: GET /v1/demand --Admit--> [ Callers ] --TokenReview--> API server
//
// The token is one for activators alone (its audience), so that it is good for nothing else where
// it is overheard. What the API server said of a token holds for a minute; one of which it says
// nothing, because it is not there or does not let us ask, is not taken.
//
// So that whoever reaches the port can neither flood the API server nor keep the operator out, what
// does not look like such a token is not asked about, and few are at a time, of one address fewer.
//
// Threads: on the loop. Lifetime: client and clock outlive it; it outlives its calls, but for those
// that end with the loop. Tested by callers_test.cc and tests/kube/scale_test.py.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/text/json.h"
#include "kube/controller/api_client.h"

namespace strata::kube::activator {

// For how long an answer of the API server holds, also where the token is taken back meanwhile.
inline constexpr std::chrono::seconds kReviewHolds{60};

class Callers {
 public:
  // `user`: who may, by the API server's name: "system:serviceaccount:NAMESPACE:NAME".
  Callers(controller::ApiClient& client, const Clock& clock, std::string user);

  // `peer`: the address that it comes from. `authorization`: the value of the request's field, if
  // any. kInvalidArgument: it has no bearer token; kPermissionDenied: it is not the token of who
  // may, or not one for activators; kUnavailable: that is not known, and the same token may be
  // taken later.
  Task<void> Admit(std::string peer, std::optional<std::string_view> authorization);

 private:
  controller::ApiClient& client_;
  const Clock& clock_;
  const std::string user_;
  std::map<std::string, TimePoint> admitted_;  // until when, by the digest of the token
  // For whom the API server is asked now. Calls that are left when the loop ends have it, too.
  std::shared_ptr<std::multiset<std::string>> asking_ =
      std::make_shared<std::multiset<std::string>>();
};

// The object that asks the API server about `token`.
Json ReviewOf(std::string_view token);

// What it says: kPermissionDenied: the token is not valid, not for activators, or not of `user`.
Result<void> CheckReview(const Json& review, std::string_view user);

}  // namespace strata::kube::activator
