#include "manager/keepers/keeper_process.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "host/cgroup/cgroup.h"
#include "host/process/pipe.h"
#include "host/unix_address.h"
#include "http/server/listener.h"
#include "keeper/wire/codec.h"
#include "manager/cells/cell_spawn.h"
#include "manager/cells/traces.h"
#include "wire/outcome.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReadyPatience{10'000};
// Making a class ready tries it out, which for a virtual machine is a boot.
constexpr milliseconds kPreparePatience{60'000};
constexpr milliseconds kAdmitPatience{10'000};
constexpr milliseconds kDrainGrace{6'000};
constexpr milliseconds kSweepPatience{2'000};
constexpr milliseconds kLastWords{200};

// Above all cgroups of the keeper `name`. Keepers' names are new each time; the instance's id keeps
// two managers on one host apart.
std::string CgroupParent(const CellContext& context, const std::string& name) {
  return "strata-" + context.instance.substr(0, 12) + "-" + name;
}

// An adopted keeper may still answer what an earlier manager asked: that must be no request of
// ours. Microseconds go faster than requests do.
std::uint64_t FirstRequest(const Clock& clock) {
  using std::chrono::microseconds;
  const auto since = clock.WallNow().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(since).count());
}

std::filesystem::path StateRoot(const CellContext& context, const std::string& name) {
  return context.dir.run() / name;
}

// A group for the keeper itself, below the one of all its sandboxes: what it computes, and programs
// that it runs for them, is counted there, and swept with the rest.
Result<std::vector<std::string>> MakeOwnGroup(const std::string& parent) {
  const auto groups = host::Cgroups::Find(parent);
  if (!groups) return std::unexpected(groups.error());
  auto group = groups->Make("keeper");
  if (!group) return std::unexpected(std::move(group).error());
  if (auto kept = (*group)->Keep(); !kept) return std::unexpected(std::move(kept).error());
  return (*group)->directories();
}

host::SpawnOptions SpawnOptionsFor(const CellContext& context, const std::string& name, int wire) {
  host::SpawnOptions spawn;
  spawn.program = context.options.keeper_program.string();
  spawn.arguments = {"--instance=" + context.instance, "--keeper=" + name, "--wire-fd=3"};
  spawn.stderr_fd = STDERR_FILENO;
  spawn.fds = {{wire, 3}};
  spawn.limits.push_back({RLIMIT_CORE, 0});
  spawn.limits.push_back({RLIMIT_NOFILE, FileLimit()});  // sandboxes' streams and connections
  spawn.namespaces = host::Namespaces::kRequired;
  spawn.privileges = host::Privileges::kKeep;  // it makes namespaces, mounts and groups
  return spawn;
}

// What is below the parent of its groups, and was: the keeper itself among it.
Result<std::chrono::nanoseconds> CpuOf(const CellContext& context, const std::string& name) {
  const auto groups = host::Cgroups::Find(CgroupParent(context, name));
  if (!groups) return std::unexpected(groups.error());
  return groups->CpuTime();
}

}  // namespace

void RemoveKeeperTraces(CellContext& context, const std::string& name) {
  const auto failed = [&](const char* what, const Error& error) {
    context.log.Error(what, {{"keeper", name}, {"error", error.message}});
  };
  if (auto groups = host::Cgroups::Find(CgroupParent(context, name)); groups) {
    if (auto swept = groups->Sweep(kSweepPatience); !swept) {
      return failed("a keeper's sandboxes cannot be ended", swept.error());
    }
  }
  ::unlink(context.dir.cell_control(name).c_str());
  std::error_code error;
  std::filesystem::remove_all(StateRoot(context, name), error);
  if (error) return failed("a keeper's directory", {Errc::kInternal, error.message()});
  if (auto noted = context.journal.Gone(std::string(kKeeperKind), name); !noted)
    failed("journal", noted.error());
}

KeeperProcess::KeeperProcess(CellContext& context, KeeperListener& listener, std::string name,
                             std::string tenant, host::Process process, Fd wire)
    : context_(context),
      listener_(listener),
      name_(std::move(name)),
      tenant_(std::move(tenant)),
      process_(std::move(process)),
      wire_(context.loop, std::move(wire)),
      next_request_(FirstRequest(context.clock)),
      heard_(context.loop) {
  // A manager that dies or is replaced must not take its keepers along.
  process_.Detach();
}

KeeperProcess::~KeeperProcess() = default;

Task<std::shared_ptr<KeeperProcess>> KeeperProcess::Start(CellContext& context,
                                                          KeeperListener& listener,
                                                          std::string name, std::string tenant) {
  const std::string what = "keeper " + name;
  if (::geteuid() != 0) {
    co_return Fail(Errc::kUnsupported, "classes other than wasm need root");
  }
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) co_return Wrap(std::move(pair).error(), what);
  // The names of all that it makes follow from its own.
  auto traces = Traces::Note(context, kKeeperKind, name, RemoveKeeperTraces);
  if (!traces) co_return Wrap(std::move(traces).error(), what);
  auto control = http::ListenUnix(context.dir.cell_control(name).string());
  if (!control) co_return Wrap(std::move(control).error(), what);
  auto spawn = SpawnOptionsFor(context, name, pair->theirs.get());
  if (auto group = MakeOwnGroup(CgroupParent(context, name)); group) {
    spawn.cgroups = std::move(*group);
  } else {
    context.log.Warn("what a keeper computes is not counted",
                     {{"keeper", name}, {"error", group.error().message}});
  }
  auto process = host::Process::Spawn(spawn);
  if (!process) co_return Wrap(std::move(process).error(), what);
  if (auto noted = traces->NoteProcess(process->id()); !noted) {
    co_return Wrap(std::move(noted).error(), what);
  }
  keeper::Start start;
  start.instance = context.instance;
  start.keeper = name;
  start.tenant = tenant;
  start.state_root = StateRoot(context, name);
  start.cgroup_parent = CgroupParent(context, name);
  start.max_sandboxes = context.options.max_sandboxes;
  std::shared_ptr<KeeperProcess> self(new KeeperProcess(context, listener, std::move(name),
                                                        std::move(tenant), std::move(*process),
                                                        std::move(pair->ours)));
  auto greeting = std::make_shared<Promise<keeper::ToManager>>(context.loop);
  self->greeting_ = greeting;
  self->Run();
  traces->Leave();  // to Ended()
  std::vector<Fd> fds;
  fds.push_back(std::move(*control));
  if (auto sent = self->Post(start, std::move(fds)); !sent) {
    self->Kill();
    co_return Wrap(std::move(sent).error(), what);
  }
  auto ready = co_await greeting->Wait(kReadyPatience);
  if (!ready) {
    self->Kill();
    co_return Wrap(std::move(ready).error(), what + " did not become ready");
  }
  co_return self;
}

Task<std::shared_ptr<KeeperProcess>> KeeperProcess::Adopt(CellContext& context,
                                                          KeeperListener& listener,
                                                          const host::HostObject& recorded) {
  const std::string what = "adopt keeper " + recorded.id;
  auto process = host::Process::Adopt(recorded.process);
  if (!process) co_return Wrap(std::move(process).error(), what);
  auto wire = host::ConnectUnix(context.dir.cell_control(recorded.id).native());
  if (!wire) co_return Wrap(std::move(wire).error(), what);
  std::shared_ptr<KeeperProcess> self(
      new KeeperProcess(context, listener, recorded.id, "", std::move(*process), std::move(*wire)));
  auto greeting = std::make_shared<Promise<keeper::ToManager>>(context.loop);
  self->greeting_ = greeting;
  self->Run();
  if (auto sent = self->Post(keeper::Adopt{context.instance}); !sent) {
    co_return Wrap(std::move(sent).error(), what);
  }
  auto answer = co_await greeting->Wait(kReadyPatience);
  if (!answer) co_return Wrap(std::move(answer).error(), what);
  if (!std::holds_alternative<keeper::State>(*answer)) {
    self->Kill();
    co_return Fail(Errc::kUnavailable, what + ": answered wrongly");
  }
  co_return self;
}

void KeeperProcess::Run() {
  Spawn(context_.loop, Read(shared_from_this()));
  Spawn(context_.loop, Watch(shared_from_this()));
}

Awaitable<void> KeeperProcess::Watch(std::shared_ptr<KeeperProcess> self) {
  auto status = co_await self->process_.Wait();
  // What its services used last may be on the wire still.
  (void)co_await self->heard_.Wait(kLastWords);
  self->Ended(status ? status->ToString() : status.error().message);
}

Awaitable<void> KeeperProcess::Read(std::shared_ptr<KeeperProcess> self) {
  for (;;) {
    auto frame = co_await self->wire_.Receive();
    if (!frame) break;  // Watch() says how it ended
    auto message = keeper::DecodeToManager(frame->text);
    if (!message) {
      self->context_.log.Error("a keeper broke the wire's rules", message.error());
      self->Kill();
      break;
    }
    self->Handle(std::move(*message));
  }
  self->heard_.Set(std::monostate{});
}

void KeeperProcess::Handle(keeper::ToManager message) {
  if (const auto* prepared = std::get_if<keeper::Prepared>(&message)) {
    const bool is_service = starting_.erase(prepared->key) > 0;
    const auto outcome = wire::OutcomeOf(prepared->error);
    if (outcome) {
      down_.erase(prepared->key);
    } else if (is_service) {
      down_.insert_or_assign(prepared->key, outcome.error().message);
    }
    if (prepared->error.empty() || prepared->kept) {
      keys_.insert(prepared->key);
    } else {
      keys_.erase(prepared->key);
    }
    if (auto waiting = preparing_.extract(prepared->key)) {
      waiting.mapped()->Set(outcome);
    }
  } else if (auto* done = std::get_if<keeper::Done>(&message)) {
    const auto found = doing_.find(done->id);
    if (found == doing_.end()) return;
    auto outcome = wire::OutcomeOf(done->error);
    if (outcome) {
      found->second->Set(std::move(*done));
    } else {
      found->second->Set(std::unexpected(std::move(outcome).error()));
    }
  } else if (auto* measured = std::get_if<keeper::Measured>(&message)) {
    listener_.OnMeasured(*this, std::move(*measured));
  } else if (auto* scaled = std::get_if<keeper::Scaled>(&message)) {
    if (scaled->ready > 0) down_.erase(scaled->key);
    listener_.OnScaled(*this, std::move(*scaled));
  } else if (auto* pooled = std::get_if<keeper::Pooled>(&message)) {
    listener_.OnPooled(*this, std::move(*pooled));
  } else if (auto* printed = std::get_if<keeper::Printed>(&message)) {
    listener_.OnPrinted(*this, std::move(*printed));
  } else if (auto* asked = std::get_if<keeper::Connect>(&message)) {
    listener_.OnConnect(*this, std::move(*asked));
  } else if (const auto* moved = std::get_if<keeper::Moved>(&message)) {
    listener_.OnMoved(*this, *moved);
  } else if (greeting_ && !std::holds_alternative<keeper::Drained>(message)) {
    // Taken at once: what it says next is about this tenant.
    if (auto* state = std::get_if<keeper::State>(&message); state != nullptr && tenant_.empty()) {
      tenant_ = state->tenant;
      keys_.insert(state->keys.begin(), state->keys.end());
      starting_.insert(state->starting.begin(), state->starting.end());
      for (keeper::Down& each : state->down) {
        down_.insert_or_assign(std::move(each.key), std::move(each.because));
      }
    }
    std::exchange(greeting_, nullptr)->Set(std::move(message));  // Ready or State
  }
}

Result<std::chrono::nanoseconds> KeeperProcess::cpu_time() const {
  return alive_ ? CpuOf(context_, name_) : cpu_at_end_;
}

void KeeperProcess::Ended(const std::string& why) {
  if (!std::exchange(alive_, false)) return;
  wire_.Close();
  cpu_at_end_ = CpuOf(context_, name_);
  RemoveKeeperTraces(context_, name_);
  const Error error{Errc::kUnavailable, "keeper ended: " + why};
  if (greeting_) std::exchange(greeting_, nullptr)->Set(std::unexpected(error));
  for (auto& [key, promise] : std::exchange(preparing_, {})) promise->Set(std::unexpected(error));
  for (auto& [id, promise] : doing_) promise->Set(std::unexpected(error));
  if (ended_) std::exchange(ended_, nullptr)->Set(std::monostate{});
  listener_.OnExit(*this, why);
}

Result<void> KeeperProcess::Post(const keeper::ToKeeper& message, std::vector<Fd> fds) {
  return wire_.Post({keeper::Encode(message), std::move(fds)});
}

Task<void> KeeperProcess::Ask(std::string key, keeper::ToKeeper message, milliseconds patience) {
  auto answer = std::make_shared<Answer>(context_.loop);
  preparing_[key] = answer;
  if (auto sent = Post(message); !sent) {
    preparing_.erase(key);
    co_return std::unexpected(std::move(sent).error());
  }
  auto outcome = co_await answer->Wait(patience);
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  co_return Result<void>{};
}

Task<void> KeeperProcess::Prepare(std::string key, std::string sandbox_class,
                                  std::string root_image) {
  keeper::Prepare message{key, std::move(sandbox_class), std::move(root_image)};
  co_return co_await Ask(std::move(key), std::move(message), kPreparePatience);
}

Task<void> KeeperProcess::Admit(keeper::Admit what) {
  std::string key = what.key;
  co_return co_await Ask(std::move(key), std::move(what), kAdmitPatience);
}

Task<void> KeeperProcess::Serve(keeper::Serve what) {
  std::string key = what.key;
  const milliseconds patience = kPreparePatience + keeper::TimeToReady(what.health);
  starting_.insert(key);
  co_return co_await Ask(std::move(key), std::move(what), patience);
}

Task<keeper::Done> KeeperProcess::AwaitDone(std::uint64_t id, keeper::ToKeeper message,
                                            std::vector<Fd> fds, milliseconds patience) {
  const auto self = shared_from_this();  // its answer may outlive its place among the keepers
  auto answer = std::make_shared<Promise<keeper::Done>>(context_.loop);
  doing_.emplace(id, answer);
  if (auto sent = Post(message, std::move(fds)); !sent) {
    doing_.erase(id);
    co_return std::unexpected(std::move(sent).error());
  }
  auto outcome = co_await answer->Wait(patience);
  doing_.erase(id);
  co_return outcome;
}

Result<Fd> KeeperProcess::OpenLine(const std::string& key) {
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) return std::unexpected(std::move(pair).error());
  std::vector<Fd> fds;
  fds.push_back(std::move(pair->theirs));
  if (auto sent = Post(keeper::Attach{key}, std::move(fds)); !sent) {
    return std::unexpected(std::move(sent).error());
  }
  return std::move(pair->ours);
}

void KeeperProcess::Forget(const std::string& key) {
  keys_.erase(key);
  starting_.erase(key);
  down_.erase(key);
  static_cast<void>(Post(keeper::Forget{key}));  // a keeper that is gone has forgotten
  if (auto waiting = preparing_.extract(key)) {
    waiting.mapped()->Set(Fail(Errc::kUnavailable, "nobody wants " + key + " any more"));
  }
}

void KeeperProcess::AnswerConnect(std::uint64_t id, Result<Fd> outcome) {
  std::vector<Fd> fds;
  keeper::Connected answer{.id = id, .error = outcome ? "" : wire::WireError(outcome.error())};
  if (outcome) fds.push_back(std::move(*outcome));
  static_cast<void>(Post(answer, std::move(fds)));  // a keeper that died needs no answer
}

Task<void> KeeperProcess::Drain(milliseconds patience) {
  // A keeper that cannot be told is killed below.
  static_cast<void>(Post(keeper::Drain{static_cast<std::uint32_t>(patience.count())}));
  auto ended = std::make_shared<Answer>(context_.loop);
  ended_ = ended;
  if (!alive_) co_return Result<void>{};
  (void)co_await ended->Wait(patience + kDrainGrace);
  if (alive_) {
    Kill();
    (void)co_await ended->Wait(kDrainGrace);  // its traces go with it
    co_return Fail(Errc::kDeadlineExceeded, "keeper " + name_ + " did not finish in time; killed");
  }
  co_return Result<void>{};
}

void KeeperProcess::Kill() noexcept {
  // Fails only when it has ended already, which Watch() reports.
  (void)process_.Kill(SIGKILL);
}

}  // namespace strata::manager
