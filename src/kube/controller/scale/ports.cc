#include "kube/controller/scale/ports.h"

#include "kube/activation.h"

namespace strata::kube::controller {

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
