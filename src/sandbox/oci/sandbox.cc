#include "sandbox/oci/sandbox.h"

#include <utility>

namespace strata::sandbox::oci {

OciSandbox::OciSandbox(std::shared_ptr<Shared> shared, OwnedBundle bundle, const Spec& spec)
    : shared_(std::move(shared)), bundle_(std::move(bundle)), spec_(spec) {
  ++shared_->metrics.sandboxes;
  ++shared_->metrics.sandboxes_live;
}

OciSandbox::~OciSandbox() { --shared_->metrics.sandboxes_live; }

Task<model::Exit> OciSandbox::Invoke(Call& call) {
  if (running_ != nullptr || over_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (over_ ? " has ended" : " is running a call"));
  }
  OciCall running(*shared_, *bundle_, spec_, call);
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  Settle(exit);
  co_return exit;
}

Task<Sandbox::TypedResult> OciSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                    TimePoint) {
  co_return Fail(Errc::kUnsupported, "a container has no typed exports");
}

void OciSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
}

void OciSandbox::Settle(const Result<model::Exit>& exit) {
  if (!exit) {
    over_ = true;
    ++shared_->metrics.failed;
    return;
  }
  shared_->metrics.Count(exit->reason);
  if (exit->reason != model::ExitReason::kReturned) over_ = true;
  total_ += exit->usage;
}

}  // namespace strata::sandbox::oci
