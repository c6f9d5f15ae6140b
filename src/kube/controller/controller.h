// kube/controller/controller.h - makes a cluster as our resources in it say: looks at each
// whenever it, what was made for it, or the nodes' classes change, and does what reconcile.h says.
//
//   mirrors --changed--> [ Controller: two lines, kAtOnce of each ] --Actions--> API server
//
// In a line they take turns, by name; none is looked at twice at a time (line.h). What fails is
// tried again, after pauses that grow; a resource that fails does not hold up others, nor do fewer
// than kAtOnce whose requests the API server answers late, say for an admission webhook that does
// not answer it. Everything is looked at again every ten minutes, whatever was heard, and what
// others have set is applied then again.
//
// Of Services whose replicas follow their load it decides anew every second, and at once when one
// that has none is asked for. Those that are to have more have a line of their own: requests wait,
// and are not to wait for what else is changed, nor for longer than a moment after a failure.
//
// Threads: on the loop. Lifetime: loop, client and clock outlive it; it outlives Run, which ends
// with the loop. Tested by controller_test.cc (whose turn it is), reconcile_test.cc (what is
// done), api_client_test.cc (how things are seen) and tests/kube/cluster_test.py, on a real API
// server.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"
#include "kube/controller/api_client.h"
#include "kube/controller/difference.h"
#include "kube/controller/line.h"
#include "kube/controller/mirror.h"
#include "kube/controller/place.h"
#include "kube/controller/reconcile.h"
#include "kube/controller/scale/activators.h"
#include "kube/controller/scale/ports.h"
#include "kube/controller/scale/scaling.h"
#include "scheduler/placing/strategy.h"
#include "telemetry/log.h"

namespace strata::kube::controller {

class Controller {
 public:
  // Of each line that are looked at.
  static constexpr int kAtOnce = 8;

  Controller(Loop& loop, ApiClient& client, const Clock& clock, telemetry::Logger log,
             Activators::Settings activators);

  // Never ends.
  Awaitable<void> Run();

 private:
  [[nodiscard]] bool Synced() const;
  void Due(std::string key) { changed_.Add(std::move(key)); }
  void ResourceChanged(const std::string& kind, const Json& resource);
  void ChildChanged(const Json& child);
  void AllDue();
  void NodeChanged(const Json& node);
  Awaitable<void> Resync();
  Awaitable<void> Again(Line& line, std::string key, Duration pause);
  Awaitable<void> Serve(Line& line);
  [[nodiscard]] const Json* FindResource(const std::string& key) const;
  [[nodiscard]] Observed Observe(const Json& resource) const;
  [[nodiscard]] std::optional<Activation> Activate(const std::string& key,
                                                   const Observed& observed);
  void KeepPorts();
  void Unfollow(const std::string& key);
  Awaitable<void> RescaleAll();
  void Rescale(const std::string& key, const std::string& uid);
  void Heard(const std::string& activator, const activator::DemandReport& report);
  void ActivatorsChanged();
  Task<void> LookAt(std::string key, Json resource);
  Task<void> CheckNames(const std::string& key, Observed& observed,
                        const std::vector<Action>& actions);
  Task<void> ApplyAll(Observed& observed, std::vector<Action> actions);
  Task<void> DoAll(const Observed& observed, std::vector<Action> actions);
  Task<void> Do(const Json& resource, Action action);
  Task<void> TellEvent(const Json& resource, Tell tell);

  Loop& loop_;
  ApiClient& client_;
  const Clock& clock_;
  telemetry::Logger log_;
  ClusterNodes classes_;
  // By "Service/namespace/name".
  InHand in_hand_;
  Line changed_;                                          // or to be looked at for any other reason
  Line wanted_;                                           // that are to have more replicas
  std::map<std::string, Mirror, std::less<>> resources_;  // by kind
  std::list<Mirror> children_;  // one for each kind of what is made and has its maker's name
  const Mirror* deployments_ = nullptr;  // one of them
  Mirror nodes_;
  Mirror claims_;
  Scaling scaling_;
  Ports ports_;
  std::map<std::string, std::string> making_;    // whose look makes what now, by its path
  std::map<std::string, std::string> followed_;  // uids of those that have a port
  // Observed::overridden of each, since the last time that everything was looked at.
  std::map<std::string, std::map<std::string, Differences>> overridden_;
  Activators activators_;
};

}  // namespace strata::kube::controller
