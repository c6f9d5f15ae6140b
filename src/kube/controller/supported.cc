#include "kube/controller/supported.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cell/roles/command_plan.h"
#include "kube/activation.h"
#include "kube/controller/place.h"

namespace strata::kube::controller {
namespace {

constexpr std::size_t kLongestName = 63;  // that a Service of Kubernetes' may have

std::unexpected<Error> NotYet(std::string_view field, std::string_view why) {
  return Fail(Errc::kUnsupported, std::string(field) + ": " + std::string(why));
}

// Who looks at a call to a server: nobody, or an activator.
enum class Calls : std::uint8_t { kUnseen, kActivated };

// Only class wasm looks into a call, in the pod that answers it.
Result<void> CheckNoCallLimits(const model::Limits& asked, Calls calls) {
  const model::Limits usual;
  const bool activated = calls == Calls::kActivated;
  const std::array others = {
      std::pair("table_elements", asked.table_elements != usual.table_elements),
      std::pair("cpu_time_ms", asked.cpu_time != usual.cpu_time),
      std::pair("timeout_ms", !activated && asked.timeout != usual.timeout),
      std::pair("concurrency", !activated && asked.concurrency != usual.concurrency),
      std::pair("request_kib", !activated && asked.request != usual.request),
      std::pair("response_kib", !activated && asked.response != usual.response),
      std::pair("host_calls", asked.host_calls != usual.host_calls)};
  for (const auto& [name, said] : others) {
    if (said)
      return NotYet("spec.limits." + std::string(name),
                    "in the pod of a server a call is not bounded");
  }
  return {};
}

Result<void> CheckWorkload(const model::Workload& workload) {
  if (workload.priority != model::Priority::kNormal) {
    return NotYet("spec.priority", "on a cluster calls have no order");
  }
  if (!workload.variants.empty()) {
    return NotYet("spec.variants", "on a cluster there is one artifact, an image");
  }
  if (!workload.grants.http.empty()) {
    return NotYet("spec.grants.http", "a NetworkPolicy knows addresses and no names");
  }
  std::set<std::string> named;
  for (std::size_t i = 0; i < workload.volumes.size(); ++i) {
    const model::Volume& volume = workload.volumes[i];
    const std::string field = "spec.volumes[" + std::to_string(i) + "]";
    if (volume.host) return NotYet(field + ".host", "it is of one machine");
    if (volume.named && !named.insert(volume.named->volume).second) {
      return NotYet(field + ".named.volume",
                    "it is another volume here, too; mount that one twice");
    }
  }
  return {};
}

// An Ingress knows hosts and paths.
Result<void> CheckMatch(const model::HttpMatch& match, const std::string& field) {
  if (!match.methods.empty()) return NotYet(field + ".methods", "an Ingress does not look at them");
  if (!match.headers.empty()) return NotYet(field + ".headers", "an Ingress does not look at them");
  return {};
}

Result<void> CheckTriggers(const std::vector<model::HttpMatch>& triggers) {
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    const std::string field = "spec.triggers[" + std::to_string(i) + "].http";
    if (auto supported = CheckMatch(triggers[i], field); !supported) return supported;
  }
  return {};
}

Result<void> CheckRoute(const model::RouteSpec& route) {
  if (auto supported = CheckMatch(route.match, "spec"); !supported) return supported;
  std::size_t shares = 0;
  for (std::size_t i = 0; i < route.backends.size(); ++i) {
    const std::string field = "spec.backends[" + std::to_string(i) + "]";
    const model::Backend& backend = route.backends[i];
    if (backend.target != model::Target()) {
      return NotYet(field, "on a cluster there are no revisions and classes to choose from");
    }
    if (backend.weight > 0 && ++shares > 1) {
      return NotYet(field + ".weight", "an Ingress has one backend; give the others weight 0");
    }
  }
  if (route.split) return NotYet("spec.split", "an Ingress has one backend");
  if (route.mirror) return NotYet("spec.mirror", "an Ingress copies no requests");
  return {};
}

// `activated`: its requests go through an activator.
Result<void> CheckService(const model::ServiceSpec& service, bool activated) {
  const Calls calls = activated ? Calls::kActivated : Calls::kUnseen;
  if (auto bounded = CheckNoCallLimits(service.workload.limits, calls); !bounded) return bounded;
  if (service.scale && !activated) {
    const model::Scale& said = *service.scale;
    if (said.concurrency.value_or(*model::kServiceScale.concurrency) !=
        *model::kServiceScale.concurrency) {
      return NotYet("spec.scale.concurrency",
                    "on a cluster nobody bounds how many requests a pod has at once");
    }
    if (said.keep_alive) {
      return NotYet("spec.scale.keep_alive", "a Deployment has all its pods at all times");
    }
  }
  const bool keeps = std::ranges::any_of(service.workload.volumes, [](const model::Volume& volume) {
    return volume.named.has_value();
  });
  if (keeps && service.most() > 1) {
    return NotYet(service.scale ? "spec.scale.max" : "spec.replicas",
                  "on a cluster a named volume is one pod's at a time, so one replica has it");
  }
  if (service.restart != model::Restart::kAlways) {
    return NotYet("spec.restart", "a Deployment always starts its pods again");
  }
  return {};
}

// A volume is written by the group that its pod's containers have; a cell has none.
Result<void> CheckOnlyReads(const model::Workload& workload) {
  for (std::size_t i = 0; i < workload.mounts.size(); ++i) {
    const model::Mount& mount = workload.mounts[i];
    const bool named = std::ranges::any_of(workload.volumes, [&mount](const model::Volume& volume) {
      return volume.named && volume.name == mount.volume;
    });
    if (named && !mount.read_only) {
      return NotYet("spec.mounts[" + std::to_string(i) + "]",
                    "on a cluster a component may read a named volume and not write to it; mount "
                    "it with 'read_only'");
    }
  }
  return {};
}

Result<void> CheckFunction(const model::FunctionSpec& function, bool server) {
  if (function.scale != model::Scale()) {
    return NotYet("spec.scale", server ? "one server has all its calls; make it a Service"
                                       : "on a cluster a Function has one pod");
  }
  if (server) return CheckNoCallLimits(function.workload.limits, Calls::kUnseen);
  if (function.workload.limits.concurrency > cell::kMostRequests) {
    return NotYet(
        "spec.limits.concurrency",
        "a pod answers " + std::to_string(cell::kMostRequests) + " calls at once at most");
  }
  if (auto reads = CheckOnlyReads(function.workload); !reads) return reads;
  const model::GuestKind guest = function.workload.guest;
  if (guest != model::GuestKind::kAuto && guest != model::GuestKind::kHttp) {
    return NotYet("spec.guest", "in a pod only components that answer HTTP are asked");
  }
  return {};
}

}  // namespace

Result<void> CheckSupported(const model::Resource& resource) {
  if (const model::Workload* workload = resource.workload()) {
    if (auto supported = CheckWorkload(*workload); !supported) return supported;
  }
  if (const auto* service = std::get_if<model::ServiceSpec>(&resource.spec)) {
    if (auto supported = CheckTriggers(service->triggers); !supported) return supported;
    const bool activated = FollowsLoad(resource);
    const std::size_t longest = kLongestName - kPodsSuffix.size();
    if (activated && resource.metadata.name.size() > longest) {
      return NotYet("metadata.name", "with spec.scale it has " + std::to_string(longest) +
                                         " characters at most: '" + std::string(kPodsSuffix) +
                                         "' follows it in another name");
    }
    return CheckService(*service, activated);
  }
  if (const auto* function = std::get_if<model::FunctionSpec>(&resource.spec)) {
    if (auto supported = CheckTriggers(function->triggers); !supported) return supported;
    return CheckFunction(*function, IsServer(resource));
  }
  return CheckRoute(std::get<model::RouteSpec>(resource.spec));
}

}  // namespace strata::kube::controller
