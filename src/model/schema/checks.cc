#include "model/schema/checks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/artifact_reference.h"
#include "model/rules.h"

namespace strata::model::schema {
namespace {

void CheckTriggers(const Cursor& at, const std::vector<HttpMatch>& triggers) {
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const HttpMatch& a = triggers[i];
      const HttpMatch& b = triggers[j];
      if (a.path.empty() || a.host != b.host || a.path != b.path) continue;
      if (!MethodsOverlap(a.methods, b.methods) || a.headers != b.headers) continue;
      at.Fail("triggers " + std::to_string(j) + " and " + std::to_string(i) +
              " have the same host, path and headers, and a method in common");
    }
  }
}

bool Mounts(const Workload& workload, const Volume& volume) {
  return std::ranges::find(workload.mounts, volume.name, &Mount::volume) != workload.mounts.end();
}

void CheckVolumes(const Cursor& at, const Workload& workload) {
  if (workload.volumes.empty()) return;
  const Cursor volumes = at.At(*at.Find("volumes"));
  std::set<std::string> names;
  for (std::size_t i = 0; i < workload.volumes.size(); ++i) {
    const Volume& volume = workload.volumes[i];
    if (volume.name.empty()) continue;
    if (!names.insert(volume.name).second) {
      volumes.At(i).Fail("two volumes '" + volume.name + "'");
    } else if (!Mounts(workload, volume)) {
      volumes.At(i).Fail("the volume '" + volume.name + "' is mounted nowhere");
    }
  }
}

// Nested places would depend on their order, and hide what lies in the outer one.
void CheckPlace(const Cursor& at, const std::string& place, const std::string& other) {
  if (place == other) {
    at.Fail("two directories at '" + place + "'");
  } else if (place.starts_with(other + "/")) {
    at.Fail("'" + place + "' lies in '" + other + "', where another is mounted");
  } else if (other.starts_with(place + "/")) {
    at.Fail("'" + other + "' lies in '" + place + "', where another is mounted");
  }
}

void CheckMounts(const Cursor& at, const Workload& workload) {
  if (workload.mounts.empty()) return;
  const Cursor mounts = at.At(*at.Find("mounts"));
  std::vector<std::string> places;
  for (const DirGrant& dir : workload.grants.dirs) places.push_back(dir.guest);
  for (std::size_t i = 0; i < workload.mounts.size(); ++i) {
    const Mount& mount = workload.mounts[i];
    const Cursor here = mounts.At(i);
    const auto volume = std::ranges::find(workload.volumes, mount.volume, &Volume::name);
    if (volume == workload.volumes.end() && !mount.volume.empty()) {
      here.Fail("there is no volume '" + mount.volume + "'");
    }
    if (volume != workload.volumes.end() && volume->tmpfs && mount.read_only) {
      here.Fail("a tmpfs that is mounted read-only stays empty");
    }
    if (mount.mount.empty()) continue;
    for (const std::string& place : places) CheckPlace(here, mount.mount, place);
    places.push_back(mount.mount);
  }
}

}  // namespace

void CheckDirGrant(const Cursor& at, DirGrant& grant) {
  if (grant.mode == DirGrant::Mode::kScratch && !grant.host.empty()) {
    at.Fail("a scratch directory is empty and private; it has no 'host'");
  }
  if (grant.mode == DirGrant::Mode::kReadOnly && grant.host.empty()) {
    at.Fail("the field 'host' is missing");
  }
}

void CheckGrants(const Cursor& at, Grants& grants) {
  std::set<std::string> guests;
  for (const DirGrant& dir : grants.dirs) {
    if (!dir.guest.empty() && !guests.insert(dir.guest).second) {
      at.Fail("two directories at '" + dir.guest + "'");
    }
  }
  for (auto it = grants.http.begin(); it != grants.http.end(); ++it) {
    if (!it->host.empty() && std::find(grants.http.begin(), it, *it) != it) {
      at.Fail("'" + it->host + ":" + std::to_string(it->port) + "' is granted twice");
    }
  }
}

void CheckVolume(const Cursor& at, Volume& volume) {
  const int kinds = static_cast<int>(volume.named.has_value()) +
                    static_cast<int>(volume.host.has_value()) +
                    static_cast<int>(volume.tmpfs.has_value());
  if (kinds != 1) at.Fail("has to be one of 'named', 'host' and 'tmpfs'");
}

void CheckDevice(const Cursor& at, Device& device) {
  const bool any = device.kind == DeviceKind::kGpu || device.kind == DeviceKind::kVgpu;
  if (!any && device.id.empty()) {
    at.Fail("the field 'id' is missing: which device at the " +
            std::string(DeviceKindName(device.kind)) + " bus");
  }
}

// A name that is no outer class has been refused already.
void CheckWithin(const Cursor& at, const Workload& workload) {
  if (!workload.within || !IsOuter(*workload.within)) return;
  const Class inner = workload.sandbox_class.value_or(Class::kContainer);
  if (Pair(inner, *workload.within)) return;
  at.At(*at.Find("within"))
      .Fail("class '" + std::string(ClassName(inner)) + "' does not run within '" +
            std::string(ClassName(*workload.within)) + "'; there is " + std::string(kPairs));
}

void CheckVariants(const Cursor& at, const Workload& workload) {
  const Member* variants = at.Find("variants");
  if (at.Find("artifact") != nullptr && variants != nullptr) {
    return at.At(*variants).Fail("'artifact' stands for a single variant; write one of the two");
  }
  if (workload.variants.empty()) {
    if (at.Find("artifact") == nullptr) at.Fail("one of 'artifact' and 'variants' is missing");
    return;
  }
  const Cursor list = at.At(*variants);
  std::set<std::string> seen;
  std::set<VariantKind> kinds;
  for (std::size_t i = 0; i < workload.variants.size(); ++i) {
    const std::string& reference = workload.variants[i].artifact;
    if (reference.empty()) continue;
    const Cursor here = list.At(i);
    if (!seen.insert(reference).second) {
      here.Fail("the same artifact twice");
    } else if (const auto kind = KindSpelled(reference); kind && !kinds.insert(*kind).second) {
      here.Fail("a second variant of kind '" + std::string(VariantKindName(*kind)) +
                "'; there is one of each kind at most");
    }
  }
}

void CheckWorkload(const Cursor& at, Workload& workload) {
  CheckVariants(at, workload);
  CheckWithin(at, workload);
  CheckVolumes(at, workload);
  CheckMounts(at, workload);
}

void CheckHttpMatch(const Cursor& at, HttpMatch& match) {
  std::sort(match.methods.begin(), match.methods.end());
  const auto twice = std::adjacent_find(match.methods.begin(), match.methods.end());
  if (twice != match.methods.end() && !twice->empty()) {
    at.Fail("the method '" + *twice + "' is listed twice");
  }
  std::ranges::sort(match.headers);
  const auto again = std::ranges::adjacent_find(match.headers, {}, &HeaderMatch::name);
  if (again != match.headers.end() && !again->name.empty()) {
    at.Fail("the header '" + again->name + "' is listed twice");
  }
}

void CheckScale(const Cursor& at, Scale& scale) {
  if (scale.min && scale.max && *scale.min > *scale.max) {
    at.Fail("'min' is " + std::to_string(*scale.min) + ", but 'max' is " +
            std::to_string(*scale.max));
  }
  if (scale.min.value_or(0) > 0 && scale.keep_alive == std::chrono::milliseconds::zero()) {
    at.Fail("'min' is ready at all times, but a 'keep_alive' of 0s keeps nothing");
  }
}

namespace {

bool IsWasmBySpelling(const Workload& workload) {
  if (workload.sandbox_class) return *workload.sandbox_class == Class::kWasm;
  const auto artifacts = ArtifactsOf(workload);
  return !artifacts.empty() && std::ranges::all_of(artifacts, [](const NamedArtifact& artifact) {
    return KindSpelled(artifact.reference) == VariantKind::kWasm;
  });
}

}  // namespace

void CheckFunction(const Cursor& at, FunctionSpec& spec) {
  CheckTriggers(at, spec.triggers);
  const Member* scale = at.Find("scale");
  if (scale != nullptr && IsWasmBySpelling(spec.workload)) {
    at.Fail("'scale': " + std::string(kNothingToKeep));
  }
}

void CheckService(const Cursor& at, ServiceSpec& spec) {
  CheckTriggers(at, spec.triggers);
  if (spec.workload.guest != GuestKind::kAuto && spec.workload.guest != GuestKind::kHttp) {
    at.Fail("a Service's guest is 'http' (or 'auto'): other kinds end after one call");
  }
  const Member* scale = at.Find("scale");
  if (scale == nullptr || !spec.scale) return;
  if (at.Find("replicas") != nullptr) {
    at.At(*scale).Fail("'replicas' is a fixed number of sandboxes; write one of the two");
  }
  if (spec.restart != Restart::kAlways) {
    at.At(*scale).Fail(
        "sandboxes that come and go with the load are always started again; leave "
        "'restart' out");
  }
  const auto fill = [](std::optional<std::uint32_t>& to, std::uint32_t value) {
    if (!to) to = value;
  };
  fill(spec.scale->min, *model::kServiceScale.min);
  fill(spec.scale->max, std::max(*spec.scale->min, *model::kServiceScale.max));
  fill(spec.scale->concurrency, *model::kServiceScale.concurrency);
}

void CheckProbe(const Cursor& at, Probe& probe) {
  const int ways = (probe.http_get ? 1 : 0) + (probe.tcp_socket ? 1 : 0) + (probe.exec ? 1 : 0);
  if (ways != 1) at.Fail("a probe has exactly one of 'httpGet', 'tcpSocket' and 'exec'");
  if (probe.exec && (probe.exec->command.empty() || probe.exec->command.front().empty())) {
    at.Fail("exec.command has no program");
  }
}

void CheckHealth(const Cursor& at, Health& health) {
  if (!health.readiness && !health.liveness) {
    at.Fail("at least one of 'readiness' and 'liveness' is needed");
  }
  if (health.liveness && health.liveness->success_threshold != 1) {
    at.Fail("the successThreshold of 'liveness' must be 1");
  }
}

void CheckTarget(const Cursor& at, Target& target) {
  if (target.revision && target.sandbox_class) {
    at.Fail("names a revision and a class: a revision has its class");
  }
}

void CheckRouteSpec(const Cursor& at, RouteSpec& spec) {
  std::set<std::string> names;
  std::uint64_t weights = 0;
  for (const Backend& backend : spec.backends) {
    weights += backend.weight;
    const std::string name = backend.function + backend.target.ToString();
    if (!backend.function.empty() && !names.insert(name).second) {
      at.Fail("'" + name + "' is a backend twice");
    }
  }
  if (spec.backends.empty()) {
    at.Fail("a route needs at least one backend");
  } else if (weights == 0) {
    at.Fail("all weights are 0: no backend would get a request");
  }
}

}  // namespace strata::model::schema
