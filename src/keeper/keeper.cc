#include "keeper/keeper.h"

#include <chrono>
#include <utility>
#include <variant>

#include "base/files/files.h"
#include "host/files/memfd.h"
#include "host/process/memory.h"
#include "sandbox/spec_check.h"
#include "wire/outcome.h"

namespace strata::keeper {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr std::chrono::seconds kEndPatience{5};       // for guests that were killed to be gone
constexpr std::chrono::seconds kServicePatience{10};  // beyond what its sandboxes have to stop
constexpr std::chrono::seconds kMeasureAgain{2};
constexpr std::chrono::milliseconds kTellPoolsAgain{100};

// What the verbs do to a running service, and what their Done tells.
Task<void> Do(Service& service, const SetPaused& verb, Done& /*to*/) {
  co_return co_await service.SetPaused(verb.paused);
}

Task<void> Do(Service& service, const Snapshot& verb, Done& /*to*/) {
  co_return co_await service.Save(verb.sandbox, verb.name);
}

Task<void> Do(Service& service, const DropSnapshot& verb, Done& /*to*/) {
  co_return service.Drop(verb.name);
}

Task<void> Do(Service& service, const Restore& verb, Done& to) {
  auto ids = co_await service.Restore(verb.name);
  if (!ids) co_return std::unexpected(std::move(ids).error());
  to.names = std::move(*ids);
  co_return Result<void>{};
}

Task<void> Do(Service& service, const Fork& verb, Done& to) {
  auto ids = co_await service.Fork(verb.sandbox, verb.count);
  if (!ids) co_return std::unexpected(std::move(ids).error());
  to.names = std::move(*ids);
  co_return Result<void>{};
}

Task<void> Do(Service& service, const EndFork& verb, Done& /*to*/) {
  co_return service.EndFork(verb.sandbox);
}

Task<void> Do(Service& service, const GetSandboxes& /*verb*/, Done& to) {
  auto states = co_await service.States();
  if (!states) co_return std::unexpected(std::move(states).error());
  to.replicas = std::move(*states);
  to.names = service.ReplicaIds();
  to.forks = service.ForkIds();
  to.snapshots = service.SnapshotNames();
  co_return Result<void>{};
}

// A program that is not there, or is none, is its client's affair: as a shell has it, a line on its
// standard error and an exit code. Nothing of it has run, so there is room for the line.
Result<int> AsAShell(const Result<int>& ended, const Fd& words) {
  constexpr int kNotFound = 127;
  constexpr int kCannotRun = 126;
  if (ended) return ended;
  const Error& error = ended.error();
  if (error.code != Errc::kNotFound && error.code != Errc::kPermissionDenied) return ended;
  if (words.valid()) {
    static_cast<void>(WriteAll(words.get(), "strata: " + error.message + "\n"));
  }
  return error.code == Errc::kNotFound ? kNotFound : kCannotRun;
}

}  // namespace

Keeper::Keeper(Loop& loop, const Clock& clock, Start start, TryClassFn try_class, PostFn post)
    : loop_(loop),
      clock_(clock),
      start_(std::move(start)),
      post_(std::move(post)),
      outgoing_(loop, post_),
      pools_(
          loop, clock, {}, [this] { TellPoolsLater(); }, [] { return host::FreeMemory(); }),
      drivers_(loop, start_, std::move(try_class)),
      server_(loop, clock) {}

Result<void> Keeper::Handle(ToKeeper message, std::vector<Fd> fds) {
  if (const auto* prepare = std::get_if<Prepare>(&message)) {
    OnPrepare(*prepare);
  } else if (auto* admit = std::get_if<Admit>(&message)) {
    OnAdmit(std::move(*admit));
  } else if (const auto* attach = std::get_if<Attach>(&message)) {
    return OnAttach(*attach, std::move(fds));
  } else if (const auto* forget = std::get_if<Forget>(&message)) {
    OnForget(forget->key);
  } else if (auto* exec = std::get_if<Exec>(&message)) {
    return OnExec(std::move(*exec), std::move(fds));
  } else if (const auto* resize = std::get_if<ResizeExec>(&message)) {
    OnResize(*resize);
  } else if (const auto* end = std::get_if<EndExec>(&message)) {
    OnEndExec(end->id);
  } else if (const auto* connected = std::get_if<Connected>(&message)) {
    if (fds.size() > 1) return Fail(Errc::kInvalidArgument, "connected: takes one descriptor");
    outgoing_.OnConnected(*connected, fds.empty() ? Fd() : std::move(fds.front()));
  } else if (auto* serve = std::get_if<Serve>(&message)) {
    OnServe(std::move(*serve));
  } else if (std::visit([this](auto& verb) { return StartVerb(verb); }, message)) {
    return {};
  } else if (std::holds_alternative<GetStats>(message)) {
    Tell(Stats{images_.size(), server_.sandboxes(), server_.calls()});
  } else {
    return Fail(Errc::kInvalidArgument, "this message does not come here");
  }
  return {};
}

void Keeper::Tell(ToManager message) { static_cast<void>(post_(std::move(message))); }

void Keeper::OnPrepare(const Prepare& message) {
  std::erase_if(forgotten_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = forgotten_.find(message.key); found != forgotten_.end()) {
    images_.emplace(message.key, found->second.lock());
  }
  if (images_.contains(message.key)) return Tell(Prepared{message.key, ""});
  Spawn(loop_, PrepareAndTell(message));
}

Awaitable<void> Keeper::PrepareAndTell(Prepare message) {
  auto image = co_await MakeImage(message);
  if (!image) co_return Tell(Prepared{message.key, wire::WireError(image.error())});
  images_.emplace(message.key, std::move(*image));
  Tell(Prepared{message.key, ""});
}

// An image is there once its sandboxes start fast.
Task<std::shared_ptr<sandbox::Image>> Keeper::MakeImage(Prepare message) {
  const auto sandbox_class = model::ClassFromName(message.sandbox_class);
  if (!sandbox_class) {
    co_return Fail(Errc::kInvalidArgument, "no class is called '" + message.sandbox_class + "'");
  }
  const auto driver = co_await drivers_.Of(*sandbox_class);
  if (!driver) co_return std::unexpected(driver.error());
  auto root = host::MakeSealedMemfd("root-image", AsBytes(message.root));
  if (!root) co_return std::unexpected(std::move(root).error());
  auto image = (*driver)->Prepare(std::move(*root));
  if (!image) co_return std::unexpected(std::move(image).error());
  auto warm = co_await (*image)->Warm();
  if (!warm) co_return std::unexpected(std::move(warm).error());
  co_return image;
}

namespace {

// Whether the class enforces these. A sandbox costs nothing before its first call; a full class,
// which says so last, has nothing against it.
Result<void> CheckSpec(sandbox::Image& image, const model::Limits& limits,
                       const model::Grants& grants) {
  auto made =
      image.Create({.id = "check", .limits = limits, .grants = grants, .env = {}, .effects = {}});
  if (made || made.error().code == Errc::kResourceExhausted) return {};
  return std::unexpected(std::move(made).error());
}

// Of an image that is kept as `key`.
std::string ClassOf(const std::string& key) { return key.substr(0, key.find(':')); }

}  // namespace

void Keeper::OnAdmit(Admit message) {
  if (admitted_.contains(message.key)) return Tell(Prepared{message.key, ""});
  const auto found = images_.find(message.image);
  if (found == images_.end()) {
    return Tell(
        Prepared{message.key, wire::WireError({Errc::kNotFound, "no image " + message.image})});
  }
  const std::string sandbox_class = ClassOf(message.image);
  auto fits = CheckSpec(*found->second, message.limits, message.grants);
  if (fits && message.scale.min.value_or(0) > 0) fits = sandbox::CheckWaiting(message.grants);
  if (fits) fits = pools_.CheckRoom(message.name, message.scale);
  if (!fits) return Tell(Prepared{message.key, wire::WireError(fits.error())});
  sandbox::Spec spec{.id = message.name,
                     .limits = message.limits,
                     .grants = std::move(message.grants),
                     .env = std::move(message.env),
                     .effects = {.connector = &outgoing_.For(message.key)}};
  Pool::Program program{.spec = std::move(spec),
                        .scale = message.scale,
                        .priority = message.priority,
                        .price = message.price};
  admitted_.emplace(message.key, std::make_shared<Pool>(pools_, sandbox_class, found->second,
                                                        std::move(program)));
  Tell(Prepared{std::move(message.key), ""});
}

void Keeper::TellPoolsLater() {
  if (!std::exchange(telling_pools_, true)) Spawn(loop_, PauseAndTellPools());
}

// No oftener than anybody looks, but what changes after a while is told at once.
Awaitable<void> Keeper::PauseAndTellPools() {
  const Duration pause = told_pools_at_ + kTellPoolsAgain - clock_.Now();
  Timer timer(loop_.get_executor(), std::max(pause, Duration::zero()));
  co_await timer.async_wait(kAwait);
  telling_pools_ = false;
  TellPools();
}

// What has changed.
void Keeper::TellPools() {
  told_pools_at_ = clock_.Now();
  std::map<Named, Pooled> now;
  for (const auto& [key, pool] : admitted_) {
    const Pooled one = pool->state();
    const Named whose(one.name, one.sandbox_class);
    const auto [sum, first] = now.try_emplace(whose, one);
    if (!first) sum->second += one;
  }
  std::erase_if(pools_told_, [&](const auto& told) {
    const auto& [whose, pool] = told;
    return !now.contains(whose) &&
           post_(Pooled{.name = whose.first, .sandbox_class = whose.second});
  });
  for (auto& [whose, pool] : now) {
    const auto told = pools_told_.find(whose);
    if (told != pools_told_.end() && told->second == pool) continue;
    if (post_(pool)) pools_told_.insert_or_assign(whose, std::move(pool));
  }
}

Result<void> Keeper::OnAttach(const Attach& message, std::vector<Fd> fds) {
  if (fds.size() != 1) return Fail(Errc::kInvalidArgument, "attach: takes one descriptor");
  // Else the line closes, which tells whoever has its other end.
  if (draining_) return {};
  if (const auto found = admitted_.find(message.key); found != admitted_.end()) {
    server_.Serve(found->second, {}, std::move(fds.front()));
    found->second->Open();
  } else if (const auto service = services_.find(message.key); service != services_.end()) {
    server_.Serve(service->second->MakeDoor(), std::move(fds.front()));
  }
  return {};
}

void Keeper::OnServe(Serve message) {
  const std::string key = message.key;
  if (const auto found = services_.find(key); found != services_.end()) {
    if (found->second->settled()) Tell(Prepared{key, ""});
    return;  // else the answer is on its way
  }
  const auto image = images_.find(message.image);
  if (image == images_.end()) {
    return Tell(Prepared{key, wire::WireError({Errc::kNotFound, "no image " + message.image})});
  }
  if (auto fits = CheckSpec(*image->second, message.limits, message.grants); !fits) {
    return Tell(Prepared{key, wire::WireError(fits.error())});
  }
  // One that ran before is started as often as its policy says: cells have lines to it already, and
  // another of the same key would not be reached through those.
  const auto on_ready = [this, key, proves = message.prove](const Result<void>& ready) {
    if (!services_.contains(key)) return;  // nobody wants it any more
    const bool kept = !ready && !proves && ready.error().code == Errc::kFailedPrecondition;
    if (!ready && !kept) OnForget(key);
    if (kept) down_.insert_or_assign(key, ready.error().message);
    Tell(Prepared{key, ready ? "" : wire::WireError(ready.error()), kept});
  };
  const auto service = std::make_shared<Service>(
      loop_, clock_, std::move(message), image->second, outgoing_.For(key), pools_,
      [this](Printed line) { Tell(std::move(line)); },
      [this](Scaled scaled) { return post_(std::move(scaled)); }, on_ready);
  services_.emplace(key, service);
  service->Begin();
  if (!std::exchange(measuring_, true)) Spawn(loop_, MeasureServices());
}

// As long as there are any. The pause comes first: who has just started has used nothing yet.
Awaitable<void> Keeper::MeasureServices() {
  Timer timer(loop_.get_executor());
  while (!services_.empty() || !ending_.empty()) {
    timer.expires_after(kMeasureAgain);
    co_await timer.async_wait(kAwait);
    for (const auto& service : AllServices()) {
      co_await service->Measure();
      const Measured used = service->Used();
      accounts_.try_emplace(Named(used.name, used.sandbox_class));
    }
    for (const auto& [whose, account] : accounts_) TellUse(whose);
    for (const auto& [key, service] : services_) service->TellScaleIfNew();
  }
  measuring_ = false;
}

// While one takes the place of another there are two of a name.
void Keeper::TellUse(const Named& whose) {
  Account& account = accounts_[whose];
  Measured sum{.name = whose.first,
               .sandbox_class = whose.second,
               .used = account.gone,
               .memory = {},
               .sandboxes = 0};
  for (const auto& service : AllServices()) {
    const Measured used = service->Used();
    if (used.name != sum.name || used.sandbox_class != sum.sandbox_class) continue;
    sum.used += used.used;
    sum.memory = sum.memory + used.memory;
    *sum.sandboxes += *used.sandboxes;
  }
  if (account.told != sum && post_(sum)) account.told = std::move(sum);
}

void Keeper::TellAnew() {
  for (auto& [whose, account] : accounts_) {
    account.told.reset();
    TellUse(whose);
  }
  for (const auto& [key, service] : services_) service->TellScale();
  pools_told_.clear();
  TellPools();
}

std::vector<std::shared_ptr<Service>> Keeper::AllServices() const {
  auto all = ending_;
  for (const auto& [key, service] : services_) all.push_back(service);
  return all;
}

void Keeper::OnForget(const std::string& key) {
  if (const auto image = images_.find(key); image != images_.end()) {
    forgotten_.insert_or_assign(key, image->second);
    images_.erase(image);
  }
  if (const auto program = admitted_.find(key); program != admitted_.end()) {
    program->second->Close();
    admitted_.erase(program);
    TellPools();
  }
  const auto found = services_.find(key);
  if (found == services_.end()) return;
  auto service = std::move(found->second);
  services_.erase(found);
  down_.erase(key);
  if (!service->came_up()) service->Stop();  // no call is in it
  ending_.push_back(service);
  Spawn(loop_, EndService(std::move(service)));
}

Result<std::shared_ptr<Service>> Keeper::Running(const std::string& key) const {
  const auto found = services_.find(key);
  if (found != services_.end()) return found->second;
  return Fail(Errc::kNotFound, "no service " + key);
}

Result<void> Keeper::OnExec(Exec exec, std::vector<Fd> fds) {
  const bool terminal = exec.rows > 0;
  if (fds.size() != (terminal ? 1 : 3)) {
    return Fail(Errc::kInvalidArgument, "exec: takes three descriptors, or a terminal's one");
  }
  sandbox::Program program{
      .args = std::move(exec.command), .env = std::move(exec.env), .in = std::move(fds[0])};
  if (terminal) {
    program.terminal = {.rows = exec.rows, .columns = exec.columns};
  } else {
    program.out = std::move(fds[1]);
    program.err = std::move(fds[2]);
  }
  const auto running = std::make_shared<RunningProgram>();
  programs_.insert_or_assign(exec.id, running);
  Spawn(loop_, RunProgram(std::move(exec), std::move(program), running));
  return {};
}

Awaitable<void> Keeper::RunProgram(Exec exec, sandbox::Program program,
                                   std::shared_ptr<RunningProgram> running) {
  Done done{.id = exec.id};
  const auto status = co_await AwaitProgram(std::move(exec), std::move(program), running);
  if (!running->asked_by_us) co_return;  // the number may be another program's by now
  programs_.erase(done.id);
  if (status) done.status = static_cast<std::uint32_t>(*status);
  if (!status) done.error = wire::WireError(status.error());
  Tell(std::move(done));
}

Task<int> Keeper::AwaitProgram(Exec exec, sandbox::Program program,
                               std::shared_ptr<RunningProgram> running) {
  auto service = Running(exec.key);
  if (!service) co_return std::unexpected(std::move(service).error());
  const Fd& shown = program.terminal ? program.in : program.err;
  Result<Fd> words = Fd();
  if (shown.valid()) words = DuplicateFd(shown);
  if (!words) co_return std::unexpected(std::move(words).error());
  const auto beside = co_await (*service)->Exec(std::move(exec.sandbox), std::move(program));
  if (!beside) co_return std::unexpected(beside.error());
  running->execution = beside->program;
  if (running->resized) running->execution->Resize(*running->resized);
  if (running->unwanted) running->execution->End();
  const auto ended = co_await running->execution->Wait();
  co_return AsAShell(ended, *words);
}

void Keeper::OnResize(const ResizeExec& message) {
  const auto found = programs_.find(message.id);
  if (found == programs_.end()) return;  // it has just ended
  RunningProgram& running = *found->second;
  running.resized = {.rows = message.rows, .columns = message.columns};
  if (running.execution) running.execution->Resize(*running.resized);
}

void Keeper::OnEndExec(std::uint64_t id) {
  const auto found = programs_.find(id);
  if (found == programs_.end()) return;
  found->second->unwanted = true;
  if (found->second->execution) found->second->execution->End();
}

void Keeper::EndPrograms() {
  for (const auto& [id, running] : std::exchange(programs_, {})) {
    running->asked_by_us = false;
    running->unwanted = true;
    if (running->execution) running->execution->End();
  }
}

template <typename Verb>
bool Keeper::StartVerb(Verb& verb) {
  if constexpr (requires(Service& of, Done& to) { Do(of, verb, to); }) {
    Spawn(loop_, RunVerb(std::move(verb)));
    return true;
  }
  return false;
}

template <typename Verb>
Awaitable<void> Keeper::RunVerb(Verb verb) {
  Done done{.id = verb.id};
  const auto service = Running(verb.key);
  Result<void> outcome;
  if (service) {
    outcome = co_await Do(**service, verb, done);
  } else {
    outcome = std::unexpected(service.error());
  }
  if (!outcome) done.error = wire::WireError(outcome.error());
  Tell(std::move(done));
}

// Cells that are still finishing calls have a line to it: it ends after them, as one replica does
// that goes while others stay.
Awaitable<void> Keeper::EndService(std::shared_ptr<Service> service) {
  const auto left = [service] { return service->doors() == 0; };
  co_await Until(left, service->time_to_leave());
  service->Stop();
  const auto ended = [service] { return !service->running(); };
  co_await Until(ended, service->stop_timeout() + kServicePatience);
  const Measured last = service->Used();
  const Named whose(last.name, last.sandbox_class);
  accounts_[whose].gone += last.used;
  std::erase(ending_, service);
  TellUse(whose);
}

Awaitable<void> Keeper::Until(std::function<bool()> is_over, Duration most) {
  Timer timer(loop_.get_executor());
  for (const TimePoint end = clock_.Now() + most; !is_over() && clock_.Now() < end;) {
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
}

State Keeper::TakeStock() const {
  State state{
      .keeper = start_.keeper, .tenant = start_.tenant, .keys = {}, .starting = {}, .down = {}};
  for (const auto& [key, image] : images_) state.keys.push_back(key);
  for (const auto& [key, pool] : admitted_) state.keys.push_back(key);
  for (const auto& [key, service] : services_) {
    (service->settled() ? state.keys : state.starting).push_back(key);
    const auto down = down_.find(key);
    if (down != down_.end() && !service->came_up()) state.down.push_back({key, down->second});
  }
  return state;
}

Awaitable<void> Keeper::Drain(Duration patience) {
  draining_ = true;
  // Each thing ends as one does that is forgotten alone: after the calls that it has.
  const State held = TakeStock();
  for (const std::string& key : held.keys) OnForget(key);
  for (const std::string& key : held.starting) OnForget(key);
  const auto nothing_left = [this] { return idle(); };
  co_await Until(nothing_left, patience);
  server_.CloseAll();
  co_await Until(nothing_left, kEndPatience);
}

}  // namespace strata::keeper
