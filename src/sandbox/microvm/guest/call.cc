#include "sandbox/microvm/guest/call.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text/byte_view.h"

namespace strata::sandbox::microvm {

using model::Exit;
using model::ExitReason;

namespace {

constexpr std::size_t kChunk = 16 * 1024;

}  // namespace

MicrovmCall::MicrovmCall(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                         std::shared_ptr<Machine>& machine, std::unique_ptr<egress::Outlet>& outlet,
                         const Spec& spec, Call& call, Waited waited)
    : shared_(std::move(shared)),
      image_(std::move(image)),
      machine_(machine),
      outlet_(outlet),
      spec_(spec),
      call_(call),
      waited_(waited),
      io_(call, spec.limits),
      errors_(spec.effects.logs, Stream::kStderr),
      event_(shared_->loop),
      credited_(shared_->loop),
      timer_(shared_->loop.get_executor()),
      cpu_(shared_->clock.Now(), spec.limits.cpu_time) {}

void MicrovmCall::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

// Cancellation of the awaiting coroutine is taken as a reason to end, not thrown: the machine has
// to be ended and the helpers joined, and those are waits too.
Task<Exit> MicrovmCall::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  ++shared_->metrics.calls;
  start_ = shared_->clock.Now();
  due_ = std::min(call_.deadline, start_ + spec_.limits.timeout);
  auto exit = co_await Supervise();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return exit;
}

Task<Exit> MicrovmCall::Supervise() {
  if (machine_) {
    if (auto usage = machine_->usage()) before_ = *usage;
  }
  converse_.Start(shared_->loop, Converse(), event_);
  tick_.Start(shared_->loop, Tick(), event_);
  while (!MustEnd() && converse_.running()) {
    co_await event_.Wait();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      io_.Condemn(ExitReason::kStopped, "cancelled");
    }
  }
  const std::optional<Fate> fate = io_.fate();  // before helpers that we cancel add theirs
  if (fate && machine_) machine_->Kill();
  for (Helper* helper : {&converse_, &feed_, &tick_}) helper->Cancel();
  while (converse_.running() || feed_.running() || tick_.running()) {
    credited_.Wake();
    co_await event_.Wait();
  }
  if (machine_) {
    if (auto usage = machine_->usage()) after_ = *usage;
  }
  auto exit = Finish();
  if (exit && fate) {
    exit->reason = fate->reason;
    exit->detail = fate->detail;
    exit->status = 0;
  }
  co_return exit;
}

bool MicrovmCall::MustEnd() {
  if (stop_) io_.Condemn(ExitReason::kStopped, "stopped");
  if (shared_->clock.Now() >= due_) io_.Condemn(ExitReason::kStopped, "deadline");
  io_.CheckClient();
  if (machine_ && cpu_.Due(shared_->clock.Now())) {
    const auto usage = machine_->usage();
    if (usage && cpu_.Saw(shared_->clock.Now(), usage->cpu - before_.cpu)) {
      io_.Condemn(ExitReason::kLimit, "cpu_time");
    }
  }
  return io_.fate().has_value();
}

Awaitable<void> MicrovmCall::Tick() {
  boost::system::error_code failed;
  while (!failed) {
    timer_.expires_after(shared_->config.tick);
    co_await timer_.async_wait(asio::redirect_error(kAwait, failed));
    event_.Wake();
  }
}

// One that has waited gets the time and randomness of now: its clock is not kept by anybody.
Task<void> MicrovmCall::MakeReady() {
  if (!machine_) {
    auto machine = co_await image_->Start(spec_, outlet_);
    if (!machine) co_return std::unexpected(std::move(machine).error());
    machine_ = std::move(*machine);
  } else if (waited_ == Waited::kYes) {
    machine_->Post(FrameType::kWake, WriteWake(WakeAt(shared_->clock, spec_.id)));
    auto awake = co_await machine_->Expect(FrameType::kAwake, shared_->config.restore_patience);
    if (!awake) co_return Wrap(std::move(awake).error(), "wake");
  }
  co_return Result<void>{};
}

Awaitable<void> MicrovmCall::Converse() {
  if (auto ready = co_await MakeReady(); !ready) {
    outcome_.emplace(std::unexpected(std::move(ready).error()));
    co_return;
  }
  if (io_.fate()) co_return;  // condemned while it was being restored
  outcome_.emplace(co_await RunProgram());
  if (!*outcome_ || io_.fate()) co_return;
  output_.Finish((*outcome_)->signaled || (*outcome_)->status != 0 ? 1 : 0);
  co_await HandOn(io_, output_);
}

Task<Outcome> MicrovmCall::RunProgram() {
  machine_->Post(FrameType::kStart, WriteProgram(image_->MakeProgram(spec_, CgiVariables(call_))),
                 kMain);
  feed_.Start(shared_->loop, Feed(), event_);
  while (true) {
    auto frame = co_await machine_->Receive();
    if (!frame) co_return std::unexpected(std::move(frame).error());
    switch (frame->type) {
      case FrameType::kOutput:
        if (!co_await TakeOutput(frame->payload)) co_return Outcome{};
        machine_->Post(FrameType::kOutputTaken,
                       WriteCount(static_cast<std::uint32_t>(frame->payload.size())), kMain);
        break;
      case FrameType::kError:
        errors_.Write(frame->payload);
        machine_->Post(FrameType::kOutputTaken,
                       WriteCount(static_cast<std::uint32_t>(frame->payload.size())), kMain);
        break;
      case FrameType::kInputTaken: {
        const auto count = ReadCount(frame->payload);
        if (!count) co_return std::unexpected(count.error());
        credit_ = std::min(credit_ + *count, kWindow);
        credited_.Wake();
        break;
      }
      case FrameType::kExit:
        co_return ReadOutcome(frame->payload);
      case FrameType::kFailed:
        co_return Fail(Errc::kInternal, "agent: " + frame->payload);
      default:
        co_return Fail(Errc::kInvalidArgument, "agent: a frame that does not come here");
    }
  }
}

// False: the call is condemned.
Awaitable<bool> MicrovmCall::TakeOutput(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, output_.room());
    output_.Write(part);
    bytes.remove_prefix(part.size());
    co_await HandOn(io_, output_);
    if (io_.fate()) co_return false;
  }
  co_return true;
}

Awaitable<void> MicrovmCall::Feed() {
  std::array<std::byte, kChunk> part;
  while (converse_.running()) {
    if (credit_ == 0) {
      co_await credited_.Wait();
      continue;
    }
    const auto got = io_.Read(std::span(part).first(std::min(part.size(), credit_)));
    if (!got) co_return;
    if (*got > 0) {
      credit_ -= *got;
      machine_->Post(FrameType::kInput, AsText(std::span(part).first(*got)), kMain);
    } else if (io_.body_ended()) {
      machine_->Post(FrameType::kInputEnd, {}, kMain);
      co_return;
    } else {
      co_await io_.WaitReadable();
    }
  }
}

Result<Exit> MicrovmCall::Finish() {
  Exit exit;
  const bool host_memory = after_.oom_kills > before_.oom_kills;
  if (!outcome_ || !outcome_->has_value()) {
    const bool machine_died = outcome_ && machine_ && outcome_->error().code == Errc::kUnavailable;
    const bool nonsense = outcome_ && outcome_->error().code == Errc::kInvalidArgument;
    if (!io_.fate() && !host_memory && !machine_died && !nonsense) {
      return std::unexpected(std::move(*outcome_).error());
    }
    exit.reason = ExitReason::kViolation;
    exit.detail = nonsense ? "the guest's agent was changed" : "the machine ended";
  } else if ((*outcome_)->signaled) {
    exit.reason = ExitReason::kViolation;
    exit.detail =
        host::ExitStatus{host::ExitStatus::Kind::kSignaled, (*outcome_)->status}.ToString();
  } else {
    exit.status = (*outcome_)->status;
  }
  const bool well = exit.reason == ExitReason::kReturned && exit.status == 0;
  const bool guest_memory = outcome_ && *outcome_ && (*outcome_)->out_of_memory;
  if ((host_memory || guest_memory) && !well) {
    exit = {.reason = ExitReason::kLimit, .status = 0, .detail = "memory", .usage = {}};
  }
  // Of the whole machine: its call holds all of it. Kernels before 5.19 do not tell that peak; then
  // the guest's word is taken for its part.
  const Bytes program = outcome_ && *outcome_ ? Bytes{(*outcome_)->memory_peak} : Bytes{};
  const bool told = after_.memory_peak > Bytes{};
  exit.usage = {.cpu = after_.cpu - before_.cpu,
                .wall = shared_->clock.Now() - start_,
                .memory_peak = told ? after_.memory_peak : std::max(program, after_.memory),
                .bytes_in = io_.bytes_in(),
                .bytes_out = io_.bytes_out()};
  return exit;
}

}  // namespace strata::sandbox::microvm
