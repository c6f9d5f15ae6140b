// kube/shim/task/container.h - one container of containerd's ("task"): its root, its first process
// and those that were exec'd in it, from Create to Delete.
//
//   TaskService --> Container --> Backend (of its class), root, streams, events
//
//   created --Start--> running --the program ends--> stopped --Delete--> gone
//      '------------------Kill, Delete---------------^
//
// containerd wrote config.json; what confines the container is its decision.
//
// Threads:  the loop's; mounts are made on the worker. Lifetime: what waits or runs keeps it alive.
//           Changing calls of one container take turns; Kill, State and Wait do not wait for them.
// Errors:   kNotFound: no such process; kFailedPrecondition: not in this state; else the backend's.
//           A Create that fails leaves nothing.
// Tested by tests/kube/ctr_test.py.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/async/broadcast.h"
#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/text/json.h"
#include "host/cgroup/cgroup.h"
#include "kube/shim/messages.h"
#include "kube/shim/options.h"
#include "kube/shim/shared.h"
#include "kube/shim/task/backend.h"
#include "kube/shim/task/container_process.h"
#include "model/placement.h"

namespace strata::kube::shim {

class Container : public std::enable_shared_from_this<Container> {
 public:
  Container(Shared& shared, std::string name_space, std::string id, std::string bundle);
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  Task<void> Create(const task_api::CreateTaskRequest& request);
  Task<std::uint32_t> Start(std::string exec_id);
  // Registers a process; Start starts it. kResourceExhausted: 256 others are not deleted yet.
  Task<void> Exec(const task_api::ExecProcessRequest& request);
  // The process is gone afterwards; with the first one everything.
  Task<std::shared_ptr<ContainerProcess>> Delete(std::string exec_id);
  Task<void> Kill(std::string exec_id, int signal, bool all);
  Result<void> Resize(const std::string& exec_id, host::TerminalSize size);
  Result<void> CloseInput(const std::string& exec_id);
  Task<void> SetPaused(bool paused);
  Task<void> Update(std::string resources);
  // Until the process has ended, or nobody waits any more.
  Task<std::shared_ptr<ContainerProcess>> Wait(std::string exec_id,
                                               std::shared_ptr<const bool> abandoned);

  // kNotFound.
  [[nodiscard]] Result<std::shared_ptr<ContainerProcess>> Find(const std::string& exec_id) const;
  // Null: it has none of its own.
  [[nodiscard]] host::Cgroup* group() const noexcept;
  // kUnsupported where group() is null.
  [[nodiscard]] Result<host::Cgroup*> NeedGroup() const;
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& bundle() const noexcept { return bundle_; }
  // Its class, and why no other; nothing: that is about to be chosen.
  [[nodiscard]] const std::optional<model::Placement>& placement() const noexcept {
    return placement_;
  }
  // The id of the pod that it is in; empty: in none.
  [[nodiscard]] const std::string& pod() const noexcept { return pod_; }
  [[nodiscard]] bool paused() const noexcept { return paused_; }

 private:
  using Process = std::shared_ptr<ContainerProcess>;

  Result<Json> ReadConfig();
  [[nodiscard]] Result<void> CheckPod() const;  // that it is ready, where it is ours
  Task<void> ChooseBackend(const RuntimeOptions& options, const Json& config);
  Task<std::unique_ptr<Backend>> MakeBackend(model::Class sandbox_class, Json config);
  Result<std::unique_ptr<Backend>> MakeContainer(const Json& config);
  [[nodiscard]] Result<void> CheckProcessIds(const Json* linux) const;
  Task<std::unique_ptr<Backend>> MakeAppkernel(Json config);
  Task<std::unique_ptr<Backend>> MakeMicrovm(Json config);
  Task<void> Make(Process process);
  Task<void> Remove();
  Awaitable<void> Watch(std::shared_ptr<Container> self, Process process);
  void NeverRuns(ContainerProcess& process) const;
  void TellOomKills();
  Awaitable<void> EndOthers();
  [[nodiscard]] bool OthersRun() const;
  [[nodiscard]] Result<void> NotPaused(const char* verb) const;
  void Publish(const char* topic, const char* type, const google::protobuf::MessageLite& event);

  Shared& shared_;
  const std::string name_space_;
  const std::string id_;
  const std::string bundle_;
  std::string pod_;
  bool in_our_pod_ = false;     // not one of containerd's
  std::string no_process_ids_;  // its entry in Shared; empty: it has none
  Turns turns_;
  Broadcast changed_;  // the state of a process
  std::map<std::string, Process> processes_;
  std::unique_ptr<Backend> backend_;  // from Create on
  std::optional<model::Placement> placement_;
  bool paused_ = false;
};

}  // namespace strata::kube::shim
