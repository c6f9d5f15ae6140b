// kube/controller/lease.h - which of several controllers acts: the one that holds the Lease, an
// object that it renews. When it has not for a while, another takes it.
//
//   Lease object --> [ LeaseWatch: mine, another's, to be had ] --> LeaseHolder: requests
//
// How long ago a lease was renewed is measured by our clock from when we saw it change: the
// holder's clock may be another. One that cannot renew in time stops acting before another may
// begin (kGiveUp < kTerm), also while the server has yet to answer it.
//
// Threads: on the loop. Tested by lease_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/text/json.h"
#include "kube/controller/api_client.h"
#include "telemetry/log.h"

namespace strata::kube::controller {

inline constexpr std::chrono::seconds kTerm{15};    // another's lease is over after this
inline constexpr std::chrono::seconds kGiveUp{10};  // ours
inline constexpr std::chrono::seconds kRenew{2};

class LeaseWatch {
 public:
  explicit LeaseWatch(std::string identity) : identity_(std::move(identity)) {}

  enum class State : std::uint8_t { kOurs, kAnothers, kFree };
  // Of the lease as it was seen at `now`.
  State See(const Json& lease, TimePoint now);

 private:
  std::string identity_;
  std::string seen_;  // holder and time of renewal
  TimePoint since_;
};

class LeaseHolder {
 public:
  // `path`: ".../namespaces/N/leases/NAME". `identity`: of this process alone.
  LeaseHolder(Loop& loop, ApiClient& client, const Clock& clock, std::string path,
              std::string identity, telemetry::Logger log);

  // Ends when the lease is ours.
  Awaitable<void> Acquire();
  // Ends when it is not any more, or was not renewed for kGiveUp, whatever a request waits for:
  // whoever acts on it has to stop.
  Awaitable<void> Keep();
  // Gives it up if it is ours, so that another need not wait until it is over. Nobody acts on it
  // any more, nor renews it.
  Task<void> Release();

 private:
  Task<LeaseWatch::State> Try();
  Awaitable<void> Renew();
  Awaitable<void> RunOut();
  Awaitable<void> WaitUntil(TimePoint when);

  Loop& loop_;
  ApiClient& client_;
  const Clock& clock_;
  std::string path_;
  std::string identity_;
  telemetry::Logger log_;
  LeaseWatch watch_;
  TimePoint over_;  // ours; from when we asked, since the server may have taken it at once
};

}  // namespace strata::kube::controller
