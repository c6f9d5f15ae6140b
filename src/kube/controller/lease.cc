#include "kube/controller/lease.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async/pause.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace strata::kube::controller {
namespace {

constexpr std::chrono::milliseconds kTick{200};  // how late the clock's time may be noticed

}  // namespace

LeaseWatch::State LeaseWatch::See(const Json& lease, TimePoint now) {
  const std::string holder = lease.value("/spec/holderIdentity"_json_pointer, "");
  if (holder == identity_) return State::kOurs;
  if (holder.empty()) return State::kFree;
  std::string seen = holder + " " + lease.value("/spec/renewTime"_json_pointer, "");
  if (seen != seen_) {
    seen_ = std::move(seen);
    since_ = now;
  }
  return now - since_ < kTerm ? State::kAnothers : State::kFree;
}

LeaseHolder::LeaseHolder(Loop& loop, ApiClient& client, const Clock& clock, std::string path,
                         std::string identity, telemetry::Logger log)
    : loop_(loop),
      client_(client),
      clock_(clock),
      path_(std::move(path)),
      identity_(std::move(identity)),
      log_(std::move(log)),
      watch_(identity_) {}

// Looks at the lease, and takes or renews it if it may. Two that try at once have one version in
// their hands, and the server takes one of them.
Task<LeaseWatch::State> LeaseHolder::Try() {
  const TimePoint asked = clock_.Now();
  auto lease = co_await client_.Get(path_);
  if (!lease && lease.error().code == Errc::kNotFound) {
    Json free = {{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}};
    free["metadata"]["name"] = path_.substr(path_.rfind('/') + 1);
    lease = co_await client_.Apply(path_, std::move(free));
  }
  if (!lease) co_return std::unexpected(std::move(lease).error());
  const LeaseWatch::State state = watch_.See(*lease, clock_.Now());
  if (state == LeaseWatch::State::kAnothers) co_return state;
  const std::string now = Rfc3339(clock_.WallNow());
  Json patch;
  patch["metadata"]["resourceVersion"] = lease->value("/metadata/resourceVersion"_json_pointer, "");
  patch["spec"] = {
      {"holderIdentity", identity_}, {"leaseDurationSeconds", kTerm.count()}, {"renewTime", now}};
  if (state == LeaseWatch::State::kFree) patch["spec"]["acquireTime"] = now;
  auto taken = co_await client_.Merge(path_, std::move(patch));
  if (!taken) co_return std::unexpected(std::move(taken).error());
  over_ = asked + kGiveUp;
  co_return LeaseWatch::State::kOurs;
}

Awaitable<void> LeaseHolder::Acquire() {
  while (true) {
    auto state = co_await Try();
    // By an answer that came late it may be another's again.
    if (state && *state == LeaseWatch::State::kOurs && clock_.Now() < over_) co_return;
    if (!state) log_.Warn("the lease cannot be had", {{"error", state.error().message}});
    co_await WaitUntil(clock_.Now() + kRenew);
  }
}

Awaitable<void> LeaseHolder::Keep() {
  using asio::experimental::awaitable_operators::operator||;
  auto renewed = Renew();
  auto over = RunOut();
  co_await (std::move(renewed) || std::move(over));
}

Task<void> LeaseHolder::Release() {
  auto lease = co_await client_.Get(path_);
  if (!lease) co_return std::unexpected(std::move(lease).error());
  Result<void> done;
  if (watch_.See(*lease, clock_.Now()) != LeaseWatch::State::kOurs) co_return done;
  Json patch;
  patch["metadata"]["resourceVersion"] = lease->value("/metadata/resourceVersion"_json_pointer, "");
  patch["spec"]["holderIdentity"] = nullptr;
  auto released = co_await client_.Merge(path_, std::move(patch));
  if (!released) co_return std::unexpected(std::move(released).error());
  co_return done;
}

// Ends when it is another's.
Awaitable<void> LeaseHolder::Renew() {
  while (true) {
    co_await WaitUntil(clock_.Now() + kRenew);
    auto state = co_await Try();
    if (!state) {
      log_.Warn("the lease cannot be renewed", {{"error", state.error().message}});
    } else if (*state != LeaseWatch::State::kOurs) {
      co_return;
    }
  }
}

// Ends when it was not renewed in time.
Awaitable<void> LeaseHolder::RunOut() {
  while (clock_.Now() < over_) co_await WaitUntil(over_);
}

Awaitable<void> LeaseHolder::WaitUntil(TimePoint when) {
  while (clock_.Now() < when) {
    co_await Pause(loop_, std::min<Duration>(when - clock_.Now(), kTick));
  }
}

}  // namespace strata::kube::controller
