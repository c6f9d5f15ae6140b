// kube/activator/front.h - the requests of one workload: each goes to a pod of it, and waits where
// there is none.
//
//   http::Server at the workload's port --> [ Front: line | pods ] --sandbox/remote/forward.h-->
//   pod
//
// Of a request what sandbox/remote/forward.h says: fields of one connection stay behind, and so
// does what a client says of who it is. Each has a connection of its own to its pod, so that a pod
// that goes has none that is still used when its requests are answered. A request that no pod has
// seen yet goes to another one when a pod cannot be reached; what a pod has begun is not repeated.
//
// Waiting is bounded by the workload's own time limit and by number; beyond either, and once it is
// closed, the answer is 503 with Retry-After. A pod has as many requests of ours at once as the
// workload's `limits.concurrency` says; who comes while each pod has as many gets 429. What other
// activators give to the same pods is not known here.
//
// Threads: the loop's. Lifetime: loop and clock outlive it; it outlives its requests, which its
// server's Drain does not wait for beyond its deadline: Quiet does. Requests that are left when the
// loop ends touch nothing of it. Tested by front_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/async/broadcast.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/server/listener.h"
#include "kube/activator/demand.h"
#include "kube/activator/meter.h"
#include "kube/activator/workload.h"
#include "sandbox/driver.h"

namespace strata::kube::activator {

class Front final : public http::Handler {
 public:
  // `on_wanted`: a request begins to wait where none did.
  Front(Loop& loop, const Clock& clock, Workload workload, std::function<void()> on_wanted);
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  Awaitable<void> Handle(http::Exchange& exchange) override;

  // It gets no pod any more: who waits for one, or comes to, is told to come again.
  void Close();

  // Ends when there is no request.
  Awaitable<void> Quiet();

  // From now on, for requests that come.
  void Change(Workload workload) { workload_ = std::move(workload); }

  // Those that may get requests. One that is not among them any more finishes what it has.
  void SetPods(const std::vector<http::TcpAddress>& ready);

  [[nodiscard]] const Workload& workload() const noexcept { return workload_; }
  [[nodiscard]] WorkloadDemand demand() const;

 private:
  struct Pod {
    http::TcpAddress address;
    std::uint32_t running = 0;  // requests of ours
    TimePoint avoid_until;      // it could not be reached
  };
  struct Load {
    Meter meter;
    std::uint32_t waiting = 0;
  };
  class Using;

  // What to tell the client; nothing when it has its answer, or is gone.
  Awaitable<std::optional<http::Problem>> Serve(http::Exchange& exchange);
  // A pod with room, which may have to be waited for. Null: the client is gone.
  Task<std::shared_ptr<Pod>> Obtain(http::Exchange& exchange, TimePoint due);
  // As Serve. Any error: the pod could not be reached, and has seen nothing of the request.
  Task<std::optional<http::Problem>> HandTo(Pod& pod, http::Exchange& exchange,
                                            const sandbox::Spec& spec, TimePoint due);
  [[nodiscard]] bool IsFull() const;
  [[nodiscard]] bool HasRoom(const Pod& pod) const;
  [[nodiscard]] std::shared_ptr<Pod> Pick() const;

  Loop& loop_;
  const Clock& clock_;
  Workload workload_;
  std::function<void()> on_wanted_;
  std::shared_ptr<Load> load_;  // each request has it, too
  bool closed_ = false;
  std::vector<std::shared_ptr<Pod>> pods_;
  std::vector<std::shared_ptr<Pod>> left_;  // that finish what they have, and may come back
  Broadcast changed_;                       // pods_
};

}  // namespace strata::kube::activator
