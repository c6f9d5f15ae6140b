// kube/shim/sandbox_service.h - containerd.runtime.sandbox.v1.Sandbox: pods that need no pause
// container (`sandboxer = 'shim'`).
//
//   ttrpc::Server --Call--> SandboxService --> Pod, pod/place.h
//
// Threads: the loop's; mounts are made on the worker. Lifetime: outlives the loop's run.
// Errors:  kUnsupported: an unknown method, or UpdateSandbox; kInvalidArgument: no such message, or
//          no namespace in the call; kNotFound: no such sandbox; kFailedPrecondition: not in this
//          state; else pod/config.h's and pod/place.h's.
// Tested by tests/kube/pods_test.py.
#pragma once

#include <string>
#include <string_view>

#include "base/async/broadcast.h"
#include "kube/shim/pod/pod.h"
#include "kube/shim/shared.h"
#include "kube/shim/task_service.h"
#include "kube/ttrpc/server.h"

namespace strata::kube::shim {

class SandboxService {
 public:
  // `tasks` outlives it.
  SandboxService(Shared& shared, TaskService& tasks)
      : shared_(shared), tasks_(tasks), changed_(shared.loop) {}
  SandboxService(const SandboxService&) = delete;
  SandboxService& operator=(const SandboxService&) = delete;

  static bool Has(std::string_view service) noexcept;
  Awaitable<ttrpc::Reply> Handle(ttrpc::Call call);

 private:
  Awaitable<ttrpc::Reply> Create(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Start(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Platform(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Stop(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Wait(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Status(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Ping(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Shutdown(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Metrics(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Update(ttrpc::Call call);

  [[nodiscard]] Result<std::shared_ptr<Pod>> Find(const ttrpc::Call& call,
                                                  const std::string& id) const;
  // Ends what still runs in it, and removes what it shares.
  Awaitable<void> End(std::string name_space, std::string id, std::shared_ptr<Pod> pod);

  Shared& shared_;
  TaskService& tasks_;
  Broadcast changed_;  // a pod has stopped
};

}  // namespace strata::kube::shim
