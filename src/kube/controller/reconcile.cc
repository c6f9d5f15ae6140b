#include "kube/controller/reconcile.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "kube/activation.h"
#include "kube/controller/desired.h"
#include "kube/controller/difference.h"
#include "kube/controller/place.h"
#include "kube/controller/stored.h"
#include "model/resource.h"

namespace strata::kube::controller {
namespace {

// Of who deletes a resource and leaves what was made for it (`kubectl delete --cascade=orphan`):
// the garbage collector's, which gives that away and is done with it by itself.
constexpr std::string_view kOrphan = "orphan";

struct Condition {
  bool ready = false;
  std::string reason;  // one word
  std::string message;
};

Json FinalizersOf(const Json& resource) {
  return resource.at("metadata").value("finalizers", Json::array());
}

std::string ReasonOf(const Error& error) {
  switch (error.code) {
    case Errc::kInvalidArgument:
      return "Invalid";
    case Errc::kFailedPrecondition:
      return "NoClass";
    case Errc::kUnavailable:
      return "NoActivator";
    default:
      return "Unsupported";
  }
}

const Json* Find(const std::vector<Json>& objects, std::string_view kind) {
  const auto found = std::ranges::find_if(
      objects, [kind](const Json& object) { return object.value("kind", "") == kind; });
  return found == objects.end() ? nullptr : &*found;
}

// The one of them that has the kind and the name of `object`.
const Json* FindLike(const std::vector<Json>& objects, const Json& object) {
  const auto found = std::ranges::find_if(objects, [&object](const Json& each) {
    return each.at("kind") == object.at("kind") &&
           each.at("metadata").at("name") == object.at("metadata").at("name");
  });
  return found == objects.end() ? nullptr : &*found;
}

// As `kubectl rollout status` has it: what the Deployment says was seen, as many pods as it wants
// are made by it, none is left of what it said before, and each is available.
Condition ReadinessOf(const Json* deployment) {
  if (deployment == nullptr) return {.reason = "Progressing", .message = "its Deployment is made"};
  const Json none = Json::object();
  const Json& status = deployment->contains("status") ? deployment->at("status") : none;
  const auto wanted = deployment->value("/spec/replicas"_json_pointer, std::int64_t{1});
  const auto available = status.value("availableReplicas", std::int64_t{0});
  const auto updated = status.value("updatedReplicas", std::int64_t{0});
  const auto all = status.value("replicas", std::int64_t{0});
  const bool seen = status.value("observedGeneration", std::int64_t{0}) >=
                    deployment->value("/metadata/generation"_json_pointer, std::int64_t{0});
  if (seen && updated >= wanted && all <= updated && available >= updated) {
    return {true, "Available", std::to_string(available) + " replicas are available"};
  }
  const Json conditions = status.value("conditions", Json::array());
  for (const Json& each : conditions) {
    if (each.value("type", "") == "Progressing" && each.value("status", "") == "False") {
      return {.reason = "Stuck", .message = each.value("message", "")};
    }
  }
  Condition going{.reason = "Progressing",
                  .message = std::to_string(available) + " of " + std::to_string(wanted) +
                             " replicas are available"};
  if (all > updated) going.message += ", " + std::to_string(all - updated) + " of before are left";
  return going;
}

// Those of its claims that have no storage yet, for a message: their pod waits for them, or some
// storage for their pod's node.
std::string WaitedFor(const Observed& observed, const std::vector<Json>& wanted) {
  std::string text;
  for (const Json& child : observed.children) {
    const bool waits = child.value("kind", "") == kVolumeKind &&
                       FindLike(wanted, child) != nullptr &&
                       child.value("/status/phase"_json_pointer, "") == "Pending";
    if (waits) text += ", " + child.at("metadata").value("name", "") + " is not bound yet";
  }
  return text;
}

// Whether an Ingress has an address is said by whoever serves it.
Condition ReadinessOfRoute(const Json* ingress) {
  if (ingress == nullptr) return {.reason = "Progressing", .message = "its Ingress is made"};
  const Json addresses = ingress->value("/status/loadBalancer/ingress"_json_pointer, Json::array());
  if (addresses.empty()) {
    return {.reason = "Progressing", .message = "no ingress controller has taken it yet"};
  }
  return {true, "Available", "an ingress controller serves it"};
}

// The resource's status with this condition; as it was where nothing else has changed.
Json StatusWith(const Json& resource, const Condition& condition, std::string_view now) {
  const auto generation = resource.at("metadata").value("generation", std::int64_t{0});
  Json made = {{"type", "Ready"},
               {"status", condition.ready ? "True" : "False"},
               {"reason", condition.reason},
               {"message", condition.message},
               {"observedGeneration", generation},
               {"lastTransitionTime", now}};
  Json conditions = Json::array();
  const Json before = resource.value("/status/conditions"_json_pointer, Json::array());
  for (const Json& each : before) {
    if (each.value("type", "") != "Ready") {
      conditions.push_back(each);
    } else if (made["status"] == each.value("status", "")) {
      made["lastTransitionTime"] = each.value("lastTransitionTime", std::string(now));
    }
  }
  conditions.push_back(std::move(made));
  return {{"observedGeneration", generation}, {"conditions", std::move(conditions)}};
}

// What the subresource `scale` says: how many pods there are, and which.
void AddScale(const Json& deployment, Json& status) {
  status["replicas"] = deployment.value("/status/replicas"_json_pointer, std::int64_t{0});
  std::string selector;
  const Json labels =
      deployment.value("/spec/selector/matchLabels"_json_pointer, Json(Json::object()));
  for (const auto& [name, value] : labels.items()) {
    selector += (selector.empty() ? "" : ",") + name + "=" + value.get<std::string>();
  }
  status["selector"] = std::move(selector);
}

std::string ReasonNow(const Json& resource) {
  const Json conditions = resource.value("/status/conditions"_json_pointer, Json::array());
  for (const Json& each : conditions) {
    if (each.value("type", "") == "Ready") return each.value("reason", "");
  }
  return {};
}

Remove RemovalOf(const Json& child) {
  return {.path = PathOf(child),
          .uid = child.at("metadata").value("uid", ""),
          .version = child.at("metadata").value("resourceVersion", "")};
}

// Whether the manifest has this claim stay when its owner goes. One that cannot be read may say so.
bool IsToBeKept(const Json& claim, const Result<model::Resource>& manifest) {
  if (!manifest || manifest->workload() == nullptr) return true;
  return std::ranges::any_of(manifest->workload()->volumes, [&claim](const model::Volume& volume) {
    return volume.named && volume.named->retain &&
           claim.at("metadata").at("name") == volume.named->volume + std::string(kVolumeSuffix);
  });
}

// The claim as it is, but nobody's.
Json Kept(const Json& claim) {
  const Json& metadata = claim.at("metadata");
  return {{"apiVersion", claim.at("apiVersion")},
          {"kind", claim.at("kind")},
          {"metadata",
           {{"name", metadata.at("name")},
            {"namespace", metadata.at("namespace")},
            {"labels", metadata.at("labels")},
            {"annotations", {{std::string(kRetainAnnotation), "true"}}}}},
          {"spec",
           {{"accessModes", claim.at("spec").at("accessModes")},
            {"resources", claim.at("spec").at("resources")}}}};
}

// What the manifest says last decides, also where it never could be made. What is kept comes first:
// if that fails, nothing is removed. What keeps pods from the network stays while a Deployment is
// there: it goes after its last pod, which may run for as long as it takes to stop.
std::vector<Action> TakeDown(const Observed& observed) {
  const auto manifest = ReadStored(observed.resource);
  const bool has_pods = std::ranges::any_of(observed.children, [&observed](const Json& child) {
    return child.value("kind", "") == "Deployment" && IsMadeFor(child, observed.resource);
  });
  std::vector<Action> actions;
  std::vector<Action> removals;
  Json finalizers = FinalizersOf(observed.resource);
  const bool leaves = std::ranges::find(finalizers, Json(kOrphan)) != finalizers.end();
  bool gone = true;
  for (const Json& child : observed.children) {
    if (leaves || !IsMadeFor(child, observed.resource)) continue;
    gone = false;
    if (child.at("metadata").contains("deletionTimestamp")) continue;
    if (has_pods && child.value("kind", "") == "NetworkPolicy") continue;
    if (child.at("kind") == kVolumeKind && IsToBeKept(child, manifest)) {
      actions.emplace_back(Apply{Kept(child), true});
    } else {
      removals.emplace_back(RemovalOf(child));
    }
  }
  std::ranges::move(removals, std::back_inserter(actions));
  const auto ours = std::ranges::find(finalizers, Json(kFinalizer));
  if (gone && ours != finalizers.end()) {
    finalizers.erase(ours);
    actions.emplace_back(SetFinalizers{std::move(finalizers)});
  }
  return actions;
}

struct Made {
  std::vector<Json> objects;
  std::optional<model::Placement> placement;  // of a Route nothing
};

// What keeps it from being made, as is seen or was tried. What nobody wants to make is in nobody's
// way.
std::optional<Obstacle> ObstacleOf(const Observed& observed, const std::vector<Json>& wanted) {
  for (const Json& child : observed.children) {
    if (IsMadeFor(child, observed.resource) || IsKeptFor(child, observed.resource)) continue;
    if (FindLike(wanted, child) != nullptr) return Taken(child);
  }
  return observed.obstacle;
}

Result<Made> Make(const Observed& observed, const ClusterNodes& nodes) {
  auto resource = ReadStored(observed.resource);
  if (!resource) return std::unexpected(std::move(resource).error());
  const std::string uid = observed.resource.at("metadata").value("uid", "");
  if (resource->kind() == model::Kind::kRoute) {
    auto objects = RouteObjects(*resource, uid);
    if (!objects) return std::unexpected(std::move(objects).error());
    return Made{std::move(*objects), std::nullopt};
  }
  auto placement = Place(*resource, nodes);
  if (!placement) return std::unexpected(std::move(placement).error());
  auto objects = DesiredObjects(*resource, uid, placement->sandbox_class, observed.activation);
  if (!objects) return std::unexpected(std::move(objects).error());
  return Made{std::move(*objects), *std::move(placement)};
}

// Whether it is part of the way through the activators, which has the requests until the Deployment
// answers them by itself.
bool IsOnTheWay(const Json& child) {
  const std::string name = child.at("metadata").value("name", "");
  const std::string kind = child.value("kind", "");
  const Json none = Json::object();
  return (kind == "EndpointSlice" && name.ends_with(kActivatorSuffix)) ||
         (kind == "Service" &&
          child.at("metadata").value("labels", none).contains(std::string(kBehindLabel)));
}

bool Applies(const std::vector<Action>& actions, std::string_view kind) {
  return std::ranges::any_of(actions, [kind](const Action& action) {
    const auto* apply = std::get_if<Apply>(&action);
    return apply != nullptr && apply->object.at("kind") == kind;
  });
}

// Which fields of it others set, for a message.
std::string OverridesOf(const Json& object, const Differences& differences) {
  const std::size_t more = differences.size() - 1;
  return "; " + object.value("kind", "") + " " + object.at("metadata").value("name", "") + ": " +
         differences.begin()->first + (more > 0 ? " and " + std::to_string(more) + " more" : "") +
         " not as applied: something in the cluster, say an admission webhook, sets it";
}

// Applies those of `objects` that differ; what is said of those that differ although they were.
std::string ApplyTo(const Observed& observed, std::vector<Json>& objects,
                    std::vector<Action>& actions) {
  std::string overrides;
  for (Json& object : objects) {
    object = Marked(std::move(object));
    const Json* there = FindLike(observed.children, object);
    if (there == nullptr) {
      actions.emplace_back(Apply{object, false});
      continue;
    }
    const Differences differences = DifferencesOf(*there, object);
    if (differences.empty()) continue;
    const auto known = observed.overridden.find(DigestOf(object));
    if (known != observed.overridden.end() && known->second == differences) {
      overrides += OverridesOf(object, differences);
    } else {
      actions.emplace_back(Apply{object, true});
    }
  }
  return overrides;
}

// What there is to do for it to be as `made`, and how far it is.
Condition Adjust(const Observed& observed, Made made, std::vector<Action>& actions) {
  const std::string overrides = ApplyTo(observed, made.objects, actions);
  // What is not applied yet cannot be ready, and what the Deployment says is not of it.
  const Json* deployment = Find(observed.children, "Deployment");
  Condition condition = ReadinessOf(deployment);
  if (deployment != nullptr && Applies(actions, "Deployment")) {
    condition = {.reason = "Progressing", .message = "its Deployment is changed"};
  }
  const bool answers = actions.empty() && condition.ready;
  for (const Json& child : observed.children) {
    const bool wanted = FindLike(made.objects, child) != nullptr;
    const bool going = child.at("metadata").contains("deletionTimestamp");
    const bool kept = !IsMadeFor(child, observed.resource);
    const bool needed = made.placement && !answers && IsOnTheWay(child);
    if (!wanted && !going && !kept && !needed) actions.emplace_back(RemovalOf(child));
  }
  if (!made.placement) condition = ReadinessOfRoute(Find(observed.children, "Ingress"));
  if (condition.ready && observed.activation && observed.activation->replicas == 0) {
    condition.reason = "ScaledToZero";
    condition.message = "a request starts a replica; " + observed.activation->why;
  }
  if (condition.ready && !overrides.empty()) condition.reason = "Overridden";
  condition.message += overrides;
  if (!condition.ready) condition.message += WaitedFor(observed, made.objects);
  if (made.placement) condition.message += "; " + made.placement->because;
  return condition;
}

}  // namespace

bool IsMadeFor(const Json& object, const Json& resource) {
  const std::string uid = resource.at("metadata").value("uid", "");
  const Json owners = object.at("metadata").value("ownerReferences", Json::array());
  return std::ranges::any_of(owners, [&uid](const Json& owner) {
    return owner.value("controller", false) && owner.value("uid", "") == uid;
  });
}

bool IsLedToActivators(const Observed& observed) {
  const std::string name =
      observed.resource.at("metadata").value("name", "") + std::string(kActivatorSuffix);
  return std::ranges::any_of(observed.children, [&](const Json& child) {
    return child.value("kind", "") == "EndpointSlice" &&
           child.at("metadata").value("name", "") == name && IsMadeFor(child, observed.resource);
  });
}

bool IsLabelled(const Json& object, const Json& resource) {
  const Json none = Json::object();
  const Json labels = object.at("metadata").value("labels", none);
  return labels.value(std::string(kKindLabel), "") == resource.value("kind", "") &&
         labels.value(std::string(kNameLabel), "") == resource.at("metadata").value("name", "");
}

bool IsKeptFor(const Json& object, const Json& resource) {
  const Json none = Json::object();
  const Json& metadata = object.at("metadata");
  return metadata.value("annotations", none).contains(std::string(kRetainAnnotation)) &&
         metadata.value("ownerReferences", Json::array()).empty() && IsLabelled(object, resource);
}

Obstacle Taken(const Json& object) {
  const std::string kind = object.value("kind", "");
  const bool volume = kind == kVolumeKind;
  return {.reason = "Taken",
          .message = std::string(volume ? "spec.volumes" : "metadata.name") + ": " + kind + " " +
                     object.at("metadata").value("name", "") +
                     " is another's here; choose a name that is free"};
}

std::vector<Action> Reconcile(const Observed& observed, const ClusterNodes& nodes,
                              std::string_view now) {
  const Json& resource = observed.resource;
  if (resource.at("metadata").contains("deletionTimestamp")) return TakeDown(observed);
  std::vector<Action> actions;
  Json finalizers = FinalizersOf(resource);
  if (std::ranges::find(finalizers, Json(kFinalizer)) == finalizers.end()) {
    finalizers.push_back(kFinalizer);
    actions.emplace_back(SetFinalizers{std::move(finalizers)});
    return actions;  // what that changes brings us here again
  }
  // The activators listen there before anybody is led to them.
  if (observed.activation && ActivatorPortOf(resource) != observed.activation->port) {
    return {SetStatus{{{"activator", {{"port", observed.activation->port}}}}}};
  }
  auto made = Make(observed, nodes);
  const std::optional<Obstacle> obstacle =
      made ? ObstacleOf(observed, made->objects) : observed.obstacle;
  const Json placement =
      made && made->placement ? model::PlacementToJson(*made->placement) : Json();
  Condition condition;
  if (!made) {
    condition = {.reason = ReasonOf(made.error()), .message = made.error().message};
  } else if (obstacle) {
    condition = {.reason = obstacle->reason, .message = obstacle->message};
  } else {
    condition = Adjust(observed, std::move(*made), actions);
  }
  Json status = StatusWith(resource, condition, now);
  // Null takes it away: a status is merged into what is there.
  if (!placement.is_null() || resource.contains("/status/placement"_json_pointer)) {
    status["placement"] = placement;
  }
  if (observed.activation) {
    status["activator"]["port"] = observed.activation->port;
  } else if (IsLedToActivators(observed)) {
    // Merged: what is said there stays.
    if (resource.contains("/status/activator"_json_pointer)) {
      status["activator"] = resource.at("/status/activator"_json_pointer);
    }
  } else if (resource.contains("/status/activator"_json_pointer)) {
    status["activator"] = nullptr;
  }
  const Json* deployment = Find(observed.children, "Deployment");
  if (deployment != nullptr && IsMadeFor(*deployment, resource)) {
    AddScale(*deployment, status);
  } else if (resource.contains("/status/replicas"_json_pointer)) {
    status["replicas"] = 0;  // what was said of a Deployment that has gone
    status["selector"] = resource.value("/status/selector"_json_pointer, "");
  }
  if (resource.value("status", Json()) == status) return actions;
  actions.emplace_back(SetStatus{std::move(status)});
  if (ReasonNow(resource) != condition.reason) {
    const bool well = made.has_value() && !obstacle && condition.reason != "Stuck";
    actions.emplace_back(Tell{well, condition.reason, condition.message});
  }
  return actions;
}

}  // namespace strata::kube::controller
