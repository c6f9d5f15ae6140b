// Prepares the revisions and classes that routes name, beside what a workload is placed in now.
#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/result.h"
#include "base/text/json.h"
#include "manager/manager_impl.h"
#include "manager/placing/fits.h"
#include "model/resource.h"
#include "model/revision.h"
#include "model/traffic/conflicts.h"
#include "model/traffic/rollout.h"
#include "model/traffic/target.h"
#include "model/values.h"
#include "model/volume.h"
#include "scheduler/placing/strategy.h"

namespace strata::manager {
namespace {

using model::Class;

// What the newest manifest asks for: the one being applied, else the one that is deployed.
Result<model::Requires> FloorOf(const Candidate* changing, store::Store& store,
                                const std::string& tenant, const std::string& name) {
  if (changing != nullptr) return changing->resource.resource.workload()->requires_;
  const auto revisions = store.Revisions(tenant, name);
  if (!revisions) return std::unexpected(revisions.error());
  return revisions->front().workload.requires_;
}

// The floor of what is deployed holds for its older revisions, too.
Result<void> CheckFloor(const model::Requires& floor, const model::Revision& revision,
                        Class runs_in) {
  const std::string_view below = scheduler::BelowFloor(floor, runs_in);
  if (below.empty()) return {};
  return Fail(Errc::kFailedPrecondition, revision.ToString() + " runs in class " +
                                             std::string(model::ClassName(runs_in)) + ", but " +
                                             std::string(below) +
                                             " in the manifest that is deployed; to go below it, "
                                             "apply a manifest that asks for less");
}

Result<std::vector<model::RouteEntry>> RoutesWith(store::Store& store,
                                                  const std::vector<Candidate>& candidates) {
  auto routes = store.Routes();
  if (!routes) return routes;
  for (const Candidate& candidate : candidates) {
    const model::Resource& resource = candidate.resource.resource;
    std::erase_if(*routes, [&](const auto& route) { return route.owner == resource.key(); });
    std::ranges::move(model::RoutesOf(resource), std::back_inserter(*routes));
  }
  return routes;
}

// Where the traffic of a workload goes that a rollout leads elsewhere than to its newest form.
std::vector<model::Target> TrafficAfter(const store::NewResource& change, const model::Rollout* now,
                                        store::Store& store) {
  if (change.rollout) return {change.rollout->stable};
  if (now == nullptr) return {};
  // A new revision ends it.
  const auto applied = store.Apply(std::span(&change, 1), store::DryRun::kYes);
  if (!applied || applied->front().new_revision) return {};
  if (now->settled()) return {now->winner()};
  return {now->stable, now->canary};
}

// What was deployed as `resource`, as if it were to be deployed again.
Candidate CandidateOf(const model::Revision& revision, model::Resource resource,
                      const artifact::ContentStore& content) {
  Candidate candidate;
  candidate.resource.resource = std::move(resource);
  candidate.resource.variants = revision.variants;
  std::vector<model::ResolvedVariant> variants = revision.variants;
  if (variants.empty()) {
    const bool wasm = content.Contains(revision.artifact_digest);
    variants.push_back(
        {wasm ? model::VariantKind::kWasm : model::VariantKind::kImage, revision.artifact_digest});
  }
  for (model::ResolvedVariant& each : variants) {
    Variant variant{.place = revision.ToString()};
    if (each.kind == model::VariantKind::kImage) variant.artifact.image.emplace();
    variant.artifact.digest = std::move(each.digest);
    candidate.variants.push_back(std::move(variant));
  }
  return candidate;
}

std::string Words(const model::Backend& backend) {
  return "backend " + backend.function + backend.target.ToString();
}

}  // namespace

Result<void> CheckShareable(const model::Workload& workload) {
  const auto named = std::ranges::find_if(
      workload.volumes, [](const model::Volume& volume) { return volume.named.has_value(); });
  if (named == workload.volumes.end()) return {};
  return Fail(Errc::kUnsupported, "spec.volumes: '" + named->name +
                                      "': a named volume is for what runs now only, not for "
                                      "revisions and classes beside it");
}

Task<void> ManagerImpl::PrepareForms(const std::vector<Candidate>& candidates, Mode mode,
                                     Progress& progress) {
  const auto routes = RoutesWith(*store_, candidates);
  if (!routes) co_return std::unexpected(routes.error());
  for (const model::RouteEntry& route : *routes) {
    const auto owns = [&route](const Candidate& each) {
      return each.resource.resource.key() == route.owner;
    };
    const bool changes = std::ranges::any_of(candidates, owns);
    for (const model::Backend& backend : LedTo(route)) {
      if (backend.target.current()) continue;
      const auto is = [&](const Candidate& each) {
        const model::ObjectMeta& meta = each.resource.resource.metadata;
        return each.resource.resource.workload() != nullptr && meta.tenant == route.tenant &&
               meta.name == backend.function;
      };
      const auto found = std::ranges::find_if(candidates, is);
      const Candidate* changing = found == candidates.end() ? nullptr : &*found;
      // What neither the route nor the workload changes is served already.
      if (!changes && changing == nullptr) continue;
      auto ready = co_await PrepareForm(changing, route.tenant, backend, mode,
                                        "a route asks for class", progress);
      if (!ready) co_return Wrap(ready.error(), route.owner.ToString() + ": " + Words(backend));
    }
  }
  if (mode == Mode::kDryRun) co_return Result<void>{};
  for (const Candidate& each : candidates) co_await PrepareTraffic(each, progress);
  co_return Result<void>{};
}

// What a manifest says without making a revision (replicas, probes) is so of the older forms that
// have traffic, too: these run as it says before cells switch. A failure is not the manifest's: the
// form is left out, and tried again, as any that is lost.
Awaitable<void> ManagerImpl::PrepareTraffic(const Candidate& changing, Progress& progress) {
  const model::Resource& resource = changing.resource.resource;
  if (resource.workload() == nullptr) co_return;
  const std::string& tenant = resource.metadata.tenant;
  const std::string& name = resource.metadata.name;
  const auto moving = rollouts_.find({tenant, name});
  const model::Rollout* now = moving == rollouts_.end() ? nullptr : &moving->second;
  const std::vector<model::Target> targets = TrafficAfter(changing.resource, now, *store_);
  for (const model::Target& target : targets) {
    const auto form = forms_.Of(tenant, {name, 1, target});
    if (!form || !*form) continue;
    const model::Revision& revision = (*form)->revision;
    const Class sandbox_class = ClassOf(revision);
    if (sandbox_class == Class::kWasm) continue;  // has its code, and that is all
    const Candidate deployed = CandidateOf(revision, ResourceAs(resource, revision), content_);
    const auto ready = co_await PrepareImage(deployed, sandbox_class, Mode::kCommit, progress);
    if (ready) continue;
    log_.Warn("older traffic is not ready as its new manifest says",
              {{"form", revision.ToString()}, {"error", ready.error().message}});
  }
}

// `changing`: the workload, if it is on its way to the store itself. `asked`: as WholeClass has it,
// text of the program.
Task<void> ManagerImpl::PrepareForm(const Candidate* changing, const std::string& tenant,
                                    const model::Backend& backend, Mode mode,
                                    std::string_view asked, Progress& progress) {
  const std::optional<Class>& inner = backend.target.sandbox_class;
  if (changing != nullptr && inner) {
    auto whole = co_await CheckClass(*changing, *inner, asked);
    if (!whole) co_return std::unexpected(std::move(whole).error());
    if (*whole == Class::kWasm) co_return Result<void>{};  // compiled with the others
    co_return co_await PrepareImage(*changing, *whole, mode, progress);
  }
  auto form = forms_.Of(tenant, backend);
  if (!form) co_return std::unexpected(std::move(form).error());
  if (!*form) co_return Result<void>{};  // made by this very change, or refused by the store
  const model::Revision& revision = (*form)->revision;
  if (inner) {
    auto deployed = DeployedAs(revision);
    if (!deployed) co_return std::unexpected(std::move(deployed).error());
    auto whole = co_await CheckClass(*deployed, *inner, asked);
    if (!whole) co_return std::unexpected(std::move(whole).error());
  } else if (auto fits = CheckShareable(revision.workload); !fits) {
    co_return Wrap(fits.error(), revision.ToString());
  } else {
    const auto floor = FloorOf(changing, *store_, tenant, backend.function);
    if (!floor) co_return std::unexpected(floor.error());
    if (auto safe = CheckFloor(*floor, revision, ClassOf(revision)); !safe) co_return safe;
  }
  co_return co_await PrepareRevision(revision, mode, progress);
}

// In the class of its placement.
Task<void> ManagerImpl::PrepareRevision(model::Revision revision, Mode mode, Progress& progress) {
  const Class sandbox_class = ClassOf(revision);
  if (sandbox_class != Class::kWasm) {
    auto deployed = DeployedAs(revision);
    if (!deployed) co_return std::unexpected(std::move(deployed).error());
    co_return co_await PrepareImage(*deployed, sandbox_class, mode, progress);
  }
  if (mode == Mode::kDryRun) co_return Result<void>{};
  auto code = co_await runnables_.EnsureCode(revision);
  if (!code) co_return std::unexpected(std::move(code).error());
  co_return Result<void>{};
}

// The whole of the class that is asked for, if the workload may run there.
Task<Class> ManagerImpl::CheckClass(const Candidate& candidate, Class inner,
                                    std::string_view asked) {
  const model::Resource& resource = candidate.resource.resource;
  if (auto fits = CheckShareable(*resource.workload()); !fits) {
    co_return Wrap(fits.error(), resource.key().ToString());
  }
  auto whole = WholeClass(candidate, inner, asked);
  if (!whole) co_return whole;
  const Artifacts artifacts = candidate.artifacts();
  auto options = OptionsOf(resource, artifacts);
  if (!options) co_return std::unexpected(std::move(options).error());
  const Circumstances now{.asked_by = asked};
  auto chosen = co_await Choose(resource, artifacts, *std::move(options), *whole, now);
  if (!chosen) co_return std::unexpected(std::move(chosen).error());
  co_return whole;
}

// What is deployed, as if it were to be deployed again.
Result<Candidate> ManagerImpl::DeployedAs(const model::Revision& revision) {
  auto resource = runnables_.ResourceOf(revision);
  if (!resource) return std::unexpected(std::move(resource).error());
  return CandidateOf(revision, *std::move(resource), content_);
}

// [{"function", "revision", "class", "share"}]: where each share of a route's traffic goes now.
Json ManagerImpl::BackendsToJson(const std::string& tenant,
                                 const std::vector<model::Backend>& backends,
                                 const FormsNow::Newest* read) {
  double total = 0;
  for (const model::Backend& backend : backends) total += backend.weight;
  Json list = Json::array();
  for (const model::Backend& backend : backends) {
    Json json{{"function", backend.function}, {"share", backend.weight / total}};
    if (const auto form = forms_.Of(tenant, backend, read); form && *form) {
      json["revision"] = (*form)->revision.number;
      json["class"] = model::ClassName(ClassOf((*form)->revision));
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace strata::manager
