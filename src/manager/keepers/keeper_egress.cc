#include "manager/keepers/keeper_egress.h"

#include <utility>

#include "sandbox/remote/service.h"

namespace strata::manager {
namespace {

bool IsKeyOf(std::string_view key, std::string_view keeper) {
  return key.ends_with(keeper) && key.substr(0, key.size() - keeper.size()).ends_with('@');
}

// "<class>:<hash>@<keeper>", "service:<name>:<class>:<hash>@<keeper>" (manager/keepers/keepers.h).
std::string_view ClassOf(std::string_view key) {
  if (key.starts_with(sandbox::remote::kServiceKey)) {
    key.remove_prefix(sandbox::remote::kServiceKey.size());
    key.remove_prefix(key.find(':') + 1);
  }
  return key.substr(0, key.find(':'));
}

}  // namespace

void KeeperEgress::Allow(const std::string& key, model::Grants grants) {
  grants_.insert_or_assign(key, std::move(grants));
}

void KeeperEgress::Forget(std::string_view keeper) {
  std::erase_if(grants_, [keeper](const auto& entry) { return IsKeyOf(entry.first, keeper); });
}

Task<Fd> KeeperEgress::Connect(std::string keeper, keeper::Connect asked) {
  model::Grants grants;
  const auto found = grants_.find(asked.key);
  if (found != grants_.end() && IsKeyOf(asked.key, keeper)) grants = found->second;
  co_return co_await connector_.Connect(std::move(keeper), std::move(grants), std::move(asked.host),
                                        asked.port);
}

void KeeperEgress::Count(const std::string& tenant, const keeper::Moved& moved) {
  telemetry::Labels labels = {{"namespace", tenant}, {"class", std::string(ClassOf(moved.key))}};
  registry_
      .GetCounter("strata_manager_egress_connections_total",
                  "Outgoing connections of sandboxes in keepers.", labels)
      .Add(moved.connections);
  registry_
      .GetCounter("strata_manager_egress_denied_total",
                  "Names and destinations that sandboxes in keepers asked for without a grant.",
                  labels)
      .Add(moved.denied);
  for (const auto& [direction, bytes] :
       {std::pair("sent", moved.sent), std::pair("received", moved.received)}) {
    labels["direction"] = direction;
    registry_
        .GetCounter("strata_manager_egress_bytes_total",
                    "Bytes on outgoing connections of sandboxes in keepers.", labels)
        .Add(bytes);
  }
}

}  // namespace strata::manager
