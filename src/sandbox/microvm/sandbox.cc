#include "sandbox/microvm/sandbox.h"

#include <utility>

namespace strata::sandbox::microvm {

MicrovmSandbox::MicrovmSandbox(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                               const Spec& spec)
    : shared_(std::move(shared)), image_(std::move(image)), spec_(spec) {
  ++shared_->metrics.sandboxes;
  ++shared_->metrics.sandboxes_live;
}

MicrovmSandbox::~MicrovmSandbox() { --shared_->metrics.sandboxes_live; }

Task<model::Exit> MicrovmSandbox::Invoke(Call& call) {
  if (running_ != nullptr || over_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (over_ ? " has ended" : " is running a call"));
  }
  MicrovmCall running(shared_, image_, machine_, spec_, call);
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  Settle(exit);
  if (over_) machine_.reset();
  co_return exit;
}

Task<Sandbox::TypedResult> MicrovmSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                        TimePoint) {
  co_return Fail(Errc::kUnsupported, "a microVM has no typed exports");
}

void MicrovmSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
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
