#include "kube/controller/supported.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace strata::kube::controller {
namespace {

std::unexpected<Error> NotYet(std::string_view field, std::string_view why) {
  return Fail(Errc::kUnsupported, std::string(field) + ": " + std::string(why));
}

Result<void> CheckWorkload(const model::Workload& workload) {
  if (!workload.variants.empty()) {
    return NotYet("spec.variants", "on a cluster there is one artifact, an image");
  }
  if (!workload.grants.http.empty()) {
    return NotYet("spec.grants.http", "a NetworkPolicy knows addresses and no names");
  }
  for (std::size_t i = 0; i < workload.volumes.size(); ++i) {
    if (workload.volumes[i].tmpfs) continue;
    return NotYet("spec.volumes[" + std::to_string(i) + "]", "on a cluster there are tmpfs only");
  }
  return {};
}

Result<void> CheckService(const model::ServiceSpec& service) {
  if (service.scale) {
    return NotYet("spec.scale", "on a cluster a Service has a fixed number of 'replicas'");
  }
  if (service.restart != model::Restart::kAlways) {
    return NotYet("spec.restart", "a Deployment always starts its pods again");
  }
  return {};
}

// The shim serves a component without bounds of its own for a call.
Result<void> CheckFunction(const model::FunctionSpec& function) {
  if (function.scale != model::Scale()) {
    return NotYet("spec.scale", "on a cluster a Function has one pod, which answers 100 calls");
  }
  const model::GuestKind guest = function.workload.guest;
  if (guest != model::GuestKind::kAuto && guest != model::GuestKind::kHttp) {
    return NotYet("spec.guest", "in a pod only components that answer HTTP are asked");
  }
  const model::Limits usual;
  const model::Limits& asked = function.workload.limits;
  const std::array others = {
      std::pair("table_elements", asked.table_elements != usual.table_elements),
      std::pair("cpu_time_ms", asked.cpu_time != usual.cpu_time),
      std::pair("timeout_ms", asked.timeout != usual.timeout),
      std::pair("concurrency", asked.concurrency != usual.concurrency),
      std::pair("request_kib", asked.request != usual.request),
      std::pair("response_kib", asked.response != usual.response),
      std::pair("host_calls", asked.host_calls != usual.host_calls)};
  for (const auto& [name, said] : others) {
    if (said) return NotYet("spec.limits." + std::string(name), "in a pod a call is not bounded");
  }
  return {};
}

}  // namespace

Result<void> CheckSupported(const model::Resource& resource) {
  if (const model::Workload* workload = resource.workload()) {
    if (auto supported = CheckWorkload(*workload); !supported) return supported;
  }
  if (const auto* service = std::get_if<model::ServiceSpec>(&resource.spec)) {
    return CheckService(*service);
  }
  if (const auto* function = std::get_if<model::FunctionSpec>(&resource.spec)) {
    return CheckFunction(*function);
  }
  return NotYet("kind", "on a cluster nobody acts on Routes");
}

}  // namespace strata::kube::controller
