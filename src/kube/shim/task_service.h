// kube/shim/task_service.h - containerd.task.v3.Task, and v2, whose messages are the same: what
// containerd asks of its tasks.
//
//   ttrpc::Server --Call--> TaskService --> Container
//
// Threads: the loop's. Lifetime: outlives the loop's run.
// Errors:  kUnsupported: an unknown method, or Checkpoint; kInvalidArgument: no such message, or no
//          namespace in the call; kNotFound: no such task; else what Container says.
// Tested by tests/kube/ctr_test.py.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/shim/shared.h"
#include "kube/shim/task/container.h"
#include "kube/ttrpc/server.h"

namespace strata::kube::shim {

class TaskService {
 public:
  explicit TaskService(Shared& shared) : shared_(shared) {}
  TaskService(const TaskService&) = delete;
  TaskService& operator=(const TaskService&) = delete;

  static bool Has(std::string_view service) noexcept;
  Awaitable<ttrpc::Reply> Handle(ttrpc::Call call);

  [[nodiscard]] std::size_t tasks() const noexcept { return tasks_.size(); }
  // The containers of one pod.
  [[nodiscard]] std::vector<std::shared_ptr<Container>> OfPod(const std::string& name_space,
                                                              const std::string& pod) const;

 private:
  using Key = std::pair<std::string, std::string>;  // namespace and id: unique only together

  Awaitable<ttrpc::Reply> Create(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Start(ttrpc::Call call);
  Awaitable<ttrpc::Reply> State(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Wait(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Kill(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Delete(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Exec(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Connect(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Shutdown(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Pids(ttrpc::Call call);
  Awaitable<ttrpc::Reply> CloseIo(ttrpc::Call call);
  Awaitable<ttrpc::Reply> ResizePty(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Stats(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Update(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Pause(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Resume(ttrpc::Call call);
  Awaitable<ttrpc::Reply> Checkpoint(ttrpc::Call call);

  [[nodiscard]] Result<std::shared_ptr<Container>> Task(const ttrpc::Call& call,
                                                        const std::string& id) const;

  Shared& shared_;
  std::map<Key, std::shared_ptr<Container>> tasks_;
};

}  // namespace strata::kube::shim
