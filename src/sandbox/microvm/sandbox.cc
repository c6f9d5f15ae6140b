#include "sandbox/microvm/sandbox.h"

#include <algorithm>
#include <utility>

namespace strata::sandbox::microvm {

using model::ExitReason;

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
  Metrics& metrics = shared_->metrics;
  if (!exit) {
    over_ = true;
    ++metrics.failed;
    return;
  }
  switch (exit->reason) {
    case ExitReason::kReturned:
      ++metrics.returned;
      break;
    case ExitReason::kLimit:
      ++metrics.limits;
      break;
    case ExitReason::kViolation:
      ++metrics.violations;
      break;
    case ExitReason::kStopped:
      ++metrics.stopped;
      break;
  }
  if (exit->reason != ExitReason::kReturned) over_ = true;
  total_.cpu += exit->usage.cpu;
  total_.wall += exit->usage.wall;
  total_.memory_peak = std::max(total_.memory_peak, exit->usage.memory_peak);
  total_.bytes_in.count += exit->usage.bytes_in.count;
  total_.bytes_out.count += exit->usage.bytes_out.count;
}

}  // namespace strata::sandbox::microvm
