#include "gateway/endpoints.h"

#include <algorithm>
#include <chrono>

namespace strata::gateway {

Endpoints::Lease::~Lease() {
  if (!endpoint_) return;  // moved from
  endpoint_->Return(keep_ ? std::move(connection_) : nullptr);
  ServeWaiting(group_);
}

void Endpoints::Add(const std::string& tenant, const std::string& cell, Fd line) {
  Remove(cell);
  auto& group = groups_[tenant];
  if (!group) group = std::make_shared<Group>();
  auto endpoint = std::make_shared<Endpoint>(loop_, deadlines_, batch_, cell, std::move(line));
  endpoint->Watch([this, cell] { Remove(cell); });
  group->endpoints.push_back(std::move(endpoint));
  ServeWaiting(group);
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
  // Whoever waits already comes first.
  if (found == groups_.end() || !found->second->waiting.empty()) return std::nullopt;
  return TakeFrom(found->second);
}

std::optional<Endpoints::Lease> Endpoints::TakeFrom(const std::shared_ptr<Group>& group) {
  const auto& endpoints = group->endpoints;
  const std::size_t start = group->next++;
  Endpoint* best = nullptr;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    Endpoint* each = endpoints[(start + i) % endpoints.size()].get();
    if (best == nullptr || each->taken() < best->taken()) best = each;
  }
  if (best == nullptr) return std::nullopt;
  auto connection = best->Take();
  if (!connection) return std::nullopt;
  return Lease(group, best->shared_from_this(), std::move(connection));
}

Task<Endpoints::Lease> Endpoints::Acquire(std::string tenant, TimePoint due) {
  auto& entry = groups_[tenant];
  if (!entry) entry = std::make_shared<Group>();
  const std::shared_ptr<Group> group = entry;
  if (group->waiting.size() >= kMostWaiting) {
    co_return Fail(Errc::kResourceExhausted, "too many calls wait for a cell");
  }
  Promise<Lease> turn(loop_);
  // Leaves the line however this coroutine ends, also when it is destroyed while it waits.
  struct Place {
    std::list<Promise<Lease>*>& line;
    Promise<Lease>& turn;
    ~Place() { line.remove(&turn); }
  };
  group->waiting.push_back(&turn);
  const Place place{group->waiting, turn};
  const Duration patience = std::max<Duration>(due - clock_.Now(), Duration::zero());
  auto lease = co_await turn.Wait(std::chrono::ceil<std::chrono::milliseconds>(patience));
  co_return lease;
}

// Whoever waits longest is first: a connection that is free goes to nobody else.
void Endpoints::ServeWaiting(const std::shared_ptr<Group>& group) {
  while (!group->waiting.empty()) {
    auto lease = TakeFrom(group);
    if (!lease) return;
    Promise<Lease>* const next = group->waiting.front();
    group->waiting.pop_front();
    next->Set(std::move(*lease));
  }
}

}  // namespace strata::gateway
