#include "sandbox/oci/guest/call.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text/byte_view.h"
#include "sandbox/agent_gate.h"

namespace strata::sandbox::oci {

using model::Exit;
using model::ExitReason;

namespace {

constexpr std::size_t kChunk = 16 * 1024;

}  // namespace

OciCall::OciCall(Shared& shared, Bundle& bundle, Network& network, const Spec& spec, Call& call,
                 std::unique_ptr<StartedGuest> guest)
    : shared_(shared),
      bundle_(bundle),
      network_(network),
      spec_(spec),
      call_(call),
      io_(call, spec.limits),
      errors_(spec.effects.logs, Stream::kStderr),
      timer_(shared.loop.get_executor()),
      started_(std::move(guest)),
      cpu_(shared.clock.Now(), spec.limits.cpu_time) {}

void OciCall::Stop() noexcept {
  stop_ = true;
  started_->event.Wake();
}

// Cancellation of the awaiting coroutine is taken as a reason to end, not thrown: the container has
// to be ended and the helpers joined, and those are waits too.
Task<Exit> OciCall::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  ++shared_.metrics.calls;
  start_ = shared_.clock.Now();
  due_ = std::min(call_.deadline, start_ + spec_.limits.timeout);
  auto exit = co_await Supervise();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return exit;
}

// The request's variables win: they say what this call is about.
model::Env OciCall::Environment() const {
  model::Env all = CgiVariables(call_);
  all.insert(spec_.env.begin(), spec_.env.end());
  return all;
}

// Nothing runs afterwards: the call was cancelled. A guest that waited and ended meanwhile costs
// its call a start.
Task<void> OciCall::Begin() {
  if (started_->guest.running()) {
    warm_ = true;
    opening_ = GateMessage(Environment());
    co_return Result<void>{};
  }
  if (started_->guest.ended()) started_ = std::make_unique<StartedGuest>(shared_, bundle_);
  if (auto open = co_await network_.Open(); !open) co_return open;
  auto turn = co_await shared_.starts.Take();
  if (!turn) co_return Result<void>{};
  turn_.emplace(std::move(*turn));
  co_return co_await started_->Start(Environment(), Purpose::kCall);
}

Task<Exit> OciCall::Supervise() {
  if (auto usage = bundle_.usage()) before_ = after_ = *usage;
  if (auto begun = co_await Begin(); !begun) co_return std::unexpected(std::move(begun).error());
  RunningGuest& guest = started_->guest;
  if (!guest.running()) {
    co_return Exit{.reason = ExitReason::kStopped, .status = 0, .detail = "cancelled", .usage = {}};
  }
  co_await RunUntilOver();
  const std::optional<Fate> fate = io_.fate();  // before helpers that we cancel add theirs
  if (fate) guest.KillAll();
  while (guest.running()) co_await started_->event.Wait();
  co_await Join();
  if (auto usage = bundle_.usage()) after_ = *usage;
  auto exit = Finish();
  if (exit && fate) {
    exit->reason = fate->reason;
    exit->detail = fate->detail;
    exit->status = 0;
  }
  co_return exit;
}

Awaitable<void> OciCall::RunUntilOver() {
  feed_.Start(shared_.loop, Feed(), started_->event);
  answer_.Start(shared_.loop, Answer(), started_->event);
  log_.Start(shared_.loop, CollectLines(started_->err, errors_), started_->event);
  tick_.Start(shared_.loop, Tick(), started_->event);
  bool finished = false;
  while (!MustEnd()) {
    if (started_->guest.found() || started_->guest.ended()) turn_.reset();
    if (Over()) {
      if (finished || !started_->guest.ended()->has_value()) co_return;
      // All output is here: what is left to decide depends on how the guest ended.
      output_.Finish((*started_->guest.ended())->success() ? 0 : 1);
      answer_.Start(shared_.loop, HandOn(io_, output_), started_->event);
      finished = true;
    }
    co_await started_->event.Wait();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      io_.Condemn(ExitReason::kStopped, "cancelled");
    }
  }
}

bool OciCall::Over() const noexcept {
  return started_->guest.ended() && !started_->guest.running() && !answer_.running() &&
         !log_.running();
}

bool OciCall::MustEnd() {
  if (stop_) io_.Condemn(ExitReason::kStopped, "stopped");
  if (shared_.clock.Now() >= due_) io_.Condemn(ExitReason::kStopped, "deadline");
  io_.CheckClient();
  if (cpu_.Due(shared_.clock.Now())) {
    // Kept: a runtime whose guest is killed while it starts removes the group, and then nobody
    // knows.
    if (auto usage = bundle_.usage()) after_ = *usage;
    if (cpu_.Saw(shared_.clock.Now(), after_.cpu - before_.cpu)) {
      io_.Condemn(ExitReason::kLimit, "cpu_time");
    }
  }
  return io_.fate().has_value();
}

Awaitable<void> OciCall::Join() {
  for (Helper* helper : {&feed_, &answer_, &log_, &tick_}) helper->Cancel();
  while (feed_.running() || answer_.running() || log_.running() || tick_.running()) {
    co_await started_->event.Wait();
  }
}

// ---- helpers -----------------------------------------------------------------------------------

Awaitable<void> OciCall::Feed() {
  std::array<std::byte, kChunk> part;
  if (!opening_.empty() && !co_await WriteInput(AsBytes(opening_))) co_return;
  while (true) {
    const auto got = io_.Read(part);
    if (!got) co_return;
    if (*got == 0) {
      if (io_.body_ended()) break;
      co_await io_.WaitReadable();
    } else if (!co_await WriteInput(std::span(part).first(*got))) {
      co_return;
    }
  }
  started_->in.close();
}

// False: the guest reads no more, which is its own affair, or we were cancelled.
Awaitable<bool> OciCall::WriteInput(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(started_->in.native_handle(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      continue;
    }
    if (errno != EAGAIN) co_return false;
    boost::system::error_code failed;
    co_await started_->in.async_wait(Descriptor::wait_write, asio::redirect_error(kAwait, failed));
    if (failed) co_return false;
  }
  co_return true;
}

Awaitable<void> OciCall::Answer() {
  std::array<char, kChunk> part;
  while (true) {
    co_await HandOn(io_, output_);
    if (io_.fate()) co_return;
    const ssize_t got = ::read(started_->out.native_handle(), part.data(), part.size());
    if (got > 0) {
      output_.Write({part.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || errno != EAGAIN) {
      co_return;
    } else {
      boost::system::error_code failed;
      co_await started_->out.async_wait(Descriptor::wait_read,
                                        asio::redirect_error(kAwait, failed));
      if (failed) co_return;
    }
  }
}

Awaitable<void> OciCall::Tick() {
  boost::system::error_code failed;
  while (!failed) {
    timer_.expires_after(shared_.config.tick);
    co_await timer_.async_wait(asio::redirect_error(kAwait, failed));
    started_->event.Wake();
  }
}

// ---- the end -----------------------------------------------------------------------------------

Result<Exit> OciCall::Finish() {
  auto exit =
      started_->guest.TakeExit(io_.fate().has_value(), after_.oom_kills > before_.oom_kills);
  if (!exit) return exit;
  exit->usage = {.cpu = after_.cpu - before_.cpu,
                 .wall = shared_.clock.Now() - start_,
                 .memory_peak = after_.memory_peak,
                 .bytes_in = io_.bytes_in(),
                 .bytes_out = io_.bytes_out()};
  exit->warm = warm_;
  return exit;
}

}  // namespace strata::sandbox::oci
