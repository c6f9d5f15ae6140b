#include "kube/shim/task/class_choice.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "kube/annotations.h"
#include "kube/shim/config_json.h"
#include "model/manifest/manifest.h"

namespace strata::kube::shim {
namespace {

using model::Class;

// Class wasm reads these itself (wasm/config.h).
constexpr std::array<std::string_view, 2> kOfWasm = {kHttpPort, kRequestLimits};
constexpr std::array<std::string_view, 3> kRequires = {
    kSecurityAnnotation, kCompatibilityAnnotation, kPerformanceAnnotation};

bool IsOneOf(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Result<void> CheckNames(const Json& annotations) {
  for (const auto& [name, value] : annotations.items()) {
    if (!name.starts_with(kOurAnnotations)) continue;
    if (name == kClassAnnotation || IsOneOf(kRequires, name) || IsOneOf(kOfWasm, name)) continue;
    return Fail(Errc::kInvalidArgument,
                "annotation " + name +
                    ": there is none of that name, but class, security, compatibility, "
                    "performance, http-port and limits");
  }
  return {};
}

Result<std::optional<Class>> ReadClass(const Json& annotations) {
  const Json* said = MemberOf(annotations, kClassAnnotation);
  if (said == nullptr) return std::nullopt;
  const auto named = said->is_string() ? PodClassFromName(said->get<std::string>()) : std::nullopt;
  if (named) return named;
  return Fail(Errc::kInvalidArgument, std::string(kClassAnnotation) + ": there is no class " +
                                          said->dump() + " here, but " + std::string(kPodClasses));
}

// By the rules for a manifest's `requires`, which has the annotations' names.
Result<model::Requires> ReadRequires(const Json& annotations) {
  Json said = Json::object();
  for (const std::string_view name : kRequires) {
    const Json* value = MemberOf(annotations, name);
    if (value != nullptr) said[std::string(name.substr(kOurAnnotations.size()))] = *value;
  }
  auto asks = model::RequiresFromJson(said);
  if (!asks) return Wrap(std::move(asks).error(), "annotations " + std::string(kOurAnnotations));
  return asks;
}

}  // namespace

Result<ClassChoice> ClassChoice::Read(const RuntimeOptions& options, const Json& config) {
  const Json none = Json::object();
  const Json* found = MemberOf(config, "annotations");
  const Json& annotations = found != nullptr && found->is_object() ? *found : none;
  if (auto known = CheckNames(annotations); !known) {
    return std::unexpected(std::move(known).error());
  }
  const auto wished = ReadClass(annotations);
  if (!wished) return std::unexpected(wished.error());
  const auto asks = ReadRequires(annotations);
  if (!asks) return std::unexpected(asks.error());
  const auto& promised = options.sandbox_class;
  if (promised && *wished && promised != *wished) {
    return Fail(Errc::kPermissionDenied, std::string(kClassAnnotation) + ": '" +
                                             std::string(model::ClassName(**wished)) +
                                             "' is not the class of this pod's RuntimeClass");
  }
  const auto arguments = ArgumentsOf(config);
  const bool wasm = !arguments.empty() && arguments.front().ends_with(".wasm");
  ClassChoice choice;
  choice.question_.function = wasm;
  choice.question_.requires_ = *asks;
  choice.question_.asked = promised ? promised : *wished;
  choice.question_.asked_by = promised ? "the RuntimeClass is of class" : "strata.dev/class is";
  for (const Class each : {Class::kWasm, Class::kContainer, Class::kAppkernel, Class::kMicrovm}) {
    scheduler::Option& option = choice.options_.emplace_back();
    option.sandbox_class = each;
    // Who names a class knows what the program is.
    option.variant = choice.question_.asked == each || (each == Class::kWasm) == wasm;
  }
  return choice;
}

Result<model::Placement> ClassChoice::Choose() const {
  // How much memory is free is for Kubernetes' own scheduler to see; which classes there are,
  // Exclude says.
  const std::array nodes = {scheduler::Node{.name = "this node",
                                            .free_memory = Bytes{UINT64_MAX},
                                            .classes = scheduler::ClassSet::All()}};
  auto placement = scheduler::Choose(question_, options_, nodes);
  if (placement) placement->node.clear();  // there is no other
  return placement;
}

void ClassChoice::Exclude(Class sandbox_class, std::string why) {
  const auto at = std::ranges::find(options_, sandbox_class, &scheduler::Option::sandbox_class);
  if (at != options_.end()) at->lacking = std::move(why);
}

}  // namespace strata::kube::shim
