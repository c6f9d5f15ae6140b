#include "manager/keepers/keepers.h"

#include <sys/socket.h>

#include <csignal>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/pause.h"
#include "base/sha256.h"
#include "host/process/pipe.h"
#include "keeper/wire/codec.h"
#include "manager/cells/configuration.h"
#include "manager/cells/together.h"
#include "manager/cells/traces.h"
#include "sandbox/remote/service.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

// Of one that leaves: longer than any call may take, and its program to stop.
constexpr milliseconds kLeavePatience = kLongestTimeout + std::chrono::minutes(10);
constexpr milliseconds kLookAgain{10};
constexpr milliseconds kStartAgain{5'000};   // a service that did not come up
constexpr milliseconds kStartLater{60'000};  // nor for the same reason the time before
constexpr std::size_t kKeyDigits = 16;
constexpr const char* kRole = "keeper";

// What cannot be adopted must not go on: nobody would ever end it.
Awaitable<void> EndProcess(const host::HostObject& recorded) {
  auto process = host::Process::Adopt(recorded.process);
  if (!process) co_return;  // it has ended
  static_cast<void>(process->Kill(SIGKILL));
  (void)co_await process->Wait();
}

Task<void> DrainOne(std::shared_ptr<KeeperProcess> keeper, milliseconds patience) {
  co_return co_await keeper->Drain(patience);
}

// The same thing has the same key, and any other another one.
std::string KeyOf(const Keepers::Workload& what, model::Class sandbox_class,
                  const std::string& digest) {
  std::string key;
  if (const auto* service = std::get_if<keeper::Serve>(&what)) {
    key.append(sandbox::remote::kServiceKey).append(service->name).append(":");
  }
  const std::string all =
      std::visit([](const auto& each) { return keeper::Encode(keeper::ToKeeper(each)); }, what);
  return key.append(model::ClassName(sandbox_class)) + ":" +
         Sha256Hex(all + digest).substr(0, kKeyDigits);
}

std::string ImageKey(model::Class sandbox_class, const std::string& digest,
                     const KeeperProcess& keeper) {
  return std::string(model::ClassName(sandbox_class)) + ":" + digest + "@" + keeper.name();
}

}  // namespace

bool IsKeeperKey(std::string_view key) noexcept { return key.contains('@'); }

Keepers::Keepers(CellContext& context, KeeperEgress& egress, Accounts& accounts, LostFn on_lost,
                 PrintedFn on_printed, MeasuredFn on_measured, ScaledFn on_scaled,
                 PooledFn on_pooled)
    : context_(context),
      egress_(egress),
      accounts_(accounts),
      on_lost_(std::move(on_lost)),
      on_printed_(std::move(on_printed)),
      on_measured_(std::move(on_measured)),
      on_scaled_(std::move(on_scaled)),
      on_pooled_(std::move(on_pooled)),
      turns_(context.loop) {}

Task<void> Keepers::Recover() {
  for (const host::HostObject& object : context_.journal.living()) {
    if (object.kind != kKeeperKind) continue;
    auto keeper = co_await KeeperProcess::Adopt(context_, *this, object);
    if (keeper) {
      context_.log.Info("adopted a keeper", {{"keeper", object.id}, {"pid", (*keeper)->pid()}});
      Place(std::move(*keeper));
      continue;
    }
    context_.log.Warn("a keeper of an earlier manager cannot be adopted",
                      {{"keeper", object.id}, {"error", keeper.error().message}});
    co_await EndProcess(object);
    RemoveKeeperTraces(context_, object.id);
  }
  co_return Result<void>{};
}

// One that holds nothing was finishing when that manager died, or had just been started. A tenant
// may have a newer one, and has one place.
void Keepers::Place(std::shared_ptr<KeeperProcess> keeper) {
  if (!keeper->alive()) return;  // OnExit was called before it had one
  const bool holds = !keeper->keys().empty() || !keeper->starting().empty();
  if (holds && by_tenant_.try_emplace(keeper->tenant(), keeper).second) return;
  LetGo(std::move(keeper));
}

Task<std::shared_ptr<KeeperProcess>> Keepers::For(std::string tenant) {
  auto turn = co_await turns_.Take(tenant);
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (stopping_) co_return Fail(Errc::kUnavailable, "stopping");
  const auto found = by_tenant_.find(tenant);
  if (found != by_tenant_.end()) co_return found->second;
  std::string name = NewName(context_, kKeeperKind, "k-" + tenant.substr(0, 12), next_name_);
  ++starting_;
  auto started = co_await KeeperProcess::Start(context_, *this, std::move(name), tenant);
  --starting_;
  if (!started) co_return std::unexpected(std::move(started).error());
  if (stopping_) {
    LetGo(*std::move(started));
    co_return Fail(Errc::kUnavailable, "stopping");
  }
  by_tenant_.emplace(std::move(tenant), *started);
  co_return std::move(*started);
}

Task<std::string> Keepers::Prepare(KeeperProcess& keeper, model::Class sandbox_class,
                                   const std::string& digest, std::string root_image) {
  const std::string name(model::ClassName(sandbox_class));
  std::string key = ImageKey(sandbox_class, digest, keeper);
  auto turn = co_await turns_.Take(key);
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (keeper.keys().contains(key)) co_return key;
  auto prepared = co_await keeper.Prepare(key, name, std::move(root_image));
  if (!prepared) co_return std::unexpected(std::move(prepared).error());
  co_return key;
}

Task<std::string> Keepers::Run(std::string tenant, model::Class sandbox_class, std::string digest,
                               std::string root_image, Workload what, Until until) {
  auto keeper = co_await For(std::move(tenant));
  if (!keeper) co_return std::unexpected(std::move(keeper).error());
  std::string key = KeyOf(what, sandbox_class, digest) + "@" + (*keeper)->name();
  // It may call out before this returns.
  std::visit([&](const auto& each) { egress_.Allow(key, each.grants); }, what);
  // The keeper has been told, and somebody waits for it.
  const bool told = (*keeper)->starting().contains(key) && turns_.Taken(key);
  if (until == Until::kStarted && told) co_return key;
  auto turn = co_await turns_.Take(key);
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if ((*keeper)->keys().contains(key)) co_return key;
  if (const auto refused = refused_.find(key);
      refused != refused_.end() && until == Until::kStarted) {
    co_return std::unexpected(refused->second);
  }
  auto image = co_await Prepare(**keeper, sandbox_class, digest, std::move(root_image));
  if (!image) co_return std::unexpected(std::move(image).error());
  std::visit(
      [&](auto& each) {
        each.key = key;
        each.image = std::move(*image);
      },
      what);
  if (auto* service = std::get_if<keeper::Serve>(&what)) service->prove = until == Until::kReady;
  Result<void> runs;
  if (auto* program = std::get_if<keeper::Admit>(&what)) {
    runs = co_await (*keeper)->Admit(std::move(*program));
  } else if (auto& service = std::get<keeper::Serve>(what); until == Until::kReady) {
    runs = co_await (*keeper)->Serve(std::move(service));
  } else {
    Spawn(context_.loop, StartService(*keeper, std::move(service), *std::move(turn)));
  }
  if (!runs) {
    const bool before = refused_.erase(key) > 0;
    if (before || until == Until::kStarted) NoteRefusal(key, runs.error());
    co_return std::unexpected(std::move(runs).error());
  }
  if (until == Until::kReady) refused_.erase(key);
  co_return key;
}

// What its class cannot enforce it cannot the next time either.
bool Keepers::NoteRefusal(const std::string& key, const Error& error) {
  if (error.code != Errc::kUnsupported) return false;
  refused_.insert_or_assign(key, error);
  return true;
}

Awaitable<void> Keepers::StartService(std::shared_ptr<KeeperProcess> keeper, keeper::Serve what,
                                      KeyedTurns::Turn turn) {
  const std::string name = what.name;
  const std::string key = what.key;
  const std::string before = WhyDown(key);
  const auto ready = co_await keeper->Serve(std::move(what));
  // A keeper that ended, or one that was told to forget it, is no reason to try again.
  if (ready || ready.error().code == Errc::kUnavailable || stopping_) co_return;
  if (NoteRefusal(key, ready.error())) co_return on_lost_(keeper->tenant());  // it is left out
  if (ready.error().message != before) {
    context_.log.Error(keeper->tenant() + "/" + name + " does not come up", ready.error());
  }
  if (keeper->keys().contains(key)) co_return;         // its keeper starts it on
  if (!starting_again_.insert(key).second) co_return;  // who failed before it has it tried again
  {
    const KeyedTurns::Turn given_up = std::move(turn);  // others need not wait for that
  }
  const bool as_before = ready.error().message == before;
  co_await Pause(context_.loop, as_before ? kStartLater : kStartAgain);
  starting_again_.erase(key);
  if (!stopping_) on_lost_(keeper->tenant());
}

Keepers::Found Keepers::Find(const std::string& tenant, model::Class sandbox_class,
                             const std::string& digest, const Workload& what) {
  std::string key = KeyOf(what, sandbox_class, digest) + "@";
  const auto keeper = by_tenant_.find(tenant);
  if (keeper == by_tenant_.end()) return {std::move(key), At::kNowhere};
  const KeeperProcess& holder = *keeper->second;
  std::string its = key + holder.name();
  const bool waited_for = turns_.Taken(its);
  const bool held = holder.keys().contains(its);
  if (const auto refused = refused_.find(its); refused != refused_.end() && !held) {
    return {std::move(key), At::kRefused, refused->second.message};
  }
  if (!held && !holder.starting().contains(its)) {
    const bool has_image = holder.keys().contains(ImageKey(sandbox_class, digest, holder));
    return {std::move(key), has_image && !waited_for ? At::kSoon : At::kNowhere, WhyDown(its)};
  }
  // A keeper that was adopted has run it since before this manager.
  std::visit([&](const auto& each) { egress_.Allow(its, each.grants); }, what);
  // And nobody hears of it when what that one had it start does not come up.
  return {std::move(its), held || waited_for ? At::kHand : At::kUntended};
}

std::string Keepers::WhyDown(const std::string& key) const {
  const auto keeper = Of(key);
  if (keeper == nullptr) return "";
  const auto found = keeper->down().find(key);
  return found == keeper->down().end() ? "" : found->second;
}

std::shared_ptr<KeeperProcess> Keepers::Of(std::string_view key) const {
  const std::string_view name = key.substr(key.rfind('@') + 1);
  for (const auto& [tenant, keeper] : by_tenant_) {
    if (keeper->name() == name) return keeper;
  }
  return nullptr;
}

Result<Fd> Keepers::OpenLine(const std::string& key) {
  if (const auto keeper = Of(key)) return keeper->OpenLine(key);
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) return std::unexpected(std::move(pair).error());
  return std::move(pair->ours);  // the other end closes here
}

void Keepers::KeepOnly(const std::set<std::string>& keys, const std::set<Image>& images,
                       const std::function<bool(std::string_view tenant)>& busy) {
  for (auto at = by_tenant_.begin(); at != by_tenant_.end();) {
    const auto& keeper = at->second;
    if (busy(at->first)) {
      ++at;
      continue;
    }
    std::set<std::string> its_images;
    for (const Image& each : images) {
      if (each.tenant != at->first) continue;
      its_images.insert(ImageKey(each.sandbox_class, each.digest, *keeper));
    }
    std::set<std::string> held = keeper->keys();
    held.insert(keeper->starting().begin(), keeper->starting().end());
    for (const auto& [key, why] : keeper->down()) held.insert(key);
    for (const std::string& key : held) {
      if (keys.contains(key) || its_images.contains(key)) continue;
      keeper->Forget(key);
    }
    if (!keeper->keys().empty() || !keeper->starting().empty() || !its_images.empty()) {
      ++at;
      continue;
    }
    LetGo(keeper);
    at = by_tenant_.erase(at);
  }
}

void Keepers::LetGo(std::shared_ptr<KeeperProcess> keeper) {
  leaving_.push_back(keeper);
  Spawn(context_.loop, DrainAndForget(std::move(keeper)));
}

Awaitable<void> Keepers::DrainAndForget(std::shared_ptr<KeeperProcess> keeper) {
  auto drained = co_await keeper->Drain(kLeavePatience);
  if (!drained) context_.log.Warn("a keeper was killed", {{"keeper", keeper->name()}});
}

Task<void> Keepers::Down(milliseconds patience) {
  stopping_ = true;  // who is asking a keeper for something hears that it has ended
  std::vector<Task<void>> all;
  for (const auto& [tenant, keeper] : by_tenant_) all.push_back(DrainOne(keeper, patience));
  auto outcome = co_await Together(context_.loop, std::move(all));
  by_tenant_.clear();
  while (starting_ > 0) co_await Pause(context_.loop, kLookAgain);  // it leaves then
  auto left = co_await EndNoted(context_, kKeeperKind, RemoveKeeperTraces, patience);
  co_return outcome ? left : outcome;
}

void Keepers::OnPrinted(const KeeperProcess& keeper, keeper::Printed line) {
  on_printed_(keeper.tenant(), line);
}

void Keepers::OnConnect(KeeperProcess& keeper, keeper::Connect asked) {
  auto answer = [](KeeperEgress& egress, std::shared_ptr<KeeperProcess> to,
                   keeper::Connect request) -> Awaitable<void> {
    const std::uint64_t id = request.id;
    auto connected = co_await egress.Connect(to->name(), std::move(request));
    to->AnswerConnect(id, std::move(connected));
  };
  Spawn(context_.loop, answer(egress_, keeper.shared_from_this(), std::move(asked)));
}

void Keepers::OnMoved(const KeeperProcess& keeper, const keeper::Moved& moved) {
  egress_.Count(keeper.tenant(), moved);
}

void Keepers::OnMeasured(const KeeperProcess& keeper, keeper::Measured load) {
  const store::UsageKey whose{
      .tenant = keeper.tenant(), .name = load.name, .sandbox_class = load.sandbox_class};
  on_measured_(whose, accounts_.AddUse(keeper.name(), whose, load.used), load.memory,
               load.sandboxes.value_or(0));
}

void Keepers::Account() {
  for (const auto& [tenant, keeper] : by_tenant_) Account(*keeper);
  for (const auto& keeper : leaving_) Account(*keeper);
}

void Keepers::Account(const KeeperProcess& keeper) {
  const auto cpu = keeper.cpu_time();
  if (cpu) accounts_.Reached(keeper.name(), keeper.tenant(), kRole, 0, *cpu);
}

std::map<std::string, std::string> Keepers::tenants() const {
  std::map<std::string, std::string> tenants;
  for (const auto& [tenant, keeper] : by_tenant_) tenants.emplace(keeper->name(), tenant);
  for (const auto& keeper : leaving_) tenants.emplace(keeper->name(), keeper->tenant());
  return tenants;
}

// One that was forgotten may still have to say something.
void Keepers::OnScaled(const KeeperProcess& keeper, keeper::Scaled scaled) {
  if (!keeper.keys().contains(scaled.key)) return;
  on_scaled_(keeper.tenant(), std::move(scaled));
}

void Keepers::OnPooled(const KeeperProcess& keeper, keeper::Pooled pool) {
  on_pooled_(keeper.tenant(), std::move(pool));
}

void Keepers::OnExit(KeeperProcess& keeper, const std::string& why) {
  egress_.Forget(keeper.name());
  std::erase_if(refused_, [its = "@" + keeper.name()](const auto& entry) {
    return entry.first.ends_with(its);
  });
  Account(keeper);
  accounts_.Ended(keeper.name(), keeper.tenant(), kRole);
  std::erase_if(leaving_, [&keeper](const auto& each) { return each.get() == &keeper; });
  for (auto at = by_tenant_.begin(); at != by_tenant_.end(); ++at) {
    if (at->second.get() != &keeper) continue;
    const std::string tenant = at->first;
    by_tenant_.erase(at);
    if (stopping_) return;
    context_.log.Error("a keeper died", {{"keeper", keeper.name()}, {"why", why}});
    context_.log.Warn("starting a keeper anew", {{"tenant", tenant}});
    on_lost_(tenant);
    return;
  }
}

}  // namespace strata::manager
