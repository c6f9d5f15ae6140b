#include "sandbox/microvm/agent/agent.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "sandbox/microvm/agent/child.h"
#include "sandbox/microvm/agent/guest.h"
#include "sandbox/microvm/protocol.h"

namespace strata::sandbox::microvm::agent {
namespace {

constexpr std::size_t kPart = 16 * 1024;

class Agent {
 public:
  Agent(const Fd& port, Fd signals) : port_(port), signals_(std::move(signals)) {}
  Result<void> Run();

 private:
  Result<void> Send(FrameType type, std::string_view payload = {}) {
    return WriteAll(port_.get(), EncodeFrame(type, payload));
  }
  Result<void> ReadPort();
  Result<void> Handle(const Frame& frame);
  Result<void> OnStart(std::string_view payload);
  Result<void> FeedInput();
  Result<void> TakeOutput(Fd& from, FrameType type);
  Result<void> MaybeFinish();

  const Fd& port_;
  const Fd signals_;  // SIGCHLD
  FrameReader frames_;
  std::optional<Child> child_;
  std::string input_;  // for the program's standard input
  bool input_ended_ = false;
  std::size_t credit_ = kWindow;  // for output
};

Result<void> Agent::Run() {
  if (auto sent = Send(FrameType::kReady); !sent) return sent;
  while (true) {
    std::vector<pollfd> ready = {{port_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    const bool wants = child_ && credit_ > 0;
    const bool feeds = child_ && child_->in.valid() && (!input_.empty() || input_ended_);
    ready.push_back({wants && child_->out.valid() ? child_->out.get() : -1, POLLIN, 0});
    ready.push_back({wants && child_->err.valid() ? child_->err.get() : -1, POLLIN, 0});
    ready.push_back({feeds ? child_->in.get() : -1, POLLOUT, 0});
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
      return FailErrno("poll", errno);
    Result<void> done;
    if (ready[2].revents != 0) done = TakeOutput(child_->out, FrameType::kOutput);
    if (done && ready[3].revents != 0) done = TakeOutput(child_->err, FrameType::kError);
    if (done && ready[4].revents != 0) done = FeedInput();
    if (done && ready[1].revents != 0) {
      signalfd_siginfo info;
      while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
      }
      if (child_) child_->Poll();
    }
    if (done && child_) done = MaybeFinish();
    if (done && ready[0].revents != 0) done = ReadPort();
    if (!done) return done;
  }
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
    if (auto handled = Handle(**frame); !handled) return handled;
  }
}

Result<void> Agent::Handle(const Frame& frame) {
  switch (frame.type) {
    case FrameType::kWake: {
      const auto wake = ReadWake(frame.payload);
      if (!wake) return std::unexpected(wake.error());
      const auto woken = WakeUp(*wake);
      return woken ? Send(FrameType::kAwake) : Send(FrameType::kFailed, woken.error().message);
    }
    case FrameType::kStart:
      return OnStart(frame.payload);
    case FrameType::kInput:
      input_ += frame.payload;
      if (!child_ || !child_->in.valid()) input_.clear();  // nobody reads it any more
      return {};
    case FrameType::kInputEnd:
      input_ended_ = true;
      return {};
    case FrameType::kOutputTaken: {
      const auto count = ReadCount(frame.payload);
      if (!count) return std::unexpected(count.error());
      credit_ = std::min(credit_ + *count, kWindow);
      return {};
    }
    case FrameType::kKill:
      if (child_) child_->KillAll();
      return {};
    default:
      return Fail(Errc::kInvalidArgument, "a frame that does not come here");
  }
}

Result<void> Agent::OnStart(std::string_view payload) {
  if (child_) return Send(FrameType::kFailed, "a program is running");
  const auto program = ReadProgram(payload);
  if (!program) return std::unexpected(program.error());
  input_.clear();
  input_ended_ = false;
  credit_ = kWindow;
  auto child = Child::Start(*program);
  if (!child) return Send(FrameType::kFailed, child.error().message);
  child_.emplace(std::move(*child));
  return {};
}

Result<void> Agent::FeedInput() {
  if (!input_.empty()) {
    const ssize_t wrote = ::write(child_->in.get(), input_.data(), input_.size());
    if (wrote < 0 && errno == EAGAIN) return {};
    // A program that reads no more: the driver need not send the rest.
    const std::size_t taken = wrote < 0 ? input_.size() : static_cast<std::size_t>(wrote);
    if (wrote < 0) child_->in.Reset();
    input_.erase(0, taken);
    if (auto told = Send(FrameType::kInputTaken, WriteCount(static_cast<std::uint32_t>(taken)));
        !told) {
      return told;
    }
  }
  if (input_.empty() && input_ended_) child_->in.Reset();
  return {};
}

Result<void> Agent::TakeOutput(Fd& from, FrameType type) {
  std::array<char, kPart> part;
  const ssize_t got = ::read(from.get(), part.data(), std::min(part.size(), credit_));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got <= 0) {
    from.Reset();
    return {};
  }
  credit_ -= static_cast<std::size_t>(got);
  return Send(type, {part.data(), static_cast<std::size_t>(got)});
}

// All output first: the program's helpers may write on after its end, until they are killed with
// it.
Result<void> Agent::MaybeFinish() {
  if (!child_->ended()) return {};
  child_->KillAll();
  if (child_->out.valid() || child_->err.valid()) return {};
  const Outcome outcome = child_->Finish();
  child_.reset();
  return Send(FrameType::kExit, WriteOutcome(outcome));
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
