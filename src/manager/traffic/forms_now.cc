#include "manager/traffic/forms_now.h"

#include <algorithm>
#include <set>
#include <utility>

#include "model/values.h"

namespace strata::manager {
namespace {

using model::Class;

// `revision` as it runs in another class: by the variant that this takes.
model::Revision InClass(model::Revision revision, Class inner) {
  const Class whole = revision.workload.within
                          ? model::Pair(inner, *revision.workload.within).value_or(inner)
                          : inner;
  const auto kind = model::VariantFor(whole);
  const auto found = std::ranges::find(revision.variants, kind, &model::ResolvedVariant::kind);
  if (found != revision.variants.end()) revision.artifact_digest = found->digest;
  if (!revision.placement) revision.placement.emplace();
  revision.placement->sandbox_class = whole;
  return revision;
}

Form FormFrom(model::Revision revision, const model::Target& target) {
  if (!target.sandbox_class) return {std::move(revision), target};
  return {InClass(std::move(revision), *target.sandbox_class), target};
}

// Which form is meant where none is named: the one that has the traffic. While a rollout moves
// that, and a moment after, it is the side that is current or else the stable one, so that routes
// can lead to both.
model::Target Meant(const model::Rollout& rollout) {
  if (rollout.settled()) return rollout.winner();
  return rollout.canary.current() ? model::Target{} : rollout.stable;
}

}  // namespace

std::vector<model::Backend> LedTo(const model::RouteEntry& route) {
  std::vector<model::Backend> all = route.backends;
  if (route.mirror) all.push_back({route.mirror->function, 1, route.mirror->target});
  return all;
}

Result<FormsNow::Newest> FormsNow::ReadNewest(std::string_view tenant) {
  auto current = store_.CurrentRevisions(tenant);
  if (!current) return std::unexpected(std::move(current).error());
  Newest newest;
  for (model::Revision& revision : *current) {
    Name name(revision.tenant, revision.name);
    newest.emplace(std::move(name), std::move(revision));
  }
  return newest;
}

Result<std::optional<Form>> FormsNow::Of(const std::string& tenant, const model::Backend& backend,
                                         const Newest* read) {
  const model::Target& target = backend.target;
  const auto wanted = [&target](const model::Revision& revision) {
    return !target.revision || revision.number == *target.revision;
  };
  if (read != nullptr) {
    const auto newest = read->find({tenant, backend.function});
    if (newest == read->end()) return std::nullopt;
    if (wanted(newest->second)) return FormFrom(newest->second, target);
  }
  auto revisions = store_.Revisions(tenant, backend.function);
  if (!revisions) return std::unexpected(std::move(revisions).error());
  const auto found = std::ranges::find_if(*revisions, wanted);
  if (found == revisions->end()) return std::nullopt;
  return FormFrom(std::move(*found), target);
}

Result<std::optional<model::Revision>> FormsNow::Now(const std::string& tenant,
                                                     const std::string& name, const Newest* read) {
  const auto rollout = rollouts_.find({tenant, name});
  const model::Target meant = rollout == rollouts_.end() ? model::Target{} : Meant(rollout->second);
  auto form = Of(tenant, {name, 1, meant}, read);
  if (!form) return std::unexpected(std::move(form).error());
  if (!*form) return std::nullopt;
  return std::move((*form)->revision);
}

Result<std::vector<model::Revision>> FormsNow::AllNow() {
  auto newest = ReadNewest();
  if (!newest) return std::unexpected(std::move(newest).error());
  std::vector<model::Revision> all;
  for (auto& [name, revision] : *newest) {
    if (!rollouts_.contains(name)) {
      all.push_back(std::move(revision));
      continue;
    }
    auto now = Now(name.first, name.second, &*newest);
    if (!now) return std::unexpected(std::move(now).error());
    if (*now) all.push_back(**std::move(now));
  }
  return all;
}

Result<std::vector<model::RouteEntry>> FormsNow::Routes() {
  auto routes = store_.Routes();
  if (!routes) return routes;
  const auto rollouts = store_.Rollouts();
  if (!rollouts) return std::unexpected(rollouts.error());
  return model::WithRollouts(*std::move(routes), *rollouts);
}

Result<std::vector<Form>> FormsNow::All() {
  auto now = AllNow();
  if (!now) return std::unexpected(std::move(now).error());
  auto routes = Routes();
  if (!routes) return std::unexpected(std::move(routes).error());
  std::vector<Form> forms;
  for (model::Revision& revision : *now) forms.push_back({std::move(revision), {}});
  std::set<FormName> seen;
  for (const model::RouteEntry& route : *routes) {
    for (const model::Backend& backend : LedTo(route)) {
      if (backend.target.current()) continue;
      if (!seen.emplace(route.tenant, backend.function, backend.target).second) continue;
      auto form = Of(route.tenant, backend);
      if (!form) return std::unexpected(std::move(form).error());
      if (*form) forms.push_back(**std::move(form));
    }
  }
  return forms;
}

}  // namespace strata::manager
