// keeper/keeper.h - what a keeper does, without its process: holds images of the classes that need
// other programs, and services that run them, and serves both to cells over lines.
//
//   manager --messages--> [ Keeper: class -> Driver, key -> Image or Service ] <==lines== cells
//
// A class's driver is made when its first image is prepared; a class that this host lacks makes
// that image's Prepare fail, and nothing else.
//
// Threads:  one loop; a class is tried out beside it (drivers.h).
// Lifetime: loop, clock and the drivers' parts outlive it.
// Errors:   Handle fails when the manager broke the rules: the wire is then to be closed. What a
//           driver refuses is an answer.
// Tested by keeper_test.cc, and with containers by tests/integration/keeper.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "host/process/terminal.h"
#include "keeper/drivers.h"
#include "keeper/pools/pool.h"
#include "keeper/pools/pools.h"
#include "keeper/service/service.h"
#include "keeper/wire/messages.h"
#include "keeper/wire/outgoing.h"
#include "sandbox/driver.h"
#include "sandbox/remote/server.h"

namespace strata::keeper {

class Keeper {
 public:
  // False: there is no manager now, and the message is lost to us.
  using PostFn = std::function<bool(ToManager message)>;

  Keeper(Loop& loop, const Clock& clock, Start start, TryClassFn try_class, PostFn post);

  Result<void> Handle(ToKeeper message, std::vector<Fd> fds);

  // There is another manager, which may have heard less than the one before.
  void TellAnew();

  // Nothing of a sandbox is left: this may be destroyed.
  [[nodiscard]] bool idle() const noexcept {
    return server_.lines() == 0 && services_.empty() && ending_.empty() && !pools_.filling() &&
           !drivers_.trying();
  }

  // The manager is gone, and with it all who had programs run beside services: they are ended.
  void EndPrograms();

  [[nodiscard]] State TakeStock() const;
  [[nodiscard]] const Start& start() const noexcept { return start_; }

  // Forgets everything and takes nothing new. Calls and services end as after Forget; what has not
  // after `patience` is ended.
  Awaitable<void> Drain(Duration patience);

 private:
  void OnPrepare(const Prepare& message);
  Awaitable<void> PrepareAndTell(Prepare message);
  Task<std::shared_ptr<sandbox::Image>> MakeImage(Prepare message);
  void OnAdmit(Admit message);
  void OnServe(Serve message);
  void OnForget(const std::string& key);
  [[nodiscard]] Result<std::shared_ptr<Service>> Running(const std::string& key) const;
  // What is known of an Exec, also while it is only being started.
  struct RunningProgram {
    std::shared_ptr<sandbox::Execution> execution;
    std::optional<host::TerminalSize> resized;  // meanwhile
    bool unwanted = false;
    bool asked_by_us = true;  // by the manager that we have now
  };
  Result<void> OnExec(Exec exec, std::vector<Fd> fds);
  void OnResize(const ResizeExec& message);
  void OnEndExec(std::uint64_t id);
  Awaitable<void> RunProgram(Exec exec, sandbox::Program program,
                             std::shared_ptr<RunningProgram> running);
  Task<int> AwaitProgram(Exec exec, sandbox::Program program,
                         std::shared_ptr<RunningProgram> running);
  // Whether it is one that asks something of a service; then it is done, and answered with Done.
  template <typename Verb>
  bool StartVerb(Verb& verb);
  template <typename Verb>
  Awaitable<void> RunVerb(Verb verb);
  void Tell(ToManager message);
  // Of services or programs of one name, which are one to the manager: name and class.
  using Named = std::pair<std::string, std::string>;
  // Soon, once for all that changes by then.
  void TellPoolsLater();
  Awaitable<void> PauseAndTellPools();
  void TellPools();
  Awaitable<void> MeasureServices();
  void TellUse(const Named& whose);
  [[nodiscard]] std::vector<std::shared_ptr<Service>> AllServices() const;
  Awaitable<void> EndService(std::shared_ptr<Service> service);
  Awaitable<void> Until(std::function<bool()> is_over, Duration most);
  Result<void> OnAttach(const Attach& message, std::vector<Fd> fds);

  Loop& loop_;
  const Clock& clock_;
  const Start start_;
  PostFn post_;
  Outgoing outgoing_;  // before the sandboxes that use it
  Pools pools_;
  Drivers drivers_;
  std::map<std::string, std::shared_ptr<sandbox::Image>> images_;
  std::map<std::string, std::weak_ptr<sandbox::Image>> forgotten_;  // images, perhaps still in use
  std::map<std::string, std::shared_ptr<Pool>> admitted_;
  std::map<Named, Pooled> pools_told_;
  std::map<std::string, std::shared_ptr<Service>> services_;
  std::map<std::string, std::string> down_;  // by key: why a service that is kept did not come up
  std::map<std::uint64_t, std::shared_ptr<RunningProgram>> programs_;  // by id
  std::vector<std::shared_ptr<Service>> ending_;                       // were forgotten
  struct Account {
    Use gone;  // what services used that are not there any more
    std::optional<Measured> told;
  };
  std::map<Named, Account> accounts_;
  sandbox::remote::Server server_;
  bool draining_ = false;
  bool measuring_ = false;
  TimePoint told_pools_at_{};
  bool telling_pools_ = false;  // later
};

}  // namespace strata::keeper
