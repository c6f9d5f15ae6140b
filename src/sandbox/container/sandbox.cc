#include "sandbox/container/sandbox.h"

#include <algorithm>
#include <utility>

namespace strata::sandbox::container {

using model::ExitReason;

ContainerSandbox::ContainerSandbox(std::shared_ptr<Shared> shared, OwnedBundle bundle,
                                   const Spec& spec)
    : shared_(std::move(shared)), bundle_(std::move(bundle)), spec_(spec) {
  ++shared_->metrics.sandboxes;
  ++shared_->metrics.sandboxes_live;
}

ContainerSandbox::~ContainerSandbox() { --shared_->metrics.sandboxes_live; }

Task<model::Exit> ContainerSandbox::Invoke(Call& call) {
  if (running_ != nullptr || over_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (over_ ? " has ended" : " is running a call"));
  }
  ContainerCall running(*shared_, *bundle_, spec_, call);
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  Settle(exit);
  co_return exit;
}

Task<Sandbox::TypedResult> ContainerSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                          TimePoint) {
  co_return Fail(Errc::kUnsupported, "a container has no typed exports");
}

void ContainerSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
}

void ContainerSandbox::Settle(const Result<model::Exit>& exit) {
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

}  // namespace strata::sandbox::container
