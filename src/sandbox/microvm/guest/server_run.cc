#include "sandbox/microvm/guest/server_run.h"

#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "host/process/process.h"
#include "sandbox/microvm/machine/snapshot.h"

namespace strata::sandbox::microvm {

using model::Exit;
using model::ExitReason;

MicrovmServer::MicrovmServer(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                             const Spec& spec)
    : shared_(std::move(shared)),
      image_(std::move(image)),
      spec_(spec),
      lines_(spec.effects.logs, Stream::kStdout),
      errors_(spec.effects.logs, Stream::kStderr),
      event_(shared_->loop),
      timer_(shared_->loop.get_executor()) {}

void MicrovmServer::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

// A cancelled wait is a Stop: the machine has to be ended and the reader joined.
Task<Exit> MicrovmServer::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const TimePoint begun = shared_->clock.Now();
  auto exit = co_await Supervise();
  if (exit && machine_) {
    if (const auto used = machine_->usage()) {
      exit->usage.cpu = used->cpu;
      exit->usage.memory_peak = used->memory_peak;
    }
  }
  if (exit) exit->usage.wall = shared_->clock.Now() - begun;
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return exit;
}

Task<Exit> MicrovmServer::Supervise() {
  auto machine = co_await image_->Start(spec_, outlet_);
  if (!machine) co_return std::unexpected(std::move(machine).error());
  machine_ = std::move(*machine);
  if (!image_->serves()) {
    machine_->Post(FrameType::kStart, WriteProgram(image_->MakeProgram(spec_, {})), kMain);
    machine_->Post(FrameType::kInputEnd, {}, kMain);
  }
  reader_.Start(shared_->loop, Read(), event_);
  while (reader_.running()) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) stop_ = true;
    if (stop_ && !std::exchange(stopping_, true)) {
      timer_.expires_after(spec_.stop_grace);
      timer_.async_wait([machine = machine_](boost::system::error_code ended) {
        if (!ended) machine->Kill();
      });
    }
    // Who saves or pauses it meanwhile wakes us when that is over.
    if (stopping_ && !busy_ && !std::exchange(asked_, true)) {
      if (paused_) static_cast<void>(co_await SetPaused(false));  // what stands still cannot finish
      machine_->Post(FrameType::kTerminate, {}, kMain);
    }
    co_await event_.Wait();
  }
  timer_.cancel();
  machine_->Kill();
  for (const auto& [number, program] : beside_) program->Break();
  while (busy_) co_await event_.Wait();  // whoever tells QEMU something hears that it is gone
  co_return Finish();
}

Awaitable<void> MicrovmServer::Read() {
  while (true) {
    auto frame = co_await machine_->Receive();
    if (!frame) {
      outcome_.emplace(std::unexpected(std::move(frame).error()));
      co_return;
    }
    if (frame->program == kMain) {
      if (TakeMain(*frame)) co_return;
      continue;
    }
    if (frame->type == FrameType::kAsleep) {
      asleep_ = true;
      event_.Wake();
      continue;
    }
    const auto found = beside_.find(frame->program);
    if (found != beside_.end() && found->second->Take(std::move(*frame))) beside_.erase(found);
  }
}

// True: it was the last.
bool MicrovmServer::TakeMain(const Frame& frame) {
  switch (frame.type) {
    case FrameType::kOutput:
    case FrameType::kError:
      (frame.type == FrameType::kOutput ? lines_ : errors_).Write(frame.payload);
      machine_->Post(FrameType::kOutputTaken,
                     WriteCount(static_cast<std::uint32_t>(frame.payload.size())), kMain);
      return false;
    case FrameType::kExit:
      outcome_.emplace(ReadOutcome(frame.payload));
      return true;
    case FrameType::kFailed:
      outcome_.emplace(Fail(Errc::kInternal, "agent: " + frame.payload));
      return true;
    default:
      outcome_.emplace(Fail(Errc::kInvalidArgument, "agent: a frame that does not come here"));
      return true;
  }
}

std::shared_ptr<SideProgram> MicrovmServer::Start(sandbox::Program program) {
  // Of those that were given up the agent may never tell the end.
  std::erase_if(beside_, [](const auto& each) { return each.second->over(); });
  const std::uint32_t number = next_++;
  machine_->Post(FrameType::kStart, WriteProgram(image_->MakeSideProgram(spec_, program)), number);
  auto side = std::make_shared<SideProgram>(shared_, machine_, number, std::move(program));
  beside_.emplace(number, side);
  side->Begin();
  return side;
}

Result<void> MicrovmServer::CheckFree() const {
  if (!busy_) return {};
  return Fail(Errc::kFailedPrecondition,
              "sandbox " + spec_.id + " is being saved, paused or resumed; try again");
}

Task<void> MicrovmServer::SetPaused(bool paused) {
  if (auto free = CheckFree(); !free) co_return free;
  busy_ = true;
  auto done = co_await machine_->Execute(paused ? "stop" : "cont");
  busy_ = false;
  event_.Wake();
  if (!done) co_return std::unexpected(std::move(done).error());
  paused_ = paused;
  // Its clock stood still, too.
  if (!paused) machine_->Post(FrameType::kWake, WriteWake(WakeAt(shared_->clock, spec_.id)));
  co_return Result<void>{};
}

Task<Fd> MicrovmServer::Save() {
  if (auto free = CheckFree(); !free) co_return std::unexpected(free.error());
  if (paused_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + " is paused; resume it first");
  }
  busy_ = true;
  asleep_ = false;  // whatever the guest's agent said before
  machine_->Hold(FrameType::kSleep);
  auto saved = co_await SaveAsleep();
  machine_->Release(FrameType::kWake, WriteWake(WakeAt(shared_->clock, spec_.id)));
  asleep_ = false;
  busy_ = false;
  event_.Wake();
  co_return saved;
}

Task<Fd> MicrovmServer::SaveAsleep() {
  Timer pause(shared_->loop.get_executor());
  const TimePoint patience = shared_->clock.Now() + shared_->config.restore_patience;
  while (!asleep_ && reader_.running() && shared_->clock.Now() < patience) {
    pause.expires_after(shared_->config.tick);
    co_await pause.async_wait(kAwait);
  }
  if (!asleep_) co_return Fail(Errc::kUnavailable, "sandbox " + spec_.id + ": its agent is gone");
  co_return co_await SaveRunning(*shared_, *machine_);
}

Result<Exit> MicrovmServer::Finish() {
  if (stopping_) {
    return Exit{.reason = ExitReason::kStopped, .status = 0, .detail = "stopped", .usage = {}};
  }
  Exit exit;
  if (!outcome_->has_value()) {
    const Errc code = outcome_->error().code;
    if (code == Errc::kInternal) return std::unexpected(outcome_->error());
    exit.reason = ExitReason::kViolation;
    exit.detail =
        code == Errc::kInvalidArgument ? "the guest's agent was changed" : "the machine ended";
  } else if ((*outcome_)->out_of_memory) {
    exit.reason = ExitReason::kLimit;
    exit.detail = "memory";
  } else if ((*outcome_)->signaled) {
    exit.reason = ExitReason::kViolation;
    exit.detail =
        host::ExitStatus{host::ExitStatus::Kind::kSignaled, (*outcome_)->status}.ToString();
  } else {
    exit.status = (*outcome_)->status;
  }
  return exit;
}

}  // namespace strata::sandbox::microvm
