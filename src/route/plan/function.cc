#include "route/plan/function.h"

#include <algorithm>
#include <utility>

namespace strata::route {

// Names the function on its way out; the manager's side checks the grant again.
class Function::OwnConnector final : public sandbox::Connector {
 public:
  OwnConnector(const Function& function, Network& network)
      : function_(function), network_(network) {}
  Task<Fd> Connect(std::string_view host, std::uint16_t port) override {
    return network_.Connect(function_.id(), host, port);
  }

 private:
  const Function& function_;
  Network& network_;
};

Function::Function(FunctionSpec spec, const Ports& ports)
    : spec_(std::make_shared<const FunctionSpec>(std::move(spec))),
      ports_(ports),
      grants_(std::make_shared<const model::Grants>(spec_->grants)),
      connector_(std::make_unique<OwnConnector>(*this, ports.network)),
      service_(ports.loop, std::min(spec_->limits.concurrency, kServiceSandboxes)) {
  template_.limits = spec_->limits;
  template_.grants = spec_->grants;
  template_.env = spec_->env;
  template_.effects.connector = connector_.get();
}

Function::~Function() = default;

bool Function::EnterCopy() noexcept {
  const std::uint32_t most = spec_->limits.concurrency;
  const std::uint64_t at_once = spec_->service ? std::min(most, kServiceSandboxes) : most;
  return 2 * std::uint64_t{in_flight_} < at_once && Enter();
}

Result<void> Function::Load() {
  if (image_) return {};
  auto image = ports_.images.Load(spec_->module);
  if (!image) {
    return Wrap(std::move(image).error(), "load " + spec_->tenant + "/" + spec_->name);
  }
  image_ = std::move(*image);
  return {};
}

Result<void> Function::Create(Instance& instance,
                              const std::shared_ptr<const model::Grants>& grants) {
  if (auto loaded = Load(); !loaded) return loaded;
  template_.id = instance.id();
  template_.effects.logs = &instance.log;
  Result<std::unique_ptr<sandbox::Sandbox>> made;
  if (grants == grants_) {
    made = image_->Create(template_);
  } else {
    sandbox::Spec narrowed = template_;
    narrowed.grants = *grants;
    made = image_->Create(narrowed);
  }
  if (!made) return std::unexpected(std::move(made).error());
  instance.sandbox = std::move(*made);
  return {};
}

}  // namespace strata::route
