// What the manager tells: resources, changes, live figures, the host, logs.
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/strings.h"
#include "base/timestamp.h"
#include "manager/manager_impl.h"
#include "manager/placing/told_placement.h"
#include "manager/traffic/traffic_notes.h"
#include "model/manifest/manifest.h"
#include "model/revision.h"
#include "model/rules.h"

namespace strata::manager {
namespace {

constexpr std::chrono::milliseconds kWatchPatience{15'000};

std::string_view ActionOf(store::Change::Type type) {
  switch (type) {
    case store::Change::Type::kAdded:
      return ActionName(Action::kCreated);
    case store::Change::Type::kModified:
      return ActionName(Action::kConfigured);
    case store::Change::Type::kDeleted:
      break;
  }
  return ActionName(Action::kDeleted);
}

// Of one that is deployed: why nobody can call it now, which may pass or not.
std::unexpected<Error> NotServed(std::string_view tenant, std::string_view name, const Json& why) {
  std::string text = std::string(tenant) + "/" + std::string(name) +
                     " is not served: " + why["because"].get<std::string>();
  if (why["tried_again"].get<bool>()) {
    return Fail(Errc::kUnavailable, std::move(text) + "; it is tried again");
  }
  return Fail(Errc::kFailedPrecondition,
              std::move(text) + "; it is not tried again until what is said there is changed");
}

// [{"kind", "digest", "taken"}]; empty: the workload has a single artifact.
Json VariantsOf(const model::Revision& revision) {
  Json variants = model::VariantsToJson(revision.variants);
  for (Json& each : variants) each["taken"] = each["digest"] == revision.artifact_digest;
  return variants;
}

}  // namespace

std::string_view ActionName(Action action) noexcept {
  switch (action) {
    case Action::kCreated:
      return "created";
    case Action::kConfigured:
      return "configured";
    case Action::kUnchanged:
      return "unchanged";
    case Action::kDeleted:
      break;
  }
  return "deleted";
}

Json ManagerImpl::ToJson(const store::StoredResource& stored, const FormsNow::Newest* read) {
  Json json = model::ResourceToJson(stored.resource);
  json["metadata"]["uid"] = stored.uid;
  json["metadata"]["resourceVersion"] = std::to_string(stored.resource_version);
  json["metadata"]["generation"] = stored.generation;
  json["metadata"]["creationTimestamp"] = Rfc3339(stored.created);
  Json status{{"urls", Urls(stored.resource)}};
  if (stored.revision != 0) status["revision"] = stored.revision;
  const model::ResourceKey key = stored.resource.key();
  if (const auto* route = std::get_if<model::RouteSpec>(&stored.resource.spec)) {
    status["backends"] = BackendsToJson(key.tenant, route->backends, read);
    if (route->mirror) {
      const model::Mirror& mirror = *route->mirror;
      status["mirror"] =
          BackendsToJson(key.tenant, {{mirror.function, 1, mirror.target}}, read).front();
      status["mirror"].erase("share");
      status["mirror"]["percent"] = mirror.percent;
      collector_.DrainAll();
      status["mirror"].update(
          figures_.Mirrored(key.tenant, mirror.function + mirror.target.ToString()));
    }
  }
  if (stored.revision != 0) {
    if (const auto now = forms_.Now(key.tenant, key.name, read); now && *now) {
      status["class"] = model::ClassName(ClassOf(**now));
    }
    const auto moving = rollouts_.find({key.tenant, key.name});
    if (moving != rollouts_.end()) {
      status["rollout"] = ToJson(moving->second, read);
      const auto serving = ServingBackends(moving->second);
      if (!serving.empty()) status["serving"] = BackendsToJson(key.tenant, serving, read);
    }
    const std::string* served = ServedAs(key.tenant, key.name);
    Json scale = served == nullptr ? Json() : scales_.Of(*served);
    if (!scale.is_null()) status["scale"] = std::move(scale);
    Json not_served = runnables_.NotServed(key.tenant, key.name);
    if (!not_served.is_null()) status["not_served"] = std::move(not_served);
    Json stays = slos_.StaysOf(key.tenant, key.name);
    if (!stays.is_null()) status["stays"] = std::move(stays);
  }
  json["status"] = std::move(status);
  return json;
}

Result<Json> ManagerImpl::List(std::string_view kind, std::string_view tenant) {
  store::Filter filter;
  filter.tenant = tenant;
  if (!kind.empty()) {
    filter.kind = model::KindFromName(kind);
    if (!filter.kind) return Fail(Errc::kInvalidArgument, "no such kind: " + std::string(kind));
  }
  auto version = store_->ResourceVersion();
  if (!version) return std::unexpected(version.error());
  auto stored = store_->List(filter);
  if (!stored) return std::unexpected(stored.error());
  const auto newest = forms_.ReadNewest(tenant);
  if (!newest) return std::unexpected(newest.error());
  Json items = Json::array();
  for (const store::StoredResource& resource : *stored) {
    items.push_back(ToJson(resource, &*newest));
  }
  return Json{{"items", std::move(items)}, {"resourceVersion", *version}};
}

Result<Json> ManagerImpl::Get(const ResourceName& name) {
  const auto kind = model::KindFromName(name.kind);
  if (!kind) return Fail(Errc::kInvalidArgument, "no such kind: " + name.kind);
  auto stored = store_->Get({name.tenant, *kind, name.name});
  if (!stored) return std::unexpected(stored.error());
  Json json = ToJson(*stored);
  if (*kind == model::Kind::kRoute) return json;
  auto revisions = store_->Revisions(name.tenant, name.name);
  if (!revisions) return std::unexpected(revisions.error());
  Json list = Json::array();
  for (const model::Revision& revision : *revisions) {
    list.push_back({{"number", revision.number},
                    {"artifact", revision.artifact_digest},
                    {"created", Rfc3339(revision.created)}});
  }
  const auto found = forms_.Now(name.tenant, name.name);
  if (!found) return std::unexpected(found.error());
  if (*found) {
    const model::Revision& now = **found;
    const std::string in(model::ClassName(ClassOf(now)));
    // The decision: what a rollout made of it since is told beside it.
    collector_.DrainAll();
    Json placement = ToldPlacement(revisions->front(), models_, measurements_);
    if (!placement.is_null()) {
      json["status"]["placement"] = std::move(placement);
    }
    if (Json moved = MoveOf(name.tenant, name.name, now); !moved.is_null()) {
      json["status"]["moved"] = std::move(moved);
    }
    if (Json variants = VariantsOf(now); !variants.empty()) {
      json["status"]["variants"] = std::move(variants);
    }
    json["status"].update(models_.StatusOf(name.tenant, name.name));
    if (Json pool = figures_.PoolOf({name.tenant, name.name, in}); !pool.is_null()) {
      json["status"]["pool"] = std::move(pool);
    }
    auto info = compiler_.Info(now.artifact_digest);
    if (info) {
      json["status"]["guest"] = model::GuestKindName(info->kind);
      json["status"]["exports"] = info->exports;
    }
  }
  json["status"]["revisions"] = std::move(list);
  json["status"]["listener"] = Listener();
  return json;
}

// {"class", "revision", "because", "since"}: where `now` is because a rollout left it there; null:
// it is the newest revision, as it was placed.
Json ManagerImpl::MoveOf(const std::string& tenant, const std::string& name,
                         const model::Revision& now) {
  const auto found = rollouts_.find({tenant, name});
  if (found == rollouts_.end()) return {};
  const model::Rollout& by = found->second;
  if (!by.settled() || by.winner().current()) return {};
  return {{"class", model::ClassName(ClassOf(now))},
          {"revision", now.number},
          {"because", by.because},
          {"since", Rfc3339(by.since)}};
}

Json ManagerImpl::GetModels(std::string_view tenant, std::string_view name) {
  collector_.DrainAll();
  return models_.List(tenant, name, [this](model::Class each) { return measurements_.Of(each); });
}

// Which way a request takes.
Json ManagerImpl::Listener() const {
  const ListenerPlan& plan = fleet_.listener();
  return {{"address", fleet_.address()}, {"mode", ModeName(plan.mode)}, {"why", plan.why}};
}

Task<Json> ManagerImpl::Watch(std::uint64_t since) {
  auto version = store_->ResourceVersion();
  if (!version) co_return std::unexpected(version.error());
  if (since > *version) {
    co_return Fail(Errc::kInvalidArgument, "cursor " + std::to_string(since) +
                                               " is in the future (now " +
                                               std::to_string(*version) + ")");
  }
  if (since == *version) co_await changed_.Wait(kWatchPatience);
  auto changes = store_->ChangesSince(since);
  if (!changes) co_return std::unexpected(changes.error());
  Json list = Json::array();
  std::uint64_t cursor = since;
  for (const store::Change& change : *changes) {
    cursor = change.resource_version;
    list.push_back({{"action", ActionOf(change.type)},
                    {"resourceVersion", change.resource_version},
                    {"resource", ToJson(change.resource)}});
  }
  co_return Json{{"changes", std::move(list)}, {"cursor", cursor}};
}

Result<void> ManagerImpl::RequireFunction(std::string_view tenant, std::string_view function) {
  const auto found = current_.find(std::string(tenant));
  if (found != current_.end() && found->second.contains(std::string(function))) return {};
  const Json missing = runnables_.NotServed(std::string(tenant), std::string(function));
  if (!missing.is_null()) return NotServed(tenant, function, missing.front());
  std::string text = "nothing is deployed as " + std::string(tenant) + "/" + std::string(function) +
                     "; 'strata get' lists what is";
  std::vector<std::string_view> names;
  if (found != current_.end()) {
    for (const auto& [name, current] : found->second) names.push_back(name);
  }
  if (const auto meant = Nearest(function, names)) {
    text += "; did you mean '" + std::string(*meant) + "'?";
  }
  return Fail(Errc::kNotFound, std::move(text));
}

// What is not deployed (any more) may have a log all the same.
Result<void> ManagerImpl::RequireLog(std::string_view tenant, std::string_view function) {
  const bool named = !model::DnsLabelProblem(tenant) && !model::DnsLabelProblem(function);
  if (named && collector_.HasLog(tenant, function)) return {};
  return RequireFunction(tenant, function);
}

Task<Fd> ManagerImpl::ConnectFunction(std::string_view tenant, std::string_view function) {
  if (auto known = RequireFunction(tenant, function); !known) {
    co_return std::unexpected(known.error());
  }
  auto cell = fleet_.Pick(tenant);
  if (!cell) co_return Fail(Errc::kUnavailable, "no cell of this tenant runs; try again");
  co_return cell->ConnectPrivate();
}

Task<Manager::LogChunk> ManagerImpl::Logs(std::string_view tenant, std::string_view function,
                                          std::uint64_t offset, bool wait) {
  // Copied: the caller's views may not live as long as the wait.
  const std::string space(tenant);
  const std::string name(function);
  if (auto known = RequireLog(space, name); !known) co_return std::unexpected(known.error());
  auto chunk = collector_.ReadLog(space, name, offset);
  if (chunk && chunk->text.empty() && wait) {
    if (auto known = RequireFunction(space, name); !known) co_return std::unexpected(known.error());
    co_await collector_.WaitForLogs(kWatchPatience);
    chunk = collector_.ReadLog(space, name, offset);
  }
  if (!chunk) co_return std::unexpected(chunk.error());
  co_return LogChunk{std::move(chunk->text), chunk->next};
}

Result<std::uint64_t> ManagerImpl::LogTail(std::string_view tenant, std::string_view function,
                                           std::uint32_t tail) {
  if (auto known = RequireLog(tenant, function); !known) return std::unexpected(known.error());
  collector_.DrainAll();
  return collector_.LogTail(tenant, function, tail);
}

Json ManagerImpl::Status() {
  Json cells = Json::array();
  for (const auto& cell : fleet_.cells()) {
    cells.push_back({{"name", cell->name()},
                     {"role", cell->is_front() ? "front" : "host"},
                     {"namespace", cell->tenant()},
                     {"pid", cell->pid()},
                     {"generation", cell->generation()},
                     {"sandboxes", cell->sandboxes().size()}});
  }
  Json keepers = Json::array();
  for (const auto& [name, tenant] : keepers_.tenants()) {
    keepers.push_back({{"name", name}, {"namespace", tenant}});
  }
  return Json{{"version", STRATA_VERSION},
              {"instance", instance_},
              {"pid", ::getpid()},
              {"listen", fleet_.address()},
              {"listener", Listener()},
              {"engine", compiler_.engine_key()},
              {"observe",
               {{"accessLog", options_.observe.access_log},
                {"metering", options_.observe.metering},
                {"traceRatio", options_.observe.trace_ratio}}},
              {"home", dir_.home().string()},
              {"cells", std::move(cells)},
              {"keepers", std::move(keepers)},
              {"cellsReplaced", fleet_.replaced()}};
}

Task<Json> ManagerImpl::Probe() { return probe_.Found(scheduler::ClassSet::All()); }

std::string ManagerImpl::Metrics() {
  collector_.DrainAll();
  const auto gauge = [this](std::string_view name, std::string_view help, double value) {
    registry_.GetGauge(name, help).Set(value);
  };
  gauge("strata_manager_cells", "Living cells.", static_cast<double>(fleet_.cells().size()));
  gauge("strata_manager_cells_replaced", "Cells that died and were replaced.",
        static_cast<double>(fleet_.replaced()));
  gauge("strata_manager_connections_denied", "Outgoing connections that no grant allows.",
        static_cast<double>(connector_.denied()));
  const artifact::CodeCache::Stats& cache = cache_.stats();
  gauge("strata_artifact_cache_hits", "Compiled code found in the cache.",
        static_cast<double>(cache.hits));
  gauge("strata_artifact_cache_misses", "Compiled code that was not there.",
        static_cast<double>(cache.misses));
  gauge("strata_artifact_cache_rejected", "Cache entries that were corrupt, foreign or forged.",
        static_cast<double>(cache.rejected));
  gauge("strata_manager_sandboxes", "Addressable sandboxes.",
        static_cast<double>(sandboxes_.size()));
  return registry_.Expose();
}

}  // namespace strata::manager
