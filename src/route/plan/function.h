// route/plan/function.h - one deployed function while it is served: what it is, its image once
// somebody called it, its calls in flight, and (for a Service) its long-lived sandboxes.
//
// Threads: one loop. Lifetime: shared by the configurations (Plan) that have it and by the calls
// that run on it; a configuration that leaves it unchanged keeps it, and with it the loaded image
// and the Service's sandboxes. Errors: the driver's, as each says. Tested by request_path_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/values.h"
#include "route/instances.h"
#include "route/ports.h"

namespace strata::route {

// Sandboxes of one Service in one process: enough to overlap waiting, few enough to share state.
inline constexpr std::uint32_t kServiceSandboxes = 4;

// What a function is. Two configurations with an equal spec mean the same running function.
struct FunctionSpec {
  std::string tenant;
  std::string name;
  std::string sandbox_class;  // for spans; what it means is the image's business
  std::uint32_t revision = 0;
  std::string
      target;  // which of its forms (model/traffic/target.h); empty: the one that it is placed in
  std::string module;    // key for ImageSource; empty: it does not run in this process
  bool service = false;  // one sandbox serves many calls
  model::Priority priority = model::Priority::kNormal;
  model::Limits limits;
  model::Env env;
  model::Grants grants;

  // A cell of its tenant runs it, and Ports::hop leads there.
  [[nodiscard]] bool elsewhere() const noexcept { return module.empty(); }

  friend bool operator==(const FunctionSpec&, const FunctionSpec&) = default;
};

class Function {
 public:
  Function(FunctionSpec spec, const Ports& ports);
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function();

  [[nodiscard]] const FunctionSpec& spec() const noexcept { return *spec_; }
  // For who has to know what it was when it is gone.
  [[nodiscard]] std::shared_ptr<const FunctionSpec> shared_spec() const noexcept { return spec_; }
  [[nodiscard]] const std::shared_ptr<const model::Grants>& grants() const noexcept {
    return grants_;
  }

  // Where it stands in the newest configuration that has it.
  [[nodiscard]] FunctionId id() const noexcept { return id_; }
  void MoveTo(FunctionId id) noexcept { id_ = id; }

  // Loads the image unless it is there; the first call does. Fails as ImageSource::Load does.
  Result<void> Load();
  [[nodiscard]] const std::shared_ptr<sandbox::Image>& image() const noexcept { return image_; }

  // Gives `instance` a sandbox with exactly `grants`, a subset of ours. Fails as Load and
  // Image::Create do.
  Result<void> Create(Instance& instance, const std::shared_ptr<const model::Grants>& grants);

  // The sandboxes of a Service. Not for a Function, whose calls each have their own.
  [[nodiscard]] InstanceSet& service() noexcept { return service_; }

  // Calls in flight, bounded by spec().limits.concurrency; false: the bound is reached.
  [[nodiscard]] bool Enter() noexcept {
    if (in_flight_ >= spec_->limits.concurrency) return false;
    ++in_flight_;
    return true;
  }
  // The same for a copy of a request: half of what calls can run on at once is left to calls.
  [[nodiscard]] bool EnterCopy() noexcept;
  void Leave() noexcept { --in_flight_; }

 private:
  class OwnConnector;

  const std::shared_ptr<const FunctionSpec> spec_;
  const Ports& ports_;
  FunctionId id_;
  std::shared_ptr<const model::Grants> grants_;
  std::shared_ptr<sandbox::Image> image_;
  std::unique_ptr<OwnConnector> connector_;
  sandbox::Spec template_;  // of every sandbox; only the id and the log sink differ
  std::uint32_t in_flight_ = 0;
  InstanceSet service_;
};

}  // namespace strata::route
