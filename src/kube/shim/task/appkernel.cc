#include "kube/shim/task/appkernel.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "kube/shim/config_json.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/oci/config.h"

namespace strata::kube::shim {
namespace {

// Where the sandbox that tries it has its files, and above its control group.
constexpr const char* kState = "/run/strata/appkernel";
constexpr const char* kGroups = "strata-appkernel";

// containerd's, of a container that asks for none (pkg/oci/spec.go).
constexpr std::array<std::string_view, 14> kUsualCapabilities = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",      "CAP_FOWNER",          "CAP_MKNOD",
    "CAP_NET_RAW", "CAP_SETGID",       "CAP_SETUID",      "CAP_SETFCAP",         "CAP_SETPCAP",
    "CAP_KILL",    "CAP_SYS_CHROOT",   "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"};

// The list `key` of `object`; null: there is none.
Json* ListOf(Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at != object.end() && at->is_array() ? &*at : nullptr;
}

void ForgetProcessIds(Json& config) {
  const auto linux = config.find("linux");
  Json* const namespaces = linux == config.end() ? nullptr : ListOf(*linux, "namespaces");
  if (namespaces == nullptr) return;
  for (Json& each : *namespaces) {
    if (each.is_object() && TextOf(each, "type") == "pid") each.erase("path");
  }
}

// What runsc does not know it leaves out, and the mount would be writable. Its "ro" goes for all
// that is mounted below, too.
void SayReadOnly(Json& config) {
  Json* const mounts = ListOf(config, "mounts");
  if (mounts == nullptr) return;
  for (Json& mount : *mounts) {
    Json* const options = ListOf(mount, "options");
    if (options != nullptr) std::ranges::replace(*options, Json("rro"), Json("ro"));
  }
}

Result<AppkernelRuntime> FindRuntimeThatWorks() {
  sandbox::oci::Config config;
  config.state_root = kState;
  config.cgroup_parent = kGroups;
  auto chosen = sandbox::appkernel::ChooseRuntime(std::move(config));
  if (!chosen) return std::unexpected(std::move(chosen).error());
  chosen->runtime_arguments.emplace_back("--network=host");  // the last one counts
  auto runtime = sandbox::oci::Runtime::Load(*chosen);
  if (!runtime) return std::unexpected(std::move(runtime).error());
  return AppkernelRuntime{.runtime = std::move(*runtime), .least_memory = chosen->memory.least};
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

Result<void> CheckCapabilities(const Json& config) {
  const Json* process = MemberOf(config, "process");
  const Json* sets = process == nullptr ? nullptr : MemberOf(*process, "capabilities");
  if (sets == nullptr) return {};
  for (const auto& [name, set] : sets->items()) {
    for (const Json& each : set) {
      const auto is_each = [&each](std::string_view usual) { return each == usual; };
      if (std::ranges::any_of(kUsualCapabilities, is_each)) continue;
      return Fail(Errc::kUnsupported,
                  "class appkernel: its kernel would have " + each.dump() +
                      " on the host: ask for no privileges, or for class container");
    }
  }
  return {};
}

Json ForAppkernel(Json config, const std::string& hostname) {
  config.erase("annotations");
  if (!hostname.empty()) config["hostname"] = hostname;
  ForgetProcessIds(config);
  SayReadOnly(config);
  return config;
}

}  // namespace strata::kube::shim
