#include "sandbox/microvm/agent/agent.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "sandbox/microvm/agent/child.h"
#include "sandbox/microvm/agent/guest.h"
#include "sandbox/microvm/agent/volumes.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {
namespace {

constexpr std::size_t kPart = 16 * 1024;

// A program and what is on its way to it.
struct Running {
  Child child;
  std::string input;  // for its standard input
  bool input_ended = false;
  std::size_t credit = kWindow;  // for its output
  bool unwanted = false;         // nobody takes its output any more

  [[nodiscard]] bool feeds() const { return child.in.valid() && (!input.empty() || input_ended); }
};

class Agent {
 public:
  Agent(const Fd& port, Fd signals) : port_(port), signals_(std::move(signals)) {}
  Result<void> Run();

 private:
  Result<void> Send(FrameType type, std::string_view payload = {}, std::uint32_t program = 0) {
    return WriteAll(port_.get(), EncodeFrame(type, payload, program));
  }
  Result<void> ReadPort();
  Result<void> Handle(Frame frame);
  Result<void> OnStart(const Frame& frame);
  Result<void> HandleFor(Running& running, Frame frame);
  Result<void> Serve(std::uint32_t number, Running& running, const pollfd* ready);
  Result<void> FeedInput(std::uint32_t number, Running& running);
  Result<void> TakeOutput(std::uint32_t number, Running& running, Fd& from, FrameType type);
  Result<bool> Finish(std::uint32_t number, Running& running);
  Result<void> OnWake(const Frame& frame);
  void Reap();

  const Fd& port_;
  const Fd signals_;  // SIGCHLD
  FrameReader frames_;
  std::map<std::uint32_t, Running> programs_;
  std::vector<Fd> volumes_;  // those with a drive
  bool asleep_ = false;      // says nothing
};

Result<void> Agent::Run() {
  if (auto sent = Send(FrameType::kReady); !sent) return sent;
  while (true) {
    std::vector<pollfd> ready = {{port_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    for (const auto& [number, running] : programs_) {
      const Child& child = running.child;
      const bool wants = running.credit > 0 && !asleep_;
      ready.push_back({wants && child.out.valid() ? child.out.get() : -1, POLLIN, 0});
      ready.push_back({wants && child.err.valid() ? child.err.get() : -1, POLLIN, 0});
      ready.push_back({running.feeds() && !asleep_ ? child.in.get() : -1, POLLOUT, 0});
    }
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
      return FailErrno("poll", errno);
    if (ready[1].revents != 0) Reap();
    const pollfd* own = ready.data() + 2;
    for (auto at = programs_.begin(); at != programs_.end() && !asleep_; own += 3) {
      if (auto served = Serve(at->first, at->second, own); !served) return served;
      auto finished = Finish(at->first, at->second);
      if (!finished) return std::unexpected(finished.error());
      at = *finished ? programs_.erase(at) : std::next(at);
    }
    if (ready[0].revents == 0) continue;
    if (auto read = ReadPort(); !read) return read;
  }
}

// The first process inherits everybody's orphans: it waits for them, too.
void Agent::Reap() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
  }
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    for (auto& [number, running] : programs_) running.child.OnEnd(pid, status);
  }
}

Result<void> Agent::Serve(std::uint32_t number, Running& running, const pollfd* ready) {
  Result<void> done;
  if (ready[0].revents != 0) {
    done = TakeOutput(number, running, running.child.out, FrameType::kOutput);
  }
  if (done && ready[1].revents != 0) {
    done = TakeOutput(number, running, running.child.err, FrameType::kError);
  }
  if (done && ready[2].revents != 0) done = FeedInput(number, running);
  return done;
}

Result<void> Agent::ReadPort() {
  std::array<char, kPart> part;
  const ssize_t got = ::read(port_.get(), part.data(), part.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (got <= 0) return FailErrno("the driver's port", got == 0 ? EPIPE : errno);
  frames_.Feed({part.data(), static_cast<std::size_t>(got)});
  while (true) {
    auto frame = frames_.Next();
    if (!frame) return std::unexpected(std::move(frame).error());
    if (!*frame) return {};
    if (auto handled = Handle(std::move(**frame)); !handled) return handled;
  }
}

Result<void> Agent::Handle(Frame frame) {
  if (frame.type == FrameType::kWake) return OnWake(frame);
  if (frame.type == FrameType::kSleep) {
    asleep_ = true;
    return Send(FrameType::kAsleep);
  }
  if (frame.type == FrameType::kStart) return OnStart(frame);
  const auto found = programs_.find(frame.program);
  if (found == programs_.end()) return {};  // it has just ended
  return HandleFor(found->second, std::move(frame));
}

Result<void> Agent::OnWake(const Frame& frame) {
  const auto wake = ReadWake(frame.payload);
  if (!wake) return std::unexpected(wake.error());
  asleep_ = false;
  if (wake->copy) {
    for (auto& [number, running] : programs_) {
      if (number != kMain) running.child.KillAll();
      running.credit = kWindow;
    }
    std::erase_if(programs_, [](const auto& each) { return each.first != kMain; });
  }
  auto woken = WakeUp(*wake);
  if (woken && !wake->volumes.empty()) {
    auto mounted = MountVolumes(wake->volumes);
    if (mounted) volumes_ = std::move(*mounted);
    if (!mounted) woken = std::unexpected(std::move(mounted).error());
  }
  const auto main = programs_.find(kMain);
  if (woken && main != programs_.end()) woken = main->second.child.Rename(wake->hostname);
  return woken ? Send(FrameType::kAwake) : Send(FrameType::kFailed, woken.error().message);
}

Result<void> Agent::HandleFor(Running& running, Frame frame) {
  switch (frame.type) {
    case FrameType::kInput:
      if (running.child.in.valid()) running.input += frame.payload;  // else nobody reads it
      return {};
    case FrameType::kInputEnd:
      running.input_ended = true;
      return {};
    case FrameType::kOutputTaken: {
      const auto count = ReadCount(frame.payload);
      if (!count) return std::unexpected(count.error());
      running.credit = std::min(running.credit + *count, kWindow);
      return {};
    }
    case FrameType::kTerminate:
      running.child.Terminate();
      SyncVolumes(volumes_);  // it may not end in time
      return {};
    case FrameType::kSignal: {
      const auto number = ReadCount(frame.payload);
      if (!number) return std::unexpected(number.error());
      running.child.Signal(static_cast<int>(*number));
      return {};
    }
    case FrameType::kKill:
      running.child.KillAll();
      running.unwanted = true;
      return {};
    case FrameType::kResize: {
      const auto size = ReadSize(frame.payload);
      if (!size) return std::unexpected(size.error());
      running.child.Resize(*size);
      return {};
    }
    default:
      return Fail(Errc::kInvalidArgument, "a frame that does not come here");
  }
}

Result<void> Agent::OnStart(const Frame& frame) {
  const auto refuse = [&](std::string_view why) {
    return Send(FrameType::kFailed, why, frame.program);
  };
  if (programs_.contains(frame.program)) return refuse("this program is running");
  const auto program = ReadProgram(frame.payload);
  if (!program) return std::unexpected(program.error());
  const auto main = programs_.find(kMain);
  if (program->beside && main == programs_.end()) return refuse("the sandbox's program has ended");
  auto child = Child::Start(*program, program->beside ? &main->second.child : nullptr);
  if (!child) return refuse(child.error().message);
  programs_.emplace(frame.program, Running{.child = std::move(*child)});
  return program->confirmed ? Send(FrameType::kStarted, {}, frame.program) : Result<void>{};
}

Result<void> Agent::FeedInput(std::uint32_t number, Running& running) {
  Fd& in = running.child.in;
  if (!running.input.empty()) {
    const ssize_t wrote = ::write(in.get(), running.input.data(), running.input.size());
    if (wrote < 0 && errno == EAGAIN) return {};
    // A program that reads no more: the driver need not send the rest.
    const std::size_t taken = wrote < 0 ? running.input.size() : static_cast<std::size_t>(wrote);
    if (wrote < 0) in.Reset();
    running.input.erase(0, taken);
    auto told = Send(FrameType::kInputTaken, WriteCount(static_cast<std::uint32_t>(taken)), number);
    if (!told) return told;
  }
  if (running.input.empty() && running.input_ended) in.Reset();
  return {};
}

Result<void> Agent::TakeOutput(std::uint32_t number, Running& running, Fd& from, FrameType type) {
  std::array<char, kPart> part;
  const ssize_t got = ::read(from.get(), part.data(), std::min(part.size(), running.credit));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got <= 0) {
    from.Reset();
    return {};
  }
  running.credit -= static_cast<std::size_t>(got);
  return Send(type, {part.data(), static_cast<std::size_t>(got)}, number);
}

// All output first: the program's helpers may write on after its end, until they are killed with
// it.
Result<bool> Agent::Finish(std::uint32_t number, Running& running) {
  if (!running.child.ended()) return false;
  running.child.KillAll();
  const bool prints = running.child.out.valid() || running.child.err.valid();
  if (prints && !running.unwanted) return false;
  const Outcome outcome = running.child.Finish();
  SyncVolumes(volumes_);
  if (auto sent = Send(FrameType::kExit, WriteOutcome(outcome), number); !sent) {
    return std::unexpected(std::move(sent).error());
  }
  return true;
}

}  // namespace

Result<void> Serve(const Fd& port) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  Fd signals(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return FailErrno("signalfd", errno);
  return Agent(port, std::move(signals)).Run();
}

}  // namespace strata::sandbox::microvm::agent
