#include "kube/shim/microvm/programs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace strata::kube::shim {
namespace {

namespace microvm = sandbox::microvm;
using microvm::FrameType;

constexpr std::chrono::seconds kStartPatience{60};
constexpr std::chrono::hours kLongest{24 * 365 * 10};
constexpr std::chrono::seconds kKillPatience{2};
constexpr int kMostOfNobody = 64;  // an agent that is ours sends none
constexpr host::ExitStatus kKilled{host::ExitStatus::Kind::kSignaled, SIGKILL};

// A copy of a descriptor that may be none.
Result<Fd> Copy(int fd) {
  if (fd < 0) return Fd();
  struct stat status{};
  if (::fstat(fd, &status) != 0) return FailErrno("stdio", errno);
  if (S_ISREG(status.st_mode)) {
    return Fail(Errc::kUnsupported, "stdio: class microvm takes FIFOs, and no files");
  }
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return FailErrno("stdio", errno);
  return copy;
}

host::ExitStatus StatusOf(const microvm::Frame& frame) {
  const auto outcome = microvm::ReadOutcome(frame.payload);
  if (!outcome) return kKilled;  // the agent was changed
  using enum host::ExitStatus::Kind;
  return {outcome->signaled ? kSignaled : kExited, outcome->status};
}

}  // namespace

std::shared_ptr<Programs> Programs::Begin(std::shared_ptr<microvm::Shared> shared,
                                          std::shared_ptr<microvm::Machine> machine) {
  std::shared_ptr<Programs> programs(new Programs(std::move(shared), std::move(machine)));
  Spawn(programs->shared_->loop, Read(programs));
  return programs;
}

Programs::~Programs() { BreakAll(); }

Result<std::uint32_t> Programs::Add(const Stdio& stdio) {
  sandbox::Program streams;
  const std::pair<int, Fd*> ends[] = {
      {stdio.in(), &streams.in}, {stdio.out(), &streams.out}, {stdio.err(), &streams.err}};
  for (const auto& [from, to] : ends) {
    auto copy = Copy(from);
    if (!copy) return std::unexpected(std::move(copy).error());
    *to = std::move(*copy);
  }
  const std::uint32_t number = next_++;
  auto side = std::make_shared<microvm::SideProgram>(shared_, machine_, number, std::move(streams));
  programs_[number] = std::make_shared<Each>(shared_->loop, std::move(side));
  if (over_) BreakAll();
  return number;
}

Task<void> Programs::Start(std::uint32_t number, const microvm::Program& program) {
  const auto at = programs_.find(number);
  if (at == programs_.end()) co_return Fail(Errc::kNotFound, "no such program");
  const std::shared_ptr<Each> each = at->second;
  const auto self = shared_from_this();
  machine_->Post(FrameType::kStart, microvm::WriteProgram(program), number);
  auto started = co_await each->started.Wait(kStartPatience);
  if (!started) {
    if (number != microvm::kMain) GiveUp(number);
    co_return std::unexpected(std::move(started).error());
  }
  each->side->Begin();
  co_return Result<void>();
}

// One that nothing was heard of may still begin.
void Programs::GiveUp(std::uint32_t number) {
  const auto at = programs_.find(number);
  if (at == programs_.end()) return;
  const std::shared_ptr<Each> each = at->second;
  const bool silent = !over_ && !each->over;
  each->side->Break();
  if (silent) {
    each->given_up = true;
    Signal(number, SIGKILL);
  } else {
    programs_.erase(at);
  }
}

Task<host::ExitStatus> Programs::Ended(std::uint32_t number) {
  const auto at = programs_.find(number);
  if (at == programs_.end()) co_return kKilled;
  const std::shared_ptr<Each> each = at->second;
  const auto self = shared_from_this();
  auto ended = co_await each->ended.Wait(kLongest);
  programs_.erase(number);
  if (number != microvm::kMain) co_return ended;
  // With the first program the machine has ended.
  machine_->Kill();
  static_cast<void>(co_await machine_->Wait());
  co_return ended;
}

void Programs::Signal(std::uint32_t number, int signal) {
  if (signal == SIGKILL) {
    machine_->Post(FrameType::kKill, {}, number);
  } else {
    machine_->Post(FrameType::kSignal, microvm::WriteCount(static_cast<std::uint32_t>(signal)),
                   number);
  }
}

void Programs::Resize(std::uint32_t number, host::TerminalSize size) {
  machine_->Post(FrameType::kResize, microvm::WriteSize({size.rows, size.columns}), number);
}

void Programs::KillFirst() {
  Signal(microvm::kMain, SIGKILL);
  auto timer = std::make_shared<Timer>(shared_->loop.get_executor());
  timer->expires_after(kKillPatience);
  timer->async_wait([timer, machine = std::weak_ptr(machine_)](const boost::system::error_code&) {
    if (const auto alive = machine.lock()) alive->Kill();
  });
}

Awaitable<void> Programs::Read(std::shared_ptr<Programs> self) {
  while (true) {
    auto frame = co_await self->machine_->Receive();
    if (!frame) break;
    self->Take(std::move(*frame));
  }
  self->machine_->Kill();
  self->over_ = true;
  self->BreakAll();
}

void Programs::Take(microvm::Frame frame) {
  const auto at = programs_.find(frame.program);
  if (at == programs_.end()) {
    if (++of_nobody_ > kMostOfNobody) machine_->Refuse("agent: frames of no program");
    return;
  }
  const std::shared_ptr<Each> each = at->second;
  switch (frame.type) {
    case FrameType::kStarted:
      each->started.Set(true);
      return;
    case FrameType::kFailed:
      each->started.Set(Fail(Errc::kFailedPrecondition, frame.payload));
      break;
    case FrameType::kExit:
      each->ended.Set(StatusOf(frame));
      break;
    default:
      break;
  }
  if (each->side->Take(std::move(frame))) {
    each->over = true;
    if (each->given_up) programs_.erase(at);
  }
}

void Programs::BreakAll() {
  for (const auto& [number, each] : programs_) {
    each->started.Set(Fail(Errc::kUnavailable, "the machine has ended"));
    each->ended.Set(kKilled);
    each->side->Break();
  }
}

}  // namespace strata::kube::shim
