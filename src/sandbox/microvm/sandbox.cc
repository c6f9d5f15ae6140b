#include "sandbox/microvm/sandbox.h"

#include <string>
#include <utility>

#include "sandbox/agent_dial.h"
#include "sandbox/microvm/machine/snapshot.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::microvm {

MicrovmSandbox::MicrovmSandbox(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                               const Spec& spec)
    : shared_(std::move(shared)), image_(std::move(image)), spec_(spec) {
  ++shared_->metrics.sandboxes;
  ++shared_->metrics.sandboxes_live;
}

MicrovmSandbox::~MicrovmSandbox() { --shared_->metrics.sandboxes_live; }

Result<void> MicrovmSandbox::CheckFree() const {
  if (running_ == nullptr && serving_ == nullptr && !warming_ && !over_) return {};
  return Fail(Errc::kFailedPrecondition,
              "sandbox " + spec_.id + (over_ ? " has ended" : " is running already"));
}

Task<Bytes> MicrovmSandbox::Warm() {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  if (image_->serves()) co_return Fail(Errc::kUnsupported, "a snapshot of a server takes no calls");
  if (auto can = CheckWaiting(spec_.grants); !can) co_return std::unexpected(can.error());
  warming_ = true;
  auto machine = co_await image_->Start(spec_, outlet_);
  warming_ = false;
  if (!machine) co_return std::unexpected(std::move(machine).error());
  machine_ = std::move(*machine);
  waits_ = true;
  const auto used = machine_->usage();
  co_return used ? used->memory : Bytes{};
}

Task<model::Exit> MicrovmSandbox::Invoke(Call& call) {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  if (image_->serves()) co_return Fail(Errc::kUnsupported, "a snapshot of a server takes no calls");
  // One that ended while it waited costs its call a restore.
  if (waits_ && machine_->ended()) machine_.reset();
  if (!machine_) outlet_.reset();
  const bool waited = std::exchange(waits_, false) && machine_;
  MicrovmCall running(shared_, image_, machine_, outlet_, spec_, call,
                      waited ? MicrovmCall::Waited::kYes : MicrovmCall::Waited::kNo);
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  if (exit) exit->warm = waited;
  Settle(exit);
  if (over_) machine_.reset();
  if (over_) outlet_.reset();
  co_return exit;
}

Task<Sandbox::TypedResult> MicrovmSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                        TimePoint) {
  co_return Fail(Errc::kUnsupported, "a microVM has no typed exports");
}

void MicrovmSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
  if (serving_ != nullptr) serving_->Stop();
}

Task<model::Exit> MicrovmSandbox::Serve() {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  if (waits_) co_return Fail(Errc::kFailedPrecondition, "it waits for a call");
  MicrovmServer serving(shared_, image_, spec_);
  serving_ = &serving;
  auto exit = co_await serving.Run();
  serving_ = nullptr;
  over_ = true;
  if (exit) total_ += exit->usage;
  co_return exit;
}

Result<void> MicrovmSandbox::CheckEntered() const {
  if (serving_ != nullptr && serving_->entered()) return {};
  return Fail(Errc::kUnavailable, "sandbox " + spec_.id + ": its server is not running");
}

Task<Fd> MicrovmSandbox::Dial(std::uint16_t port) {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  auto dial = MakeAgentDial(port);
  if (!dial) co_return std::unexpected(std::move(dial).error());
  const auto program = serving_->Start(std::move(dial->program));
  auto connection = co_await AwaitConnected(shared_->loop, std::move(dial->ours), port);
  // An agent that does not say whether it has connected may not tell its program's end either, nor
  // one that has that the connection is over.
  if (connection) {
    program->EndWithInput();
  } else {
    program->End();
  }
  co_return connection;
}

Task<std::shared_ptr<Execution>> MicrovmSandbox::Exec(sandbox::Program program) {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  if (program.args.empty()) co_return Fail(Errc::kInvalidArgument, "no program is named");
  co_return serving_->Start(std::move(program));
}

Task<Load> MicrovmSandbox::Measure() {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  const auto used = serving_->usage();
  if (!used) co_return std::unexpected(used.error());
  co_return Load{.cpu = used->cpu, .memory = used->memory};
}

Task<void> MicrovmSandbox::Pause() {
  if (auto entered = CheckEntered(); !entered) co_return entered;
  if (over_) {  // what stands still cannot finish
    co_return Fail(Errc::kUnavailable, "sandbox " + spec_.id + " is being stopped");
  }
  co_return co_await serving_->SetPaused(true);
}

Task<void> MicrovmSandbox::Resume() {
  if (auto entered = CheckEntered(); !entered) co_return entered;
  co_return co_await serving_->SetPaused(false);
}

Task<std::shared_ptr<Image>> MicrovmSandbox::Snapshot() {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  if (image_->HasDrives(spec_)) {
    co_return Fail(Errc::kUnsupported,
                   "a microVM with a named volume cannot be saved: its copies would write the same "
                   "file system, each with its own idea of it");
  }
  const auto image = image_;  // the sandbox may be gone once the machine has been saved
  auto spec = spec_;
  auto shared = shared_;
  auto origin = co_await image->Booted(spec);
  if (!origin) co_return std::unexpected(std::move(origin).error());
  // It may have ended while the machine for the copies was booted.
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  auto saved = co_await serving_->Save();
  if (!saved) co_return std::unexpected(std::move(saved).error());
  auto snapshot = co_await SnapshotOf(std::move(shared), std::move(*origin), std::move(*saved));
  if (!snapshot) co_return std::unexpected(std::move(snapshot).error());
  co_return std::make_shared<MicrovmImage>(*image, std::move(*snapshot), std::move(spec));
}

void MicrovmSandbox::Settle(const Result<model::Exit>& exit) {
  if (!exit) {
    over_ = true;
    ++shared_->metrics.failed;
    return;
  }
  shared_->metrics.Count(exit->reason);
  if (exit->reason != model::ExitReason::kReturned) over_ = true;
  total_ += exit->usage;
}

}  // namespace strata::sandbox::microvm
