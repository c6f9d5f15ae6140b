// manager/keepers/keeper_egress.h - outgoing connections of the sandboxes in keepers: which key may
// reach what, as this side knows it, and what went over them.
//
//   keeper --Connect{key}--> [ KeeperEgress: key -> grants ] --> Connector
//
// A keeper's word counts only for its own keys, each of which has the grants of one workload.
//
// Threads: one loop. Lifetime: the connector and the registry outlive it.
// Tested by keeper_egress_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "keeper/wire/messages.h"
#include "manager/cells/connector.h"
#include "model/values.h"
#include "telemetry/metrics.h"

namespace strata::manager {

class KeeperEgress {
 public:
  KeeperEgress(Connector& connector, telemetry::Registry& registry)
      : connector_(connector), registry_(registry) {}

  // What `key` may reach from now on, instead of what it could.
  void Allow(const std::string& key, model::Grants grants);
  // The keeper is gone, and its keys with it. A key that only went out of use keeps its grants:
  // what runs of it is still finishing.
  void Forget(std::string_view keeper);

  // As Connector::Connect, with the grants of the key.
  Task<Fd> Connect(std::string keeper, keeper::Connect asked);

  void Count(const std::string& tenant, const keeper::Moved& moved);

 private:
  Connector& connector_;
  telemetry::Registry& registry_;
  std::map<std::string, model::Grants> grants_;
};

}  // namespace strata::manager
