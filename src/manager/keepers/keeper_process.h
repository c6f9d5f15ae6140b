// manager/keepers/keeper_process.h - one strata-keeper, as the manager sees it: its process, its
// end of the wire, and what it was told.
//
//   Keepers --> [ KeeperProcess ] --wire--> strata-keeper
//
// Started (it and its cgroup are journalled before they exist) or adopted from an earlier manager.
// Its death is reported once through KeeperListener::OnExit, when nothing of it is left on the
// host.
//
// Threads: one loop. Lifetime: destroying it leaves the process running; Drain() or Kill() end it.
// The listener outlives it. Tested by tests/integration/manager.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "host/files/journal.h"
#include "host/process/process.h"
#include "keeper/wire/messages.h"
#include "manager/cells/cell_process.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "wire/channel.h"

namespace strata::manager {

class KeeperProcess;

class KeeperListener {
 public:
  virtual ~KeeperListener() = default;
  virtual void OnExit(KeeperProcess& keeper, const std::string& why) = 0;
  virtual void OnPrinted(const KeeperProcess& keeper, keeper::Printed line) = 0;
  virtual void OnMeasured(const KeeperProcess& keeper, keeper::Measured load) = 0;
  virtual void OnScaled(const KeeperProcess& keeper, keeper::Scaled scaled) = 0;
  virtual void OnPooled(const KeeperProcess& keeper, keeper::Pooled pool) = 0;
  // To be answered with AnswerConnect.
  virtual void OnConnect(KeeperProcess& keeper, keeper::Connect asked) = 0;
  virtual void OnMoved(const KeeperProcess& keeper, const keeper::Moved& moved) = 0;
};

inline constexpr std::string_view kKeeperKind = "keeper";  // of their notes in the journal

// Ends and removes whatever the keeper `name`, which is gone, left on the host: processes and
// groups below its cgroup, directories, its socket and its notes in the journal. What resists stays
// in the journal, for the next time.
void RemoveKeeperTraces(CellContext& context, const std::string& name);

class KeeperProcess : public std::enable_shared_from_this<KeeperProcess> {
 public:
  // Starts a keeper and waits until it is ready. kUnsupported: not root.
  static Task<std::shared_ptr<KeeperProcess>> Start(CellContext& context, KeeperListener& listener,
                                                    std::string name, std::string tenant);
  // Takes over a keeper of an earlier manager. kUnavailable: nobody answers there.
  static Task<std::shared_ptr<KeeperProcess>> Adopt(CellContext& context, KeeperListener& listener,
                                                    const host::HostObject& recorded);
  ~KeeperProcess();

  // Has the keeper make the image ready. kUnsupported: this host lacks the class.
  Task<void> Prepare(std::string key, std::string sandbox_class, std::string root_image);
  // Has the keeper admit a workload until Forget(what.key). kUnsupported: its class cannot enforce
  // what the message says.
  Task<void> Admit(keeper::Admit what);
  // Has the keeper run a service until Forget(what.key), and waits until it can be reached.
  // kFailedPrecondition: nothing listened in time. One that need not prove itself is held also
  // then: keys() has it, and it is started on.
  Task<void> Serve(keeper::Serve what);
  // Has the keeper do something to a service that is answered with Done, and waits for that; `more`
  // is what this service takes beyond what any does. `what` gets an id here.
  template <typename What>
  Task<keeper::Done> Do(What what, std::chrono::milliseconds more = {}) {
    what.id = next_request_++;
    const std::uint64_t id = what.id;
    keeper::ToKeeper message(std::move(what));
    co_return co_await AwaitDone(id, std::move(message), {}, kVerbPatience + more);
  }
  // A program that the keeper starts once it is waited for. It keeps this alive.
  std::shared_ptr<sandbox::Execution> MakeProgram(keeper::Exec what, std::vector<Fd> fds);

  // A new line to what is kept as `key`, for one cell.
  Result<Fd> OpenLine(const std::string& key);
  void Forget(const std::string& key);
  void AnswerConnect(std::uint64_t id, Result<Fd> outcome);

  // Asks the keeper to finish and waits for its end; kills it after `patience`.
  Task<void> Drain(std::chrono::milliseconds patience);
  void Kill() noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& tenant() const noexcept { return tenant_; }
  // What it holds, without services of which it is not known yet whether they come up.
  [[nodiscard]] const std::set<std::string>& keys() const noexcept { return keys_; }
  // Services that it is still starting: whether they come up is not known yet.
  [[nodiscard]] const std::set<std::string>& starting() const noexcept { return starting_; }
  // By key: services that did not come up when they were started last, and why. Some go on being
  // started here (keys() has them), some have to be asked for again.
  [[nodiscard]] const std::map<std::string, std::string>& down() const noexcept { return down_; }
  [[nodiscard]] bool alive() const noexcept { return alive_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  // What it has computed since it began, with all that it ever started; also when it has ended.
  // kUnsupported: this host has no cgroups.
  [[nodiscard]] Result<std::chrono::nanoseconds> cpu_time() const;

 private:
  class Program;
  using Answer = Promise<std::monostate>;

  static constexpr std::chrono::milliseconds kVerbPatience{90'000};  // longer than a keeper takes

  KeeperProcess(CellContext& context, KeeperListener& listener, std::string name,
                std::string tenant, host::Process process, Fd wire);

  void Run();  // starts the two coroutines below
  static Awaitable<void> Read(std::shared_ptr<KeeperProcess> self);
  static Awaitable<void> Watch(std::shared_ptr<KeeperProcess> self);
  void Handle(keeper::ToManager message);
  void Ended(const std::string& why);
  Result<void> Post(const keeper::ToKeeper& message, std::vector<Fd> fds = {});
  void Tell(const keeper::ToKeeper& message);
  Task<keeper::Done> AwaitDone(std::uint64_t id, keeper::ToKeeper message, std::vector<Fd> fds,
                               std::chrono::milliseconds patience);
  // For what is answered with Prepared.
  Task<void> Ask(std::string key, keeper::ToKeeper message, std::chrono::milliseconds patience);

  CellContext& context_;
  KeeperListener& listener_;
  std::string name_;
  std::string tenant_;
  host::Process process_;
  wire::Channel wire_;
  std::set<std::string> keys_;
  std::set<std::string> starting_;
  std::map<std::string, std::string> down_;
  std::uint64_t next_request_;
  bool alive_ = true;
  Answer heard_;  // all that it sent
  Result<std::chrono::nanoseconds> cpu_at_end_{std::chrono::nanoseconds(0)};

  // Answers that somebody waits for.
  std::shared_ptr<Promise<keeper::ToManager>> greeting_;  // Ready or State
  std::map<std::string, std::shared_ptr<Answer>> preparing_;
  std::map<std::uint64_t, std::shared_ptr<Promise<keeper::Done>>> doing_;
  std::shared_ptr<Answer> ended_;
};

}  // namespace strata::manager
