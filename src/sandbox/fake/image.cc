#include "sandbox/fake/image.h"

#include <utility>

#include "sandbox/fake/sandbox.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::fake {

FakeImage::FakeImage(std::shared_ptr<Runtime> runtime, Script script)
    : runtime_(std::move(runtime)), script_(std::move(script)) {
  ++runtime_->metrics.images;
}

Result<std::unique_ptr<Sandbox>> FakeImage::Create(const Spec& spec) {
  if (auto id = CheckId(spec.id); !id) return std::unexpected(std::move(id).error());
  const Config& config = runtime_->config;
  if (spec.limits.memory > config.max_memory ||
      spec.limits.table_elements > config.max_table_elements) {
    return Fail(Errc::kUnsupported, "fake: a limit is above what this driver can enforce");
  }
  if (spec.grants != model::Grants()) {
    return Fail(Errc::kUnsupported, "fake: scripted guests reach nothing, so nothing is granted");
  }
  if (runtime_->metrics.sandboxes_live >= config.max_sandboxes) {
    return Fail(Errc::kResourceExhausted, "fake: all sandbox slots are taken");
  }
  return std::make_unique<FakeSandbox>(
      std::static_pointer_cast<const FakeImage>(shared_from_this()), spec);
}

}  // namespace strata::sandbox::fake
