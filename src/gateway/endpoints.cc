#include "gateway/endpoints.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/async/pause.h"

namespace strata::gateway {
namespace {

// A tenant is one of those that share the front for up to twice as long after its last call.
constexpr std::chrono::milliseconds kPeriod{100};

}  // namespace

Endpoints::Lease::~Lease() {
  if (!endpoint_) return;  // moved from
  if (!keep_) taken_.connection.reset();
  endpoint_->Return(std::move(taken_));
  endpoints_->ServeWaiting(group_);
}

void Endpoints::Add(const std::string& tenant, const std::string& cell, Fd line) {
  Remove(cell);
  auto& group = groups_[tenant];
  if (!group) group = std::make_shared<Group>();
  auto endpoint = std::make_shared<Endpoint>(loop_, deadlines_, batch_, cell, std::move(line));
  endpoint->Watch([this, cell] { Remove(cell); });
  group->endpoints.push_back(std::move(endpoint));
  group->waiting.BeginAnew(clock_.Now());
  ServeWaiting(group);
}

Endpoints::~Endpoints() {
  for (const auto& [tenant, group] : groups_) {
    for (const auto& endpoint : group->endpoints) endpoint->Close();
  }
}

void Endpoints::Remove(std::string_view cell) {
  for (auto at = groups_.begin(); at != groups_.end();) {
    auto& endpoints = at->second->endpoints;
    std::erase_if(endpoints, [cell](const std::shared_ptr<Endpoint>& endpoint) {
      if (endpoint->cell() != cell) return false;
      endpoint->Close();
      return true;
    });
    const bool unused = endpoints.empty() && at->second->waiting.empty();
    at = unused ? groups_.erase(at) : std::next(at);
  }
}

std::vector<std::string> Endpoints::cells() const {
  std::vector<std::string> names;
  for (const auto& [tenant, group] : groups_) {
    for (const auto& endpoint : group->endpoints) names.push_back(endpoint->cell());
  }
  return names;
}

std::optional<Endpoints::Lease> Endpoints::TryAcquire(std::string_view tenant) {
  const auto found = groups_.find(tenant);
  if (found == groups_.end()) return std::nullopt;
  Note(*found->second);
  // Whoever waits already comes first.
  if (!found->second->waiting.empty()) return std::nullopt;
  return TakeFrom(found->second);
}

void Endpoints::Note(Group& group) {
  const std::int64_t now = clock_.Now().time_since_epoch() / kPeriod;
  if (now != period_) {
    callers_before_ = now == period_ + 1 ? callers_ : 0;
    callers_ = 0;
    period_ = now;
  }
  if (std::exchange(group.period, now) != now) ++callers_;
}

bool Endpoints::MayHaveMore(const Endpoint& endpoint, TimePoint now) const noexcept {
  return !shared() || !endpoint.HasNew(kAhead, now - kAheadFor);
}

std::optional<Endpoints::Lease> Endpoints::TakeFrom(const std::shared_ptr<Group>& group) {
  const auto& endpoints = group->endpoints;
  const TimePoint now = clock_.Now();
  const std::size_t start = group->next++;
  Endpoint* best = nullptr;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    Endpoint* each = endpoints[(start + i) % endpoints.size()].get();
    if (!MayHaveMore(*each, now)) continue;
    if (best == nullptr || each->taken() < best->taken()) best = each;
  }
  if (best == nullptr) {
    if (!endpoints.empty()) LookAgainSoon(group);
    return std::nullopt;
  }
  auto taken = best->Take(now);
  if (!taken) {
    // A full cell has room when a call ends. Else the kernel had none for a new connection, and
    // calls that run may do so for hours.
    if (best->taken() < Endpoint::kMostConnections) LookAgainSoon(group);
    return std::nullopt;
  }
  return Lease(this, group, best->shared_from_this(), std::move(*taken));
}

void Endpoints::LookAgainSoon(const std::shared_ptr<Group>& group) {
  if (std::exchange(group->looks_again, true)) return;
  Spawn(loop_, LookAgain(group));
}

Awaitable<void> Endpoints::LookAgain(std::shared_ptr<Group> group) {
  co_await Pause(loop_, kAheadFor);
  group->looks_again = false;
  ServeWaiting(group);
}

Task<Endpoints::Lease> Endpoints::Acquire(std::string tenant, model::Priority priority,
                                          TimePoint due) {
  auto& entry = groups_[tenant];
  if (!entry) entry = std::make_shared<Group>();
  const std::shared_ptr<Group> group = entry;
  const TimePoint now = clock_.Now();
  if (group->waiting.empty()) {
    if (auto lease = TakeFrom(group)) co_return std::move(*lease);
  }
  if (group->waiting.full()) {
    const auto later = group->waiting.TakeBelow(priority);
    const Error full = Error{Errc::kResourceExhausted, "too many calls wait for a cell"};
    if (!later) co_return std::unexpected(full);
    (*later)->Set(std::unexpected(full));
  }
  Promise<Lease> turn(loop_);
  // Leaves the line however this coroutine ends, also when it is destroyed while it waits. Whoever
  // sets `turn` has taken it out already.
  struct Waits {
    Line& line;
    Line::Place place;
    const Promise<Lease>& turn;
    ~Waits() {
      if (!turn.ready()) line.Leave(place);
    }
  };
  const Waits waits{group->waiting, group->waiting.Join(priority, &turn, now), turn};
  const Duration patience = std::max<Duration>(due - now, Duration::zero());
  auto lease = co_await turn.Wait(std::chrono::ceil<std::chrono::milliseconds>(patience));
  co_return lease;
}

// A connection that is free goes to nobody who does not wait.
void Endpoints::ServeWaiting(const std::shared_ptr<Group>& group) {
  while (!group->waiting.empty()) {
    auto lease = TakeFrom(group);
    if (!lease) return;
    for (Promise<Lease>* late : group->waiting.Shed(clock_.Now())) {
      late->Set(Fail(Errc::kResourceExhausted, std::string(kLineStood)));
    }
    group->waiting.Take()->Set(std::move(*lease));
  }
}

}  // namespace strata::gateway
