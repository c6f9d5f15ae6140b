#include "kube/shim/task/appkernel.h"

#include <functional>
#include <utility>

#include "sandbox/appkernel/driver.h"
#include "sandbox/oci/config.h"

namespace strata::kube::shim {
namespace {

// Where the sandbox that tries it has its files, and above its control group.
constexpr const char* kState = "/run/strata/appkernel";
constexpr const char* kGroups = "strata-appkernel";

Result<AppkernelRuntime> FindRuntimeThatWorks() {
  sandbox::oci::Config config;
  config.state_root = kState;
  config.cgroup_parent = kGroups;
  auto chosen = sandbox::appkernel::ChooseRuntime(std::move(config));
  if (!chosen) return std::unexpected(std::move(chosen).error());
  chosen->runtime_arguments.emplace_back("--network=host");  // the last one counts
  auto runtime = sandbox::oci::Runtime::Load(*chosen);
  if (!runtime) return std::unexpected(std::move(runtime).error());
  return AppkernelRuntime{.runtime = std::move(*runtime), .least_memory = chosen->min_memory};
}

}  // namespace

Task<const AppkernelRuntime*> Appkernel::Find() {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (found_) co_return &*found_;
  if (!worker_) {
    auto worker = sandbox::Worker::Start();
    if (!worker) co_return std::unexpected(std::move(worker).error());
    worker_ = std::move(*worker);
  }
  std::move_only_function<Result<AppkernelRuntime>()> find = FindRuntimeThatWorks;
  auto found = co_await worker_->Run(std::move(find));
  if (!found) co_return std::unexpected(std::move(found).error());
  found_.emplace(std::move(*found));
  co_return &*found_;
}

Json ForAppkernel(Json config, const std::string& hostname) {
  config.erase("annotations");
  if (!hostname.empty()) config["hostname"] = hostname;
  return config;
}

}  // namespace strata::kube::shim
