// manager/keepers/keepers.h - the keepers of this instance, one for each tenant that needs one, and
// the images in them.
//
//   deploy --Prepare--> [ Keepers: tenant -> KeeperProcess ] --line--> cells
//
// What is kept there is known by its module key: "<class>:<what it is, hashed>@<keeper>", a program
// with its limits, variables and grants, or "service:<name>:<class>:<what it is, hashed>@<keeper>".
// Cells and the manager use these as they use the key of native code. An image has a key too,
// "<class>:<digest>@<keeper>", but no cell gets a line to it. A keeper that dies is not replaced
// here: its keys are void, `on_lost` is told, and the next Run starts another, under whose name
// there are new keys.
//
// Threads: one loop. Lifetime: what it is made with outlives it. Tested by keepers_test.cc,
// tests/e2e and tests/crash.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/async/keyed_turns.h"
#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "manager/keepers/keeper_egress.h"
#include "manager/keepers/keeper_process.h"
#include "manager/records/accounts.h"
#include "model/values.h"

namespace strata::manager {

// Whether `key` names something in a keeper, not native code.
bool IsKeeperKey(std::string_view key) noexcept;

class Keepers final : public KeeperListener {
 public:
  using LostFn = std::function<void(const std::string& tenant)>;
  using PrintedFn = std::function<void(const std::string& tenant, const keeper::Printed& line)>;
  // `cpu`: what it has used that no manager was told before. `memory`: of so many `sandboxes`, all
  // together; 0: nobody said of how many.
  using MeasuredFn = std::function<void(const store::UsageKey& whose, std::chrono::nanoseconds cpu,
                                        Bytes memory, std::uint32_t sandboxes)>;
  using ScaledFn = std::function<void(const std::string& tenant, keeper::Scaled scaled)>;
  using PooledFn = std::function<void(const std::string& tenant, keeper::Pooled pool)>;

  // `on_lost`: something of the tenant is to be started again, with its keeper if that died.
  // `on_printed`: a service's sandbox printed a line. `on_measured`: what a service uses.
  // `on_scaled`: how many replicas it has. `on_pooled`: how a Function's sandboxes come.
  Keepers(CellContext& context, KeeperEgress& egress, Accounts& accounts, LostFn on_lost,
          PrintedFn on_printed, MeasuredFn on_measured, ScaledFn on_scaled, PooledFn on_pooled);

  // Adopts the living keepers of an earlier manager, and removes what dead ones left. One that
  // holds nothing only finishes, and is nobody's keeper.
  Task<void> Recover();

  // A program to be started for each call, or a service.
  using Workload = std::variant<keeper::Admit, keeper::Serve>;

  // Whether a service must be ready before it counts: a new one, so that it replaces nothing else
  // until then. One that ran before is started, and goes on being started where it does not come
  // up; where its `scale` allows none, it waits until it is asked for.
  enum class Until : bool { kReady, kStarted };

  // Has the tenant's keeper, which is started when there is none, run `what` of the image, unless
  // it does so already: a program when it is called, a service at once. The module key; `key` and
  // `image` in `what` are filled in here. kUnsupported: not root, this host lacks the class, or the
  // class cannot enforce what `what` says. kFailedPrecondition: nothing ever listened at the
  // service's port, or the host lacks for now what the grants need. What ran before and is refused
  // with kUnsupported is so for as long as its keeper lives, or until somebody asks for it to be
  // ready.
  Task<std::string> Run(std::string tenant, model::Class sandbox_class, std::string digest,
                        std::string root_image, Workload what, Until until);

  // Where the tenant's keeper has something.
  enum class At : std::uint8_t {
    kHand,      // it has it, or is bringing it up as a service
    kUntended,  // the same, but nobody waits for it: Run() is to be called
    kSoon,      // it has only the image of it: Run() takes a moment
    kNowhere,
    kRefused,  // it would not have it for the asking: Run() says the same again
  };
  // The module key of `what`. At kSoon, kNowhere and kRefused a line to it ends at once, and calls
  // are told to come again.
  struct Found {
    std::string key;
    At at = At::kNowhere;
    std::string because = {};  // kRefused: why; kSoon, kNowhere: why it was not started last
  };
  Found Find(const std::string& tenant, model::Class sandbox_class, const std::string& digest,
             const Workload& what);

  // Why the service `key` does not come up, which is started again and again; empty: it does.
  [[nodiscard]] std::string WhyDown(const std::string& key) const;

  // The keeper of the service that `key` names; null: it is gone.
  [[nodiscard]] std::shared_ptr<KeeperProcess> Of(std::string_view key) const;

  // A line to what `key` names, for one cell; one that has ended when its keeper is gone: the
  // cell's other workloads need not wait until there is another.
  Result<Fd> OpenLine(const std::string& key);

  // An image, as a keeper makes it ready for all that runs of it.
  struct Image {
    std::string tenant;
    model::Class sandbox_class = model::Class::kContainer;
    std::string digest;
    friend auto operator<=>(const Image&, const Image&) = default;
  };

  // Forgets what is neither in `keys` nor one of `images`. Keepers that hold nothing then and are
  // to hold none of these leave: they end once the calls have that they still serve. Not of a
  // tenant that is `busy`: what it prepares has no name yet.
  void KeepOnly(const std::set<std::string>& keys, const std::set<Image>& images,
                const std::function<bool(std::string_view tenant)>& busy);

  // Tells the accounts what each has computed.
  void Account();

  // Ends every keeper and all that they hold.
  Task<void> Down(std::chrono::milliseconds patience);

  [[nodiscard]] std::size_t size() const noexcept { return by_tenant_.size(); }
  // By name: whose it is; also of those that leave.
  [[nodiscard]] std::map<std::string, std::string> tenants() const;

 private:
  void OnExit(KeeperProcess& keeper, const std::string& why) override;
  void OnPrinted(const KeeperProcess& keeper, keeper::Printed line) override;
  void OnMeasured(const KeeperProcess& keeper, keeper::Measured load) override;
  void OnScaled(const KeeperProcess& keeper, keeper::Scaled scaled) override;
  void OnPooled(const KeeperProcess& keeper, keeper::Pooled pool) override;
  void OnConnect(KeeperProcess& keeper, keeper::Connect asked) override;
  void OnMoved(const KeeperProcess& keeper, const keeper::Moved& moved) override;
  void Account(const KeeperProcess& keeper);
  void Place(std::shared_ptr<KeeperProcess> keeper);
  void LetGo(std::shared_ptr<KeeperProcess> keeper);
  Awaitable<void> DrainAndForget(std::shared_ptr<KeeperProcess> keeper);
  Task<std::string> Prepare(KeeperProcess& keeper, model::Class sandbox_class,
                            const std::string& digest, std::string root_image);
  bool NoteRefusal(const std::string& key, const Error& error);
  Awaitable<void> StartService(std::shared_ptr<KeeperProcess> keeper, keeper::Serve what,
                               KeyedTurns::Turn turn);
  Task<std::shared_ptr<KeeperProcess>> For(std::string tenant);

  CellContext& context_;
  KeeperEgress& egress_;
  Accounts& accounts_;
  LostFn on_lost_;
  PrintedFn on_printed_;
  MeasuredFn on_measured_;
  ScaledFn on_scaled_;
  PooledFn on_pooled_;
  KeyedTurns turns_;  // by tenant, to start its keeper; by key, to ask a keeper for it
  std::map<std::string, std::shared_ptr<KeeperProcess>> by_tenant_;
  std::map<std::string, Error> refused_;  // by key: what ran before, and may not run any more
  std::set<std::string> starting_again_;  // services that are asked for again after a pause
  std::uint64_t next_name_ = 0;
  std::size_t starting_ = 0;                             // keepers that nobody can use yet
  std::vector<std::shared_ptr<KeeperProcess>> leaving_;  // that still finish, and get nothing new
  bool stopping_ = false;
};

}  // namespace strata::manager
