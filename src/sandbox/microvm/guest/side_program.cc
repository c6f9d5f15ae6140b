#include "sandbox/microvm/guest/side_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "base/files/files.h"
#include "host/process/terminal.h"
#include "sandbox/start_failure.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::size_t kChunk = 16 * 1024;
constexpr int kSignalBase = 128;
constexpr std::chrono::hours kLongest{24 * 30};

}  // namespace

SideProgram::SideProgram(std::shared_ptr<Shared> shared, std::shared_ptr<Machine> machine,
                         std::uint32_t number, sandbox::Program streams)
    : shared_(std::move(shared)),
      machine_(std::move(machine)),
      number_(number),
      in_(shared_->loop.get_executor()),
      credited_(shared_->loop),
      out_(shared_->loop),
      err_(shared_->loop),
      grace_(shared_->loop.get_executor()),
      done_(shared_->loop) {
  const auto give = [](Fd& stream, Descriptor& to) {
    if (!stream.valid()) return;
    ::fcntl(stream.get(), F_SETFL, O_NONBLOCK);
    boost::system::error_code failed;
    to.assign(stream.get(), failed);  // a plain file cannot be waited for: as if there was none
    if (!failed) static_cast<void>(stream.Release());
  };
  if (streams.terminal) {
    // The terminal that means something is in the guest; this one only leads there.
    if (auto copy = DuplicateFd(streams.in)) streams.out = std::move(*copy);
    static_cast<void>(host::MakeRaw(streams.in));
    streams.err.Reset();
  }
  give(streams.in, in_);
  give(streams.out, out_.to);
  give(streams.err, err_.to);
}

void SideProgram::Begin() {
  begun_ = true;
  Spawn(shared_->loop, Feed(shared_from_this()));
  Spawn(shared_->loop, Drain(shared_from_this(), out_));
  Spawn(shared_->loop, Drain(shared_from_this(), err_));
}

bool SideProgram::Take(Frame frame) {
  switch (frame.type) {
    case FrameType::kOutput:
    case FrameType::kError:
      TakeOutput(frame.type == FrameType::kOutput ? out_ : err_, frame.payload);
      return false;
    case FrameType::kInputTaken: {
      const auto count = ReadCount(frame.payload);
      credit_ = std::min(credit_ + count.value_or(0), kWindow);
      credited_.Wake();
      return false;
    }
    case FrameType::kExit: {
      const auto outcome = ReadOutcome(frame.payload);
      if (!outcome) {
        Finish(std::unexpected(outcome.error()));
      } else {
        Finish(outcome->status + (outcome->signaled ? kSignalBase : 0));
      }
      return true;
    }
    default:
      Finish(std::unexpected(StartFailure("agent: " + frame.payload)));
      return true;
  }
}

// An agent that is ours sends no more than its credit, and nothing that is empty.
void SideProgram::TakeOutput(Output& output, std::string_view bytes) {
  const std::size_t pending = out_.pending.size() + err_.pending.size();
  if (bytes.empty() || pending + bytes.size() > kWindow) {
    machine_->Refuse("agent: output that nobody has given it credit for");
  } else if (output.to.is_open()) {
    output.pending += bytes;
    output.changed.Wake();
  } else {
    Taken(bytes.size());
  }
}

void SideProgram::Break() {
  Finish(Fail(Errc::kUnavailable, "the sandbox ended"));
  if (begun_) return;
  boost::system::error_code ignored;  // nobody else closes them
  out_.to.close(ignored);
  err_.to.close(ignored);
}

void SideProgram::Finish(Result<int> status) {
  if (std::exchange(over_, true)) return;
  status_ = std::move(status);
  boost::system::error_code ignored;
  in_.close(ignored);
  grace_.cancel();
  credited_.Wake();
  out_.changed.Wake();
  err_.changed.Wake();
}

void SideProgram::Resize(host::TerminalSize size) noexcept {
  if (over_) return;
  machine_->Post(FrameType::kResize, WriteSize({size.rows, size.columns}), number_);
}

void SideProgram::End() noexcept {
  if (over_ || std::exchange(ending_, true)) return;
  Spawn(shared_->loop, EndInSteps(shared_from_this()));
}

void SideProgram::EndWithInput() noexcept {
  ends_with_input_ = true;
  if (fed_) End();
}

Awaitable<void> SideProgram::EndInSteps(std::shared_ptr<SideProgram> self) {
  for (const FrameType step : {FrameType::kTerminate, FrameType::kKill}) {
    self->machine_->Post(step, {}, self->number_);
    self->grace_.expires_after(self->shared_->config.exec_grace);
    boost::system::error_code ignored;
    co_await self->grace_.async_wait(asio::redirect_error(kAwait, ignored));
    if (self->over_) co_return;
  }
  self->Finish(Fail(Errc::kUnavailable, "it was ended; the guest's agent does not say how"));
}

void SideProgram::Taken(std::size_t count) {
  machine_->Post(FrameType::kOutputTaken, WriteCount(static_cast<std::uint32_t>(count)), number_);
}

Awaitable<void> SideProgram::Feed(std::shared_ptr<SideProgram> self) {
  std::array<char, kChunk> part;
  boost::system::error_code failed;
  while (!self->over_ && self->in_.is_open() && !failed) {
    if (self->credit_ == 0) {
      co_await self->credited_.Wait();
      continue;
    }
    const std::size_t most = std::min(part.size(), self->credit_);
    const ssize_t got = ::read(self->in_.native_handle(), part.data(), most);
    if (got > 0) {
      self->credit_ -= static_cast<std::size_t>(got);
      self->machine_->Post(FrameType::kInput, {part.data(), static_cast<std::size_t>(got)},
                           self->number_);
    } else if (got < 0 && errno == EAGAIN) {
      co_await self->in_.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    } else {
      break;
    }
  }
  if (!self->over_) self->machine_->Post(FrameType::kInputEnd, {}, self->number_);
  self->fed_ = true;
  if (self->ends_with_input_) self->End();
}

// A program whose output nobody takes any more is of no more use.
Awaitable<void> SideProgram::Drain(std::shared_ptr<SideProgram> self, Output& output) {
  boost::system::error_code failed;
  while (output.to.is_open() && !failed) {
    if (output.pending.empty()) {
      if (self->over_) break;
      co_await output.changed.Wait();
      continue;
    }
    const ssize_t put =
        ::write(output.to.native_handle(), output.pending.data(), output.pending.size());
    if (put >= 0) {
      output.pending.erase(0, static_cast<std::size_t>(put));
      self->Taken(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      co_await output.to.async_wait(Descriptor::wait_write, asio::redirect_error(kAwait, failed));
    } else {
      self->machine_->Post(FrameType::kKill, {}, self->number_);
      break;
    }
  }
  if (!output.pending.empty()) self->Taken(std::exchange(output.pending, {}).size());
  output.to.close(failed);
  if (--self->draining_ > 0) co_return;
  while (!self->over_) co_await output.changed.Wait();
  self->done_.Set(std::move(self->status_));
}

Task<int> SideProgram::Wait() {
  const auto self = shared_from_this();
  co_return co_await done_.Wait(kLongest);
}

}  // namespace strata::sandbox::microvm
