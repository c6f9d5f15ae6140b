#include "gateway/front_role.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/endpoints.h"
#include "gateway/hop.h"

namespace strata::gateway {
namespace {

class NoEngine final : public sandbox::Driver {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "none"; }
  Result<void> Probe() override { return Refusal(); }
  Result<std::shared_ptr<sandbox::Image>> Prepare(Fd) override { return Refusal(); }

 private:
  static std::unexpected<Error> Refusal() {
    return Fail(Errc::kUnsupported, "a front runs no native code");
  }
};

class FrontRole final : public cell::ServingRole {
 public:
  [[nodiscard]] cell::Role role() const noexcept override { return cell::Role::kFront; }

  Result<Engine> Begin(Loop& loop, Clock& clock, const cell::Start&) override {
    endpoints_ = std::make_unique<Endpoints>(loop, clock);
    hop_ = std::make_unique<Hop>(loop, clock, *endpoints_);
    return Engine{.driver = &driver_,
                  .key = {},
                  .denials = [] { return std::uint64_t{0}; },
                  .hop = hop_.get()};
  }

  Result<bool> Handle(cell::ToCell& message, std::vector<Fd>& fds) override {
    if (const auto* add = std::get_if<cell::AddEndpoint>(&message)) {
      if (fds.size() != 1) {
        return Fail(Errc::kInvalidArgument, "add_endpoint: takes one descriptor");
      }
      endpoints_->Add(add->tenant, add->cell, std::move(fds.front()));
      return true;
    }
    if (const auto* remove = std::get_if<cell::RemoveEndpoint>(&message)) {
      endpoints_->Remove(remove->cell);
      return true;
    }
    if (std::holds_alternative<cell::ServeFront>(message)) {
      return Fail(Errc::kInvalidArgument, "serve_front: this is a front itself");
    }
    return false;
  }

  [[nodiscard]] std::vector<std::string> endpoints() const override {
    return endpoints_ ? endpoints_->cells() : std::vector<std::string>();
  }

 private:
  NoEngine driver_;
  std::unique_ptr<Endpoints> endpoints_;
  std::unique_ptr<Hop> hop_;
};

}  // namespace

int RunFrontRole(const cell::ServingOptions& options) {
  FrontRole role;
  return cell::RunServing(options, role);
}

}  // namespace strata::gateway
