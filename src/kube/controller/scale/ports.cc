#include "kube/controller/scale/ports.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kube/activation.h"

namespace strata::kube::controller {

void Ports::Keep(const std::map<std::string, Json>& services) {
  std::vector<std::pair<std::string, const Json*>> oldest;
  oldest.reserve(services.size());
  for (const auto& [key, service] : services) {
    // RFC 3339, of one form: as text it is in order.
    oldest.emplace_back(service.at("metadata").value("creationTimestamp", "") + " " + key,
                        &service);
  }
  std::ranges::sort(oldest, {}, &std::pair<std::string, const Json*>::first);
  for (const auto& [made, service] : oldest) {
    const auto said = ActivatorPortOf(*service);
    if (said && !by_port_.contains(*said)) Take(service->at("metadata").value("uid", ""), said);
  }
}

std::optional<std::uint16_t> Ports::Take(const std::string& uid,
                                         std::optional<std::uint16_t> said) {
  if (const auto known = by_uid_.find(uid); known != by_uid_.end()) return known->second;
  std::optional<std::uint16_t> port;
  if (said && !by_port_.contains(*said)) port = said;
  constexpr int kAll = kLastPort - kFirstPort + 1;
  for (int i = 0; i < kAll && !port; ++i) {
    if (next_ < kFirstPort || next_ > kLastPort) next_ = kFirstPort;
    if (!by_port_.contains(next_)) port = next_;
    ++next_;
  }
  if (port) {
    by_uid_.emplace(uid, *port);
    by_port_.emplace(*port, uid);
  }
  return port;
}

void Ports::Free(const std::string& uid) {
  const auto known = by_uid_.find(uid);
  if (known == by_uid_.end()) return;
  by_port_.erase(known->second);
  by_uid_.erase(known);
}

}  // namespace strata::kube::controller
