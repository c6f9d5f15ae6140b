// Into which class a workload goes: what the scheduler is asked, with what is known here.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text/json.h"
#include "host/process/memory.h"
#include "manager/manager_impl.h"
#include "manager/placing/fits.h"
#include "manager/placing/own_figures.h"
#include "manager/placing/room.h"
#include "manager/records/node_prices.h"
#include "meter/prices.h"
#include "model/memory_bounds.h"
#include "model/resource.h"
#include "model/revision.h"
#include "model/values.h"
#include "sandbox/devices.h"
#include "sandbox/oci/runtime/programs.h"
#include "scheduler/placing/strategy.h"

namespace strata::manager {
namespace {

using model::Class;

constexpr std::string_view kOnlyWithin = "only where spec.within asks for it";

// The one node that we know, with every class: what it lacks shows when a class is tried.
scheduler::Node ThisNode(Bytes room, const meter::Prices& prices) {
  const std::string name = HostName();
  return {.name = name,
          .free_memory = room,
          .classes = scheduler::ClassSet::All(),
          .cores = static_cast<double>(Processors()),
          .price = prices.FactorOf(name)};
}

// This node, with what trying the classes out has found.
scheduler::Node ProbedNode(const Json& found, Bytes room, const meter::Prices& prices) {
  scheduler::Node node = ThisNode(room, prices);
  for (const Class each : model::kClasses) {
    auto why = WhyLacking(found, each);
    if (!why) continue;
    node.classes.Remove(each);
    node.lacking.emplace(each, *std::move(why));
  }
  return node;
}

// Why a class cannot have the devices that `workload` asks for; empty: it can.
std::string Withheld(const model::Workload& workload, Class sandbox_class) {
  for (std::size_t i = 0; i < workload.devices.size(); ++i) {
    const model::DeviceKind kind = workload.devices[i].kind;
    const std::string_view why = sandbox::WhyNoDevice(sandbox_class, kind);
    if (why.empty()) continue;
    return "spec.devices[" + std::to_string(i) + "] (" + std::string(model::DeviceKindName(kind)) +
           "): " + std::string(why);
  }
  return "";
}

// Whether each call of it as an image starts a sandbox; else there are servers that stay.
bool StartsEach(const model::Resource& resource) {
  return resource.kind() == model::Kind::kFunction &&
         resource.workload()->guest != model::GuestKind::kHttp;
}

// What is made when it is deployed, so that calls need not wait for it.
std::string PoolOf(const model::Resource& resource, Class sandbox_class) {
  if (sandbox_class == Class::kWasm) return "compiled code";
  if (!StartsEach(resource)) return "running servers";
  return sandbox_class >= Class::kMicrovm ? "booted snapshot" : "unpacked image";
}

std::string_view ReplicasField(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) return "";
  return service->scale ? "scale.max" : "replicas";
}

std::uint32_t ReplicasOf(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  return service == nullptr ? 1 : service->most();
}

// What its sandboxes can be given, by a server that gives none more than it was started to.
model::MemoryBounds BoundsHere(Class sandbox_class, const Options& options) {
  model::MemoryBounds bounds = model::MemoryBoundsOf(sandbox_class);
  bounds.most = std::min(bounds.most, options.max_memory);
  return bounds;
}

scheduler::Question QuestionOf(const model::Resource& resource, const Artifacts& artifacts,
                               std::optional<Class> asked, const Options& options) {
  const model::Workload& workload = *resource.workload();
  return {.function = resource.kind() == model::Kind::kFunction,
          .start_each = !artifacts.contains(model::VariantKind::kImage) ||
                        workload.guest != model::GuestKind::kHttp,
          .requires_ = workload.requires_,
          .slo = workload.slo,
          .budget = workload.budget,
          .devices = !workload.devices.empty(),
          .by = workload.placement,
          .asked = asked,
          .memory = workload.limits.memory,
          .held = HeldOf(resource),
          .held_field = HeldField(resource),
          .cells = CellsOf(options),  // of the listener's tenant
          .concurrency = workload.limits.concurrency,
          .sandboxes = options.max_sandboxes,
          .replicas = ReplicasOf(resource),
          .replicas_field = ReplicasField(resource)};
}

// Why each class cannot run it; what several say is said once.
std::string EveryReason(const model::Resource& resource,
                        const std::vector<scheduler::Option>& options) {
  const std::string prefix = resource.key().ToString() + ": ";
  std::vector<std::pair<std::string, std::string>> reasons;  // what, and of which classes
  for (const scheduler::Option& option : options) {
    if (option.lacking == kOnlyWithin) continue;  // it was not asked for
    const std::string name(model::ClassName(option.sandbox_class));
    const auto same =
        std::ranges::find(reasons, option.lacking, &decltype(reasons)::value_type::first);
    if (same == reasons.end()) {
      reasons.emplace_back(option.lacking, name);
    } else {
      same->second += ", " + name;
    }
  }
  if (reasons.empty()) return prefix + std::string(kOnlyWithin);
  if (reasons.size() == 1) return reasons.front().first;
  std::string text = prefix + "no class can run it:";
  for (auto& [why, classes] : reasons) {
    if (why.starts_with(prefix)) why.erase(0, prefix.size());
    text += "\n  " + classes + ": " + why;
  }
  return text;
}

// What its class can do may have become too little with fields that make no revision.
bool CanRun(const std::vector<scheduler::Option>& options, Class sandbox_class) {
  const auto found = std::ranges::find(options, sandbox_class, &scheduler::Option::sandbox_class);
  return found != options.end() && found->lacking.empty();
}

}  // namespace

std::optional<model::Placement> ManagerImpl::PlacementNow(const Candidate& candidate) {
  const model::Resource& resource = candidate.resource.resource;
  auto revisions = store_->Revisions(resource.metadata.tenant, resource.metadata.name);
  if (!revisions || revisions->empty()) return std::nullopt;
  const model::Revision& now = revisions->front();
  const bool same_bytes = candidate.resource.variants.empty()
                              ? now.artifact_digest == candidate.variants.front().artifact.digest
                              : now.variants == candidate.resource.variants;
  if (now.kind != resource.kind() || !same_bytes ||
      now.spec_hash != model::WorkloadHash(*resource.workload())) {
    return std::nullopt;
  }
  return now.placement;
}

Result<std::vector<scheduler::Option>> ManagerImpl::OptionsOf(const model::Resource& resource,
                                                              const Artifacts& artifacts) const {
  std::vector<scheduler::Option> options;
  for (const Class each : model::kClasses) {
    if (!artifacts.contains(model::VariantFor(each))) continue;
    auto fits = CheckAbilities(resource, each);
    if (!fits && fits.error().code != Errc::kUnsupported) return std::unexpected(fits.error());
    std::string lacking = fits ? "" : fits.error().message;
    if (each == Class::kContainerInMicrovm && !resource.workload()->within) {
      lacking = kOnlyWithin;
    }
    options.push_back({.sandbox_class = each,
                       .variant = true,
                       .lacking = std::move(lacking),
                       .withheld = Withheld(*resource.workload(), each),
                       .pool = PoolOf(resource, each),
                       .figures = measurements_.Of(each),
                       .memory = BoundsHere(each, options_)});
  }
  // Nothing to weigh, and nothing but the workload itself that could give way.
  const auto lacks = [](const scheduler::Option& option) { return !option.lacking.empty(); };
  if (std::ranges::all_of(options, lacks)) {
    return Fail(Errc::kUnsupported, EveryReason(resource, options));
  }
  UseOwnFigures(models_, resource, artifacts, options);
  return options;
}

Task<model::Placement> ManagerImpl::Choose(const model::Resource& resource,
                                           const Artifacts& artifacts,
                                           std::vector<scheduler::Option> options,
                                           std::optional<Class> asked, Circumstances now) {
  scheduler::Question question = QuestionOf(resource, artifacts, asked, options_);
  question.asked_by = now.asked_by;
  if (now.overload) {
    const auto qps = static_cast<std::uint32_t>(std::ceil(*now.overload));
    question.slo.qps = std::max(question.slo.qps.value_or(0), qps);
  }
  const meter::Prices prices = ListPrices(options_.prices, measurements_);
  scheduler::Node node = ThisNode(now.room, prices);
  auto chosen = scheduler::Choose(question, options, {&node, 1}, prices);
  // Trying the classes takes seconds, so it is done only where it decides something. Containers
  // nearly always work where there is a runtime: the keeper that prepares the image tries it, and
  // the first `apply` need not wait for machines that boot.
  const auto is_unsure = [this](Class of) {
    if (of == Class::kContainer) return probe_.known() || sandbox::oci::FindInstalled() == nullptr;
    return of != Class::kWasm;
  };
  if (chosen && !question.asked && is_unsure(chosen->sandbox_class)) {
    const scheduler::ClassSet needed = {chosen->sandbox_class};
    auto found = co_await probe_.Found(needed);
    if (!found) co_return Wrap(found.error(), resource.key().ToString() + ": spec.class");
    node = ProbedNode(*found, now.room, prices);
    chosen = scheduler::Choose(question, options, {&node, 1}, prices);
  }
  if (!chosen) co_return Wrap(chosen.error(), resource.key().ToString());
  co_return *std::move(chosen);
}

Result<model::Placement> ManagerImpl::FreePlacement(const model::Resource& resource,
                                                    const Artifacts& artifacts) const {
  auto options = OptionsOf(resource, artifacts);
  if (!options) return std::unexpected(options.error());
  const meter::Prices prices = ListPrices(options_.prices, measurements_);
  const scheduler::Node node = ThisNode(Circumstances().room, prices);
  scheduler::Question question = QuestionOf(resource, artifacts, std::nullopt, options_);
  question.by = model::PlacementBy::kCost;
  return scheduler::Choose(question, *options, {&node, 1}, prices);
}

Task<void> ManagerImpl::Place(Candidate& candidate) {
  const model::Resource& resource = candidate.resource.resource;
  const auto asked = AskedClass(candidate);
  if (!asked) co_return std::unexpected(asked.error());
  const Artifacts artifacts = candidate.artifacts();
  const auto options = OptionsOf(resource, artifacts);
  if (!options) co_return std::unexpected(options.error());
  // What has not changed stays where it is, whatever was measured since.
  auto placement = PlacementNow(candidate);
  if (placement && !CanRun(*options, placement->sandbox_class)) placement.reset();
  const auto stored = store_->Get(resource.key());
  const std::string* running = ServedAs(resource.metadata.tenant, resource.metadata.name);
  const Held now{.resource = stored ? &stored->resource : nullptr,
                 .ready = running == nullptr ? 0 : scales_.ReadyOf(*running)};
  const Bytes free = host::FreeMemory();
  if (placement && now.resource != nullptr) {
    if (auto fits = CheckGrowth(resource, now, RoomWith(free, now)); !fits) co_return fits;
  } else if (!placement) {
    const Circumstances circumstances{.room = RoomBeside(free, now)};
    auto chosen = co_await Choose(resource, artifacts, *options, *asked, circumstances);
    if (!chosen) co_return std::unexpected(chosen.error());
    placement = *std::move(chosen);
  }
  candidate.sandbox_class = placement->sandbox_class;
  candidate.resource.placement = std::move(placement);
  co_return Result<void>{};
}

}  // namespace strata::manager
