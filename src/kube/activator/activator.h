// kube/activator/activator.h - what stands in front of all Services whose replicas follow their
// load: hands their requests on to their pods, holds those that come while there is none, and says
// how many there are.
//
//   API server --mirrors--> [ Activator: a Front and a port for each ] <--requests-- clients
//                                  \--GET /v1/demand?seen=N--> strata-operator
//
// It only reads the API server, and goes on by what it has read when that, or the operator, is not
// there. Before it has read all it serves nothing; it is ready once it has tried to listen at the
// ports of all, at each host. One port that cannot be had is tried again, and does not keep it from
// being ready.
//
// While it drains it goes on to hand what is here to pods, and to say how much that is.
//
// Handle answers at a port of its own: /ready, to anybody, for kubelet; and to the operator alone
// (callers.h) /v1/demand: a DemandReport, at once when its `wanted` is not N, else after a second.
//
// Threads: on the loop. Lifetime: loop, client and clock outlive it; it outlives Run, which ends
// with the loop. Tested by activator_test.cc, front_test.cc (requests), workload_test.cc (what is
// served) and tests/kube/scale_test.py.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/async/broadcast.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "http/server/server.h"
#include "kube/activator/callers.h"
#include "kube/activator/front.h"
#include "kube/activator/workload.h"
#include "kube/controller/api_client.h"
#include "kube/controller/mirror.h"
#include "telemetry/log.h"

namespace strata::kube::activator {

// All addresses of this machine, of each family that it has: "0.0.0.0", and "::", which is of IPv6
// alone. A cluster's pods may have either, or both.
std::vector<std::string> AllHosts();

class Activator final : public http::Handler {
 public:
  struct Settings {
    std::vector<std::string> hosts;  // the numeric addresses that the workloads' ports are at
    std::string instance;            // of this process
    std::string reader;              // who may ask for the demand, by the API server's name
  };
  Activator(Loop& loop, controller::ApiClient& client, Clock& clock, telemetry::Logger log,
            const Settings& settings);

  // Never ends.
  Awaitable<void> Run();

  Awaitable<void> Handle(http::Exchange& exchange) override;

  // Accepts nothing more, and ends when what is here is answered, at `deadline` at the latest.
  Awaitable<void> Drain(TimePoint deadline);

 private:
  struct Entry {
    Entry(Activator& all, Workload workload);
    Front front;
    http::Server server;
    std::set<std::string> listens;  // at these hosts
  };

  [[nodiscard]] bool synced() const noexcept { return services_.synced() && slices_.synced(); }
  void ServiceChanged(const Json& service);
  void SliceChanged(const Json& slice);
  void SettleSoon();
  void Settle();
  void Listen(const std::string& key, Entry& entry);
  [[nodiscard]] std::vector<http::TcpAddress> PodsFor(const std::string& key) const;
  Awaitable<void> Leave(std::shared_ptr<Entry> entry);
  Awaitable<void> AnswerDemand(http::Exchange& exchange);
  [[nodiscard]] DemandReport Report() const;

  Loop& loop_;
  Clock& clock_;
  telemetry::Logger log_;
  const std::vector<std::string> hosts_;
  const std::string instance_;
  const TimePoint begun_;
  Callers callers_;
  controller::Mirror services_;
  controller::Mirror slices_;
  Workloads workloads_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by "namespace/name"
  bool settles_ = false;                                   // soon
  bool settled_ = false;                                   // once, after all was read
  bool draining_ = false;
  std::uint64_t wanted_ = 0;
  std::uint32_t readers_ = 0;  // of the demand, that wait
  Broadcast wanted_changed_;
};

}  // namespace strata::kube::activator
