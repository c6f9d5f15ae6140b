#include "manager/cells/cell_process.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/files/files.h"
#include "cell/start/spawn.h"
#include "cell/wire/codec.h"
#include "host/process/cpu_time.h"
#include "host/process/identity.h"
#include "host/process/pipe.h"
#include "host/unix_address.h"
#include "http/server/listener.h"
#include "manager/cells/cell_mounts.h"
#include "manager/cells/cell_spawn.h"
#include "manager/cells/served_lists.h"
#include "manager/cells/traces.h"
#include "wire/outcome.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReadyPatience{10'000};
// Others wait for their change meanwhile; a cell takes milliseconds.
constexpr milliseconds kConfigurePatience{5'000};
constexpr milliseconds kGiveUpPatience{30'000};  // without an answer, before it is replaced
constexpr milliseconds kAnswerPatience{10'000};
constexpr milliseconds kDrainGrace{500};
constexpr int kWireFd = 3;  // in the cell
constexpr Bytes kRingCapacity = 4_MiB;
constexpr std::size_t kModulesPerFrame = 150;
constexpr std::size_t kMostUnread = 1024;  // answers to connections that it asked for

// Everything that a new cell is handed besides the wire.
struct Sockets {
  Fd ring, private_listener, control_listener;
};

// The folder that a cell may write to. It is the cell's user's and nobody else's.
Result<void> MakeScratch(const std::filesystem::path& folder, const host::SpawnOptions& spawn) {
  if (auto made = MakeDirectories(folder); !made) return made;
  if (::chmod(folder.c_str(), 0700) != 0) return FailErrno("chmod " + folder.string(), errno);
  if (!spawn.identity) return {};
  if (::chown(folder.c_str(), spawn.identity->uid, spawn.identity->gid) != 0) {
    return FailErrno("chown " + folder.string(), errno);
  }
  return {};
}

Result<Sockets> MakeSockets(const StateDir& dir, const std::string& name) {
  Sockets made;
  auto ring = telemetry::MakeRing(kRingCapacity);
  if (!ring) return std::unexpected(ring.error());
  made.ring = std::move(*ring);
  auto serve = http::ListenUnix(dir.cell_private(name).string());
  if (!serve) return std::unexpected(serve.error());
  made.private_listener = std::move(*serve);
  auto control = http::ListenUnix(dir.cell_control(name).string());
  if (!control) return std::unexpected(control.error());
  made.control_listener = std::move(*control);
  return made;
}

// A cell says itself whose it is, and one that was taken over may lie. Its user is the one that it
// was started as: without capabilities it has no other. Cells of a manager without root are all its
// own user's, and are believed.
Result<void> CheckOwner(const std::string& instance, const std::string& tenant, pid_t pid) {
  if (::geteuid() != 0) return {};
  const auto user = host::IdentityOf(pid);
  if (!user) return std::unexpected(user.error());
  if (user->uid == cell::CellUser(instance, tenant).uid) return {};
  return Fail(Errc::kPermissionDenied,
              tenant.empty() ? "it claims to be a front" : "it claims to be of " + tenant);
}

}  // namespace

void RemoveTraces(CellContext& context, const std::string& name) {
  ::unlink(context.dir.cell_control(name).c_str());
  ::unlink(context.dir.cell_private(name).c_str());
  std::error_code error;
  std::filesystem::remove_all(context.dir.cell_scratch(name), error);
  if (error) {  // it stays noted, for the next time
    context.log.Error("scratch of a cell that ended", {{"cell", name}, {"error", error.message()}});
    return;
  }
  if (auto noted = context.journal.Gone(std::string(kCellKind), name); !noted) {
    context.log.Error("journal", noted.error());
  }
}

CellProcess::CellProcess(CellContext& context, CellListener& listener, std::string name,
                         std::string tenant, host::Process process, Fd wire)
    : context_(context),
      listener_(listener),
      name_(std::move(name)),
      tenant_(std::move(tenant)),
      process_(std::move(process)),
      wire_(context.loop, std::move(wire)) {
  // A manager that dies or is replaced must not take its cells along.
  process_.Detach();
}

CellProcess::~CellProcess() = default;

Task<std::shared_ptr<CellProcess>> CellProcess::Start(CellContext& context, CellListener& listener,
                                                      std::string name, std::string tenant,
                                                      CellNeeds needs) {
  const std::string what = "cell " + name;
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) co_return Wrap(pair.error(), what);

  std::vector<std::string> arguments{tenant.empty() ? "--role=front" : "--role=host",
                                     "--cell=" + name, "--wire-fd=" + std::to_string(kWireFd)};
  for (const std::string& dir : needs.read_only) {
    arguments.push_back("--allow-ro=" + dir);
    if (std::error_code error; !std::filesystem::is_directory(dir, error)) {
      context.log.Warn("a granted directory is not there",
                       {{"cell", name}, {"tenant", tenant}, {"directory", dir}});
    }
  }
  const std::string scratch_root = needs.scratch ? context.dir.cell_scratch(name).string() : "";
  if (needs.scratch) arguments.push_back("--allow-rw=" + scratch_root);
  auto spawn = cell::CellSpawnOptions(CellProgramOf(context.options, context.instance), tenant,
                                      std::move(arguments));
  spawn.fds = {{pair->theirs.get(), kWireFd}};
  spawn.limits.push_back({RLIMIT_NOFILE, FileLimit()});
  spawn.oom_score_adjust = 500;

  const host::Identity user = spawn.identity.value_or(host::Identity{::geteuid(), ::getegid()});
  auto mounts = co_await MountForCell(std::move(needs), user, kWireFd + 1);
  if (!mounts) co_return Wrap(mounts.error(), what);
  for (const Error& failure : mounts->failures) {
    context.log.Error("a cell starts without a volume", failure);
  }
  spawn.fds.insert(spawn.fds.end(), mounts->passed.begin(), mounts->passed.end());
  spawn.arguments.insert(spawn.arguments.end(), mounts->arguments.begin(), mounts->arguments.end());

  auto traces = Traces::Note(context, kCellKind, name, RemoveTraces);
  if (!traces) co_return Wrap(traces.error(), what);
  auto sockets = MakeSockets(context.dir, name);
  if (!sockets) co_return Wrap(sockets.error(), what);
  if (auto made = scratch_root.empty() ? Result<void>{} : MakeScratch(scratch_root, spawn); !made) {
    co_return Wrap(made.error(), what);
  }
  auto process = host::Process::Spawn(spawn);
  mounts->mounts.clear();  // the cell's alone
  if (!process) co_return Wrap(process.error(), what);
  if (auto noted = traces->NoteProcess(process->id()); !noted) co_return Wrap(noted.error(), what);
  auto ring = telemetry::RingReader::Open(sockets->ring.get());
  if (!ring) co_return Wrap(ring.error(), what);

  cell::Start start;
  start.instance = context.instance;
  start.cell = name;
  start.tenant = tenant;
  start.max_sandboxes = context.options.max_sandboxes;
  start.max_memory = context.options.max_memory.count;
  start.memory_reservation = context.options.memory_reservation.count;
  start.keep_resident = context.options.keep_resident.count;
  start.scratch_root = scratch_root;

  std::shared_ptr<CellProcess> self(new CellProcess(context, listener, std::move(name),
                                                    std::move(tenant), std::move(*process),
                                                    std::move(pair->ours)));
  self->missing_ = std::move(mounts->missing);
  self->ring_.emplace(std::move(*ring));
  self->greeting_ = std::make_shared<Promise<cell::ToManager>>(context.loop);
  auto greeting = self->greeting_;
  self->Run();
  traces->Leave();  // to Ended()
  std::vector<Fd> fds;
  fds.push_back(std::move(sockets->ring));
  fds.push_back(std::move(sockets->private_listener));
  fds.push_back(std::move(sockets->control_listener));
  if (auto sent = co_await self->Send(start, std::move(fds)); !sent) {
    self->Kill();
    co_return Wrap(sent.error(), what);
  }
  auto ready = co_await greeting->Wait(kReadyPatience);
  if (!ready) {
    self->Kill();
    co_return Wrap(ready.error(), what + " did not become ready");
  }
  co_return self;
}

Task<std::shared_ptr<CellProcess>> CellProcess::Adopt(CellContext& context, CellListener& listener,
                                                      const host::HostObject& recorded) {
  auto process = host::Process::Adopt(recorded.process);
  if (!process) co_return Wrap(process.error(), "adopt cell " + recorded.id);
  auto wire = host::ConnectUnix(context.dir.cell_control(recorded.id).native());
  if (!wire) co_return Wrap(wire.error(), "adopt cell " + recorded.id);
  std::shared_ptr<CellProcess> self(
      new CellProcess(context, listener, recorded.id, "", std::move(*process), std::move(*wire)));
  self->adopted_ = true;
  self->greeting_ = std::make_shared<Promise<cell::ToManager>>(context.loop);
  auto greeting = self->greeting_;
  self->Run();
  // Named: gcc 12 destroys an aggregate temporary in a co_await expression twice.
  cell::ToCell adopt = cell::Adopt{context.instance};
  if (auto sent = co_await self->Send(std::move(adopt)); !sent) {
    co_return Wrap(sent.error(), "adopt cell " + self->name_);
  }
  auto answer = co_await greeting->Wait(kReadyPatience);
  if (!answer) co_return Wrap(answer.error(), "adopt cell " + self->name_);
  auto* state = std::get_if<cell::State>(&*answer);
  constexpr std::size_t kFixedFds = 3;  // ring, private and control listener
  if (state == nullptr || self->greeting_fds_.size() != kFixedFds + state->listeners.size()) {
    self->Kill();
    co_return Fail(Errc::kUnavailable, "cell " + self->name_ + " answered adoption wrongly");
  }
  auto ring = telemetry::RingReader::Open(self->greeting_fds_[0].get());
  if (!ring) {
    self->Kill();
    co_return Wrap(ring.error(), "adopt cell " + self->name_);
  }
  self->ring_.emplace(std::move(*ring));
  self->tenant_ = state->tenant;
  self->generation_ = self->last_generation_ = state->generation;
  if (auto owner = CheckOwner(context.instance, self->tenant_, self->pid()); !owner) {
    self->Kill();
    co_return Wrap(owner.error(), "adopt cell " + self->name_);
  }
  auto lists = ListsOf(*state);
  if (!lists) {
    self->Kill();
    co_return Wrap(lists.error(), "adopt cell " + self->name_);
  }
  for (ServedList& list : *lists) {
    self->functions_.Tell(list.generation, std::move(list.functions));
    self->functions_.Switched(list.generation, context.clock.Now());
  }
  self->longest_call_ = kLongestTimeout;
  self->modules_.insert(state->modules.begin(), state->modules.end());
  self->sandboxes_.insert(state->sandboxes.begin(), state->sandboxes.end());
  self->linked_.insert(state->endpoints.begin(), state->endpoints.end());
  self->listening_ = !state->listeners.empty();
  for (std::size_t i = 0; i < state->listeners.size(); ++i) {
    self->sockets_.push_back({state->listeners[i].id, state->listeners[i].address,
                              std::move(self->greeting_fds_[kFixedFds + i])});
  }
  self->greeting_fds_.clear();
  co_return self;
}

void CellProcess::Run() {
  Spawn(context_.loop, Read(shared_from_this()));
  Spawn(context_.loop, Watch(shared_from_this()));
}

Awaitable<void> CellProcess::Watch(std::shared_ptr<CellProcess> self) {
  auto status = co_await self->process_.Wait();
  self->Ended(status ? status->ToString() : status.error().message);
}

Awaitable<void> CellProcess::Read(std::shared_ptr<CellProcess> self) {
  for (;;) {
    auto frame = co_await self->wire_.Receive();
    if (!frame) break;  // Watch() says how it ended
    if (auto handled = self->HandleFrame(std::move(*frame)); !handled) {
      self->context_.log.Error("a cell broke the wire's rules", handled.error());
      self->Kill();
      break;
    }
  }
}

Result<void> CellProcess::HandleFrame(wire::Frame frame) {
  auto message = cell::DecodeToManager(frame.text);
  if (!message) return std::unexpected(std::move(message).error());
  if (std::holds_alternative<cell::GiveClient>(*message)) {
    if (frame.fds.size() != 1) {
      return Fail(Errc::kInvalidArgument, "give_client: takes one descriptor");
    }
    listener_.OnClient(*this, std::move(frame.fds.front()));
    return {};
  }
  const bool greets = std::holds_alternative<cell::Ready>(*message) ||
                      std::holds_alternative<cell::State>(*message);
  if (greets && !greeting_) return Fail(Errc::kInvalidArgument, "a greeting that nobody waits for");
  if (greeting_ && !frame.fds.empty()) greeting_fds_ = std::move(frame.fds);
  Handle(std::move(*message));
  return {};
}

void CellProcess::Handle(cell::ToManager message) {
  if (auto* done = std::get_if<cell::Configured>(&message)) {
    if (!asked_) return;
    Asked asked = *std::exchange(asked_, std::nullopt);
    if (done->error.empty()) {
      generation_ = asked.generation;
      functions_.Switched(generation_, context_.clock.Now());
      serves_ = std::move(asked.text);
    }
    asked.answer->Set(wire::OutcomeOf(done->error));
  } else if (auto* made = std::get_if<cell::SandboxCreated>(&message)) {
    const auto found = creating_.find(made->id);
    if (found == creating_.end()) return;  // nobody asked: a cell may say what it likes
    const Creating waiting = std::move(found->second);
    creating_.erase(found);
    if (made->error.empty()) {
      sandboxes_.insert(made->id);
      functions_.Made(made->id, waiting.index);
    }
    waiting.answer->Set(wire::OutcomeOf(made->error));
  } else if (auto* gone = std::get_if<cell::SandboxGone>(&message)) {
    if (sandboxes_.erase(gone->id) == 0) return;  // it had none of that name
    functions_.Gone(gone->id);
    listener_.OnSandboxGone(*this, gone->id, gone->reason);
  } else if (std::holds_alternative<cell::StoppedListening>(message)) {
    if (stopped_listening_) std::exchange(stopped_listening_, nullptr)->Set(std::monostate{});
  } else if (auto* connect = std::get_if<cell::Connect>(&message)) {
    listener_.OnConnect(*this, std::move(*connect));
  } else if (auto* stats = std::get_if<cell::Stats>(&message)) {
    if (stats_) std::exchange(stats_, nullptr)->Set(*stats);
  } else if (greeting_ && !std::holds_alternative<cell::Drained>(message)) {
    std::exchange(greeting_, nullptr)->Set(std::move(message));  // Ready or State
  }
}

Result<std::chrono::nanoseconds> CellProcess::cpu_time() {
  auto used = host::CpuTimeOf(process_.pid());
  // When it has ended, its number may be another one's: an adopted cell is not our child.
  if (!process_.Poll()) return used;
  if (const auto all = process_.cpu_at_end()) return *all;
  return Fail(Errc::kUnavailable, "the cell has ended");
}

void CellProcess::Ended(const std::string& why) {
  if (!std::exchange(alive_, false)) return;
  wire_.Close();
  const auto gone = [&why](auto& promise) {
    if (promise)
      std::exchange(promise, nullptr)->Set(Fail(Errc::kUnavailable, "cell ended: " + why));
  };
  if (asked_) gone(asked_->answer);
  gone(stopped_listening_);
  gone(greeting_);
  gone(stats_);
  for (auto& [id, waiting] : std::exchange(creating_, {})) gone(waiting.answer);
  RemoveTraces(context_, name_);
  if (ended_) std::exchange(ended_, nullptr)->Set(std::monostate{});
  listener_.OnExit(*this, why);
}

Task<void> CellProcess::Send(cell::ToCell message, std::vector<Fd> fds) {
  wire::Frame frame{cell::Encode(message), std::move(fds)};
  co_return co_await wire_.Send(std::move(frame));
}

Task<void> CellProcess::Listen(const PublicSocket& socket) {
  auto copy = DuplicateFd(socket.fd);
  if (!copy) co_return std::unexpected(copy.error());
  std::vector<Fd> fds;
  fds.push_back(std::move(*copy));
  cell::Listen message{socket.id, socket.address};
  auto sent = co_await Send(std::move(message), std::move(fds));
  listening_ = listening_ || sent.has_value();
  co_return sent;
}

Task<void> CellProcess::StopListening(milliseconds patience) {
  auto stopped = std::make_shared<Promise<std::monostate>>(context_.loop);
  stopped_listening_ = stopped;
  if (auto sent = co_await Send(cell::StopListening{}); !sent) co_return sent;
  listening_ = false;
  co_return co_await Answered(*stopped, patience);
}

Task<void> CellProcess::TakeClient(std::string peer, Fd client) {
  cell::TakeClient message{std::move(peer)};
  std::vector<Fd> fds;
  fds.push_back(std::move(client));
  co_return co_await Send(std::move(message), std::move(fds));
}

Task<void> CellProcess::Link(CellProcess& host) {
  if (linked_.contains(host.name())) co_return Result<void>{};
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) co_return std::unexpected(pair.error());
  std::vector<Fd> end;
  end.push_back(std::move(pair->theirs));
  cell::ServeFront serve{name_};
  if (auto sent = co_await host.Send(std::move(serve), std::move(end)); !sent) co_return sent;
  end.clear();
  end.push_back(std::move(pair->ours));
  cell::AddEndpoint add{host.name(), host.tenant()};
  if (auto sent = co_await Send(std::move(add), std::move(end)); !sent) co_return sent;
  linked_.insert(host.name());
  co_return Result<void>{};
}

Task<void> CellProcess::Unlink(std::string host) {
  if (linked_.erase(host) == 0) co_return Result<void>{};
  cell::RemoveEndpoint message{std::move(host)};
  co_return co_await Send(std::move(message));
}

Task<void> CellProcess::SendModules(const std::vector<std::string>& keys) {
  std::size_t next = 0;
  while (next < keys.size()) {
    cell::Modules message;
    std::vector<Fd> fds;
    for (; next < keys.size() && fds.size() < kModulesPerFrame; ++next) {
      if (modules_.contains(keys[next])) continue;
      auto code = listener_.OpenModule(keys[next]);
      if (!code) co_return Wrap(code.error(), "code " + keys[next]);
      message.keys.push_back(keys[next]);
      fds.push_back(std::move(*code));
    }
    if (message.keys.empty()) break;
    auto sent_keys = message.keys;
    auto sent = co_await Send(std::move(message), std::move(fds));
    if (!sent) co_return std::unexpected(sent.error());
    modules_.insert(sent_keys.begin(), sent_keys.end());
  }
  co_return Result<void>{};
}

Task<void> CellProcess::Configure(Configuration configuration, std::uint32_t generation) {
  if (asked_) {
    const bool given_up = context_.clock.Now() - asked_->at >= kGiveUpPatience;
    co_return Fail(given_up ? Errc::kFailedPrecondition : Errc::kUnavailable,
                   name_ + " does not answer");
  }
  cell::ToCell wanted(std::move(configuration.message));
  auto& message = std::get<cell::Configure>(wanted);
  message.generation = 0;
  std::string text = cell::Encode(wanted);
  if (text == serves_) co_return Result<void>{};
  if (auto sent = co_await SendModules(configuration.modules); !sent) {
    co_return std::unexpected(sent.error());
  }
  // The cell forgets code that a configuration does not name.
  modules_ = {configuration.modules.begin(), configuration.modules.end()};
  // One number, one list: the store's stays the same where only what is ready has changed.
  message.generation = last_generation_ = std::max(generation, last_generation_ + 1);
  for (const cell::Function& each : message.functions) {
    longest_call_ = std::max(longest_call_, each.limits.timeout);
  }
  functions_.Tell(message.generation, message.functions);

  auto answer = std::make_shared<Promise<std::monostate>>(context_.loop);
  asked_ = Asked{message.generation, std::move(text), context_.clock.Now(), answer};
  if (auto sent = co_await Send(std::move(wanted)); !sent) {
    asked_.reset();
    co_return std::unexpected(sent.error());
  }
  co_return co_await Answered(*answer, kConfigurePatience);
}

Task<void> CellProcess::Answered(Promise<std::monostate>& promise, milliseconds patience) {
  auto outcome = co_await promise.Wait(patience);
  if (!outcome) co_return std::unexpected(outcome.error());
  co_return Result<void>{};
}

Task<void> CellProcess::CreateSandbox(std::string id, std::uint32_t index) {
  auto answer = std::make_shared<Promise<std::monostate>>(context_.loop);
  creating_[id] = {index, answer};
  cell::CreateSandbox message{id, index};
  if (auto sent = co_await Send(std::move(message)); !sent) {
    creating_.erase(id);
    co_return std::unexpected(sent.error());
  }
  co_return co_await Answered(*answer, kAnswerPatience);
}

Task<void> CellProcess::DeleteSandbox(std::string id) {
  cell::DeleteSandbox message{std::move(id)};
  co_return co_await Send(std::move(message));
}

void CellProcess::AnswerConnect(std::uint64_t id, Result<Fd> outcome) {
  if (!alive_) return;
  cell::Connected message{id, ""};
  if (!outcome) {
    // The cell tells a denial from a failure by the code's name in front.
    message.error = wire::WireError(outcome.error());
  }
  std::vector<Fd> fds;
  if (outcome) fds.push_back(std::move(*outcome));
  if (wire_.queued() == 0) unread_answers_ = 0;
  // Each may be a descriptor of ours.
  if (++unread_answers_ > kMostUnread) {
    context_.log.Error("a cell asks for connections and does not read", {{"cell", name_}});
    return Kill();
  }
  // One that cannot be told is gone.
  (void)wire_.Post({cell::Encode(cell::ToCell(std::move(message))), std::move(fds)});
}

Task<cell::Stats> CellProcess::GetStats() {
  if (!stats_) {
    stats_ = std::make_shared<Promise<cell::Stats>>(context_.loop);
  }
  auto answer = stats_;
  if (auto sent = co_await Send(cell::GetStats{}); !sent) co_return std::unexpected(sent.error());
  co_return co_await answer->Wait(kAnswerPatience);
}

Task<void> CellProcess::Drain(milliseconds patience) {
  cell::Drain message{static_cast<std::uint32_t>(patience.count())};
  // A cell that cannot be told is killed below.
  (void)co_await Send(message);
  auto ended = std::make_shared<Promise<std::monostate>>(context_.loop);
  ended_ = ended;
  if (!alive_) co_return Result<void>{};
  (void)co_await ended->Wait(patience + kDrainGrace);
  if (alive_) {
    Kill();
    co_return Fail(Errc::kDeadlineExceeded, "cell " + name_ + " did not finish in time; killed");
  }
  co_return Result<void>{};
}

void CellProcess::Kill() noexcept {
  // Fails only when it has ended already, which Watch() reports.
  (void)process_.Kill(SIGKILL);
}

Result<Fd> CellProcess::ConnectPrivate() const {
  return host::ConnectUnix(context_.dir.cell_private(name_).native());
}

}  // namespace strata::manager
