#include "advisor/recommend/manifest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "advisor/report/report.h"
#include "base/bytes.h"
#include "base/text/json.h"
#include "model/artifact_reference.h"
#include "model/manifest/manifest.h"
#include "model/memory_bounds.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// How well an artifact that the workload has goes with a class.
enum class Fit : std::uint8_t { kNone, kMaybe, kSure };

Fit FitOf(const model::Workload& workload, Class sandbox_class) {
  Fit fit = Fit::kNone;
  for (const model::NamedArtifact& artifact : model::ArtifactsOf(workload)) {
    const auto kind = model::KindSpelled(artifact.reference);
    if (!kind) {
      fit = std::max(fit, Fit::kMaybe);
    } else if (*kind == model::VariantFor(sandbox_class)) {
      return Fit::kSure;
    }
  }
  // A layout or a registry's image is rarely a module.
  return fit == Fit::kMaybe && sandbox_class != Class::kWasm ? Fit::kSure : fit;
}

std::string KindOf(Class sandbox_class) {
  return std::string(model::VariantKindName(model::VariantFor(sandbox_class)));
}

// The class for the manifest; nothing: it is left to the platform. `notes` say why it is another.
std::optional<Class> ClassThatFits(const model::Workload& workload, const Choice& choice,
                                   std::vector<Text>& notes) {
  const Class wanted = choice.sandbox_class;
  const Fit fit = FitOf(workload, wanted);
  if (fit == Fit::kSure) return wanted;
  const std::string takes = Name(wanted) + " takes an artifact of kind '" + KindOf(wanted) + "'";
  const std::string takes_zh = Name(wanted) + " 需要 '" + KindOf(wanted) + "' 类型的制品";
  const std::string add = "add one to spec.variants for the recommended class";
  const std::string add_zh = "为推荐的类别在 spec.variants 中添加一个";
  if (fit == Fit::kMaybe) {
    notes.push_back({takes +
                         ", and what the manifest's is shows when it is read: the class is left "
                         "to the platform; " +
                         add,
                     takes_zh + "，清单中的制品读取后才知其类型：类别留给平台决定；" + add_zh});
    return std::nullopt;
  }
  for (const Class each : {Class::kContainer, Class::kAppkernel, Class::kMicrovm, Class::kWasm}) {
    if (!scheduler::BelowFloor(choice.asked, each).empty()) continue;
    if (FitOf(workload, each) != Fit::kSure) continue;
    notes.push_back({takes + ", which the manifest does not have: its class is " + Name(each) +
                         ", the best that it has an artifact for; " + add,
                     takes_zh + "，清单中没有：其类别为 " + Name(each) +
                         "，即现有制品可用的最佳类别；" + add_zh});
    return each;
  }
  notes.push_back(
      {takes +
           ", which the manifest does not have, and no class that may be used takes "
           "what it has: no class stands in it, and the platform refuses it; " +
           add,
       takes_zh + "，清单中没有，且允许的类别均不能运行现有制品：清单中不写类别，平台会拒绝；" +
           add_zh});
  return std::nullopt;
}

model::Workload& WorkloadOf(model::Resource& resource) {
  if (auto* function = std::get_if<model::FunctionSpec>(&resource.spec)) return function->workload;
  return std::get<model::ServiceSpec>(resource.spec).workload;
}

void AddDevices(const std::vector<model::Device>& devices, model::Workload& to) {
  for (const model::Device& each : devices) {
    if (std::ranges::find(to.devices, each) == to.devices.end()) to.devices.push_back(each);
  }
}

// A limit that the class which stands in the manifest can give: with another one the platform
// refuses it.
void BoundMemory(model::Workload& workload, std::vector<Text>& notes) {
  if (!workload.sandbox_class) return;
  Class whole = *workload.sandbox_class;
  if (workload.within) whole = model::Pair(whole, *workload.within).value_or(whole);
  const model::MemoryBounds bounds = model::MemoryBoundsOf(whole);
  const Bytes before = workload.limits.memory;
  Bytes& memory = workload.limits.memory;
  memory = std::clamp(memory, bounds.least, bounds.most);
  if (memory == before) return;
  const bool raised = memory > before;
  const std::string is = std::to_string(memory.count >> 20);
  const std::string was = std::to_string(before.count >> 20);
  notes.push_back({"limits.memory_mib is " + is + ", the " + (raised ? "least" : "most") +
                       " that " + Name(whole) + " can give; the manifest says " + was,
                   "limits.memory_mib 为 " + is + "，即 " + Name(whole) + " 可给的最" +
                       (raised ? "小" : "大") + "值；原清单为 " + was});
}

// More than any field takes, and an integer still.
constexpr double kTooMuch = 1e15;

// What was said as `variable`, as that field of `spec.slo`; where the field takes no such figure it
// is left out, and a note says so.
void Bound(const char* field, double whole, const std::string& variable, double said,
           Manifest& manifest) {
  Json bounded = manifest.value;
  bounded["spec"]["slo"][field] = static_cast<std::uint64_t>(std::min(whole, kTooMuch));
  const auto valid = model::ResourceFromJson(bounded);
  if (valid) {
    manifest.value = std::move(bounded);
    return;
  }
  const std::string is = variable + " = " + Figure(said);
  manifest.notes.push_back({is + " is not in the manifest: " + valid.error().message,
                            is + " 未写入清单：" + valid.error().message});
}

}  // namespace

Manifest KeepManifest(model::Resource resource, const std::string& name,
                      const std::string& artifact, const Choice& choice) {
  Manifest manifest;
  resource.metadata.name = name;
  model::Workload& workload = WorkloadOf(resource);
  if (!artifact.empty()) {
    workload.artifact = artifact;
    workload.variants.clear();
  }
  const model::Workload before = workload;
  workload.requires_ = choice.asked;
  AddDevices(choice.devices, workload);
  workload.sandbox_class = ClassThatFits(workload, choice, manifest.notes);
  if (workload.within &&
      !model::Pair(workload.sandbox_class.value_or(Class::kContainer), *workload.within)) {
    workload.within.reset();
    manifest.notes.push_back({"spec.within is left out: that class does not run within another",
                              "去掉 spec.within：该类别不能嵌套运行"});
  }
  // A field may be of another class only.
  if (const auto valid = model::ResourceFromJson(model::ResourceToJson(resource)); !valid) {
    workload.sandbox_class = before.sandbox_class;
    workload.within = before.within;
    manifest.notes.push_back({"the class stays what the manifest says: " + valid.error().message,
                              "类别保持清单所写：" + valid.error().message});
  }
  BoundMemory(workload, manifest.notes);
  manifest.value = model::ResourceToJson(resource);
  return manifest;
}

Manifest NewManifest(const std::string& name, const std::string& artifact, bool function,
                     const Choice& choice) {
  Manifest manifest;
  std::string reference = artifact;
  if (artifact.empty()) {
    reference = choice.sandbox_class == Class::kWasm ? "./" + name + ".wasm" : "oci:./" + name;
    manifest.notes.push_back({"'" + reference + "' is a place-holder: say --artifact",
                              "'" + reference + "' 为占位符：请用 --artifact 指定"});
  }
  std::optional<Class> sandbox_class = choice.sandbox_class;
  if (!artifact.empty()) {
    model::Workload workload;
    workload.artifact = artifact;
    sandbox_class = ClassThatFits(workload, choice, manifest.notes);
  }
  const model::Requires& asked = choice.asked;
  Json spec = {{"artifact", std::move(reference)},
               {"requires",
                {{"security", model::LevelName(asked.security)},
                 {"compatibility", model::LevelName(asked.compatibility)},
                 {"performance", model::LevelName(asked.performance)}}}};
  if (sandbox_class) spec["class"] = model::ClassName(*sandbox_class);
  for (const model::Device& each : choice.devices) {
    Json device = {{"kind", model::DeviceKindName(each.kind)}};
    if (!each.id.empty()) device["id"] = each.id;
    spec["devices"].push_back(std::move(device));
  }
  Json trigger;
  trigger["http"]["path"] = "/" + name;
  spec["triggers"] = Json::array({std::move(trigger)});
  manifest.value = {{"apiVersion", model::kApiVersion},
                    {"kind", function ? "Function" : "Service"},
                    {"metadata", {{"name", name}}},
                    {"spec", std::move(spec)}};
  if (const auto latency = choice.latency_ms) {
    Bound("p99_ms", std::floor(*latency), "latency_ms", *latency, manifest);
  }
  // A Service is launched once, whatever it carries.
  if (const auto launches = choice.launches_per_second; launches && function) {
    Bound("qps", std::ceil(*launches), "launches_per_second", *launches, manifest);
  }
  return manifest;
}

}  // namespace strata::advisor
