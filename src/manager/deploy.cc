// Apply and Delete: manifests -> checked, compiled, durable, served.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/async/pause.h"
#include "base/check.h"
#include "manager/manager_impl.h"
#include "manager/placing/told_placement.h"
#include "manager/traffic/traffic_notes.h"
#include "model/manifest/local_paths.h"
#include "model/manifest/manifest.h"
#include "model/revision.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostProblems = 100;
constexpr const char* kDefaultTenant = "default";  // has the listener while nobody has routes
constexpr std::chrono::milliseconds kFirstRetry{500};
constexpr std::chrono::milliseconds kLongestRetry{10'000};
// Making a form ready again may hold the turn of its tenant for a minute or so.
constexpr std::chrono::milliseconds kLongestRetryOfForms{60'000};

std::string DiffLine(const model::FieldChange& change) {
  using Type = model::FieldChange::Type;
  switch (change.type) {
    case Type::kAdded:
      return change.path + ": + " + DumpJson(change.after);
    case Type::kRemoved:
      return change.path + ": - " + DumpJson(change.before);
    case Type::kChanged:
      break;
  }
  return change.path + ": " + DumpJson(change.before) + " -> " + DumpJson(change.after);
}

Action ActionOf(store::Outcome outcome) {
  switch (outcome) {
    case store::Outcome::kCreated:
      return Action::kCreated;
    case store::Outcome::kConfigured:
      return Action::kConfigured;
    case store::Outcome::kUnchanged:
      break;
  }
  return Action::kUnchanged;
}

std::string JoinProblems(const std::vector<model::Diagnostic>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < kMostProblems; ++i) {
    if (i > 0) text += '\n';
    text += problems[i].ToString();
  }
  if (problems.size() > kMostProblems) text += "\n(and more)";
  return text;
}

// The addressable sandboxes that were made from it.
std::vector<std::string> MadeFrom(const model::ResourceKey& workload,
                                  const std::map<std::string, store::SandboxRecord>& all) {
  std::vector<std::string> ids;
  if (workload.kind == model::Kind::kRoute) return ids;
  for (const auto& [id, record] : all) {
    if (record.tenant == workload.tenant && record.function == workload.name) ids.push_back(id);
  }
  return ids;
}

// A cell confines itself to the granted directories when it starts, so they must be there before.
Result<void> CheckDirectories(const model::Resource& resource) {
  std::error_code error;
  for (const model::DirGrant& dir : resource.workload()->grants.dirs) {
    if (dir.mode != model::DirGrant::Mode::kReadOnly || fs::is_directory(dir.host, error)) continue;
    return Fail(Errc::kInvalidArgument, resource.key().ToString() + ": spec.grants.dirs: '" +
                                            dir.host + "' is no directory on this host");
  }
  for (const model::Volume& volume : resource.workload()->volumes) {
    if (!volume.host) continue;
    const std::string place = resource.key().ToString() + ": spec.volumes: '" + volume.host->path;
    if (!fs::is_directory(volume.host->path, error)) {
      return Fail(Errc::kInvalidArgument, place + "' is no directory on this host");
    }
    if (const fs::path real = fs::canonical(volume.host->path, error); real != volume.host->path) {
      return Fail(Errc::kInvalidArgument,
                  place + "' leads through a link; write '" + real.string() + "'");
    }
  }
  return {};
}

// Lets go of what they hold.
void Release(std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    for (Variant& variant : candidate.variants) variant.hold.reset();
  }
}

}  // namespace

Result<std::vector<model::Resource>> ManagerImpl::ReadResources(std::vector<ManifestFile> files) {
  std::vector<model::Resource> resources;
  std::vector<model::Diagnostic> problems;
  for (const ManifestFile& file : files) {
    auto read = model::ReadManifests(file.text, file.name, file.tenant);
    problems.insert(problems.end(), read.problems.begin(), read.problems.end());
    for (model::Resource& resource : read.resources) {
      model::ResolveLocalPaths(resource, file.dir);
      resources.push_back(std::move(resource));
    }
  }
  if (!problems.empty()) return Fail(Errc::kInvalidArgument, JoinProblems(problems));
  if (resources.empty()) return Fail(Errc::kInvalidArgument, "the manifests hold no resource");

  for (const model::Resource& resource : resources) {
    if (resource.workload() == nullptr) continue;
    if (auto fits = CheckLimits(resource); !fits) return std::unexpected(fits.error());
    if (auto there = CheckDirectories(resource); !there) return std::unexpected(there.error());
  }
  return resources;
}

Task<std::vector<Candidate>> ManagerImpl::ReadCandidates(std::vector<ManifestFile> files,
                                                         Progress& progress) {
  auto resources = ReadResources(std::move(files));
  if (!resources) co_return std::unexpected(resources.error());
  std::vector<Candidate> candidates;
  for (model::Resource& resource : *resources) {
    auto candidate = co_await ReadCandidate(std::move(resource), progress);
    if (!candidate) co_return std::unexpected(candidate.error());
    candidates.push_back(std::move(*candidate));
  }
  co_return candidates;
}

Task<Candidate> ManagerImpl::ReadCandidate(model::Resource resource, Progress& progress) {
  Candidate candidate;
  candidate.resource.resource = std::move(resource);
  const model::Workload* workload = candidate.resource.resource.workload();
  if (workload == nullptr) co_return candidate;
  for (const model::NamedArtifact& named : model::ArtifactsOf(*workload)) {
    auto variant = co_await FetchVariant(candidate.resource.resource, named, progress);
    if (!variant) co_return std::unexpected(variant.error());
    if (candidate.Find(variant->kind()) != nullptr) {
      const std::string kind(model::VariantKindName(variant->kind()));
      co_return Fail(Errc::kInvalidArgument, variant->place + ": a second variant of kind '" +
                                                 kind + "'; there is one of each kind at most");
    }
    if (!workload->variants.empty()) {
      candidate.resource.variants.push_back({variant->kind(), variant->artifact.digest});
    }
    candidate.variants.push_back(std::move(*variant));
  }
  auto placed = co_await Place(candidate);
  if (!placed) co_return std::unexpected(placed.error());
  candidate.resource.artifact_digest = candidate.taken().artifact.digest;
  co_return candidate;
}

Artifacts Candidate::artifacts() const {
  Artifacts artifacts;
  for (const Variant& each : variants) artifacts[each.kind()] = each.artifact.digest;
  return artifacts;
}

const Variant* Candidate::Find(model::VariantKind kind) const noexcept {
  const auto found = std::ranges::find(variants, kind, &Variant::kind);
  return found == variants.end() ? nullptr : &*found;
}

const Variant& Candidate::taken() const noexcept {
  const Variant* found = Find(model::VariantFor(sandbox_class));
  STRATA_CHECK(found != nullptr);  // a class without a variant is not chosen
  return *found;
}

Task<Variant> ManagerImpl::FetchVariant(const model::Resource& resource,
                                        const model::NamedArtifact& named, Progress& progress) {
  Variant variant{.place = resource.key().ToString() + ": " + named.field};
  std::string reference = named.reference;
  if (NeedsPull(reference)) {
    Step step{
        .what = Step::What::kPulling, .resource = resource.key().ToString(), .subject = reference};
    Puller::WatchFn watch = [&step, &progress](std::uint64_t bytes) {
      step.bytes = bytes;
      progress.Report(step);
      return !progress.abandoned();
    };
    auto pulled = co_await puller_.Pull(reference, std::move(watch));
    if (!pulled) co_return Wrap(std::move(pulled).error(), variant.place);
    variant.pulled = std::move(*pulled);
    reference = variant.pulled->reference();
  }
  auto artifact = artifact::Resolve(reference);
  if (!artifact) co_return Wrap(std::move(artifact).error(), variant.place);
  variant.artifact = std::move(*artifact);
  variant.hold = Hold(variant.artifact.digest);
  co_return variant;
}

Result<void> ManagerImpl::CheckLimits(const model::Resource& resource) const {
  const Bytes asked = resource.workload()->limits.memory;
  if (asked <= options_.max_memory) return {};
  return Fail(Errc::kInvalidArgument, resource.key().ToString() + ": spec.limits.memory_mib is " +
                                          std::to_string(asked.count >> 20) +
                                          ", but this server's most is " +
                                          std::to_string(options_.max_memory.count >> 20) +
                                          " (--max-memory-mib; strata up -- --max-memory-mib=N)");
}

std::vector<std::string> ManagerImpl::Urls(const model::Resource& resource) const {
  std::vector<std::string> urls;
  for (const model::RouteEntry& route : model::RoutesOf(resource)) {
    urls.push_back("http://" + (route.host == "*" ? fleet_.address() : route.host) + route.path);
  }
  return urls;
}

Result<std::vector<Change>> ManagerImpl::Describe(
    const std::vector<Candidate>& candidates, const std::vector<store::Applied>& applied,
    const std::map<model::ResourceKey, model::Resource>& before) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const model::Resource& resource = candidates[i].resource.resource;
    const auto old = before.find(resource.key());
    Change change;
    change.kind = model::KindName(resource.kind());
    change.tenant = resource.metadata.tenant;
    change.name = resource.metadata.name;
    change.action = ActionOf(applied[i].outcome);
    change.revision = static_cast<std::uint32_t>(applied[i].resource.revision);
    for (const model::FieldChange& field :
         model::Diff(old == before.end() ? nullptr : &old->second, resource)) {
      change.diff.push_back(DiffLine(field));
    }
    change.urls = Urls(resource);
    change.placement = candidates[i].resource.placement;
    if (change.placement) {
      std::string advice =
          MeasureFirst(*change.placement, *resource.workload(), change.name, measurements_);
      if (!advice.empty()) change.notes.push_back(std::move(advice));
    }
    const auto moving = rollouts_.find({change.tenant, change.name});
    if (moving != rollouts_.end() && !candidates[i].resource.rollout) {
      std::string note =
          applied[i].new_revision ? EndedNote(moving->second) : TrafficNote(moving->second);
      if (change.revision != 0 && !note.empty()) change.notes.push_back(std::move(note));
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<void> ManagerImpl::CheckAgainstStore(std::span<const store::NewResource> resources) {
  auto fits = store_->Apply(resources, store::DryRun::kYes);
  if (!fits) return std::unexpected(std::move(fits).error());
  return {};
}

Task<void> ManagerImpl::TakeTurns(const std::vector<Candidate>& candidates,
                                  std::vector<KeyedTurns::Turn>& turns) {
  std::set<std::string> tenants;  // in order: two who need the same ones cannot wait for each other
  for (const Candidate& each : candidates) tenants.insert(each.resource.resource.metadata.tenant);
  for (const std::string& tenant : tenants) {
    auto turn = co_await deploying_.Take(tenant);
    if (!turn) co_return std::unexpected(std::move(turn).error());
    turns.push_back(*std::move(turn));
  }
  co_return Result<void>{};
}

// In a turn of the changes; a dry run stops before it changes anything.
Result<std::vector<Change>> ManagerImpl::Commit(std::vector<Candidate>& candidates,
                                                std::span<const store::NewResource> resources,
                                                Mode mode) {
  std::map<model::ResourceKey, model::Resource> before;
  for (const Candidate& candidate : candidates) {
    auto old = store_->Get(candidate.resource.resource.key());
    if (old) before.emplace(candidate.resource.resource.key(), old->resource);
  }
  if (mode == Mode::kDryRun) {
    auto checked = store_->Apply(resources, store::DryRun::kYes);
    if (!checked) return std::unexpected(std::move(checked).error());
    return Describe(candidates, *checked, before);
  }
  for (const Candidate& candidate : candidates) {
    for (const Variant& variant : candidate.variants) {
      if (variant.kind() != model::VariantKind::kWasm) continue;
      auto kept = content_.Put(variant.artifact.digest, variant.artifact.bytes);
      if (!kept) return Wrap(kept.error(), "keep " + variant.place);
    }
  }
  auto applied = store_->Apply(resources, store::DryRun::kNo);
  if (!applied) return std::unexpected(std::move(applied).error());
  for (Candidate& candidate : candidates) {
    for (Variant& variant : candidate.variants) {
      if (!variant.code.valid()) continue;
      runnables_.AddCode(variant.artifact.digest, std::move(variant.code));
    }
  }
  return Describe(candidates, *applied, before);
}

Task<std::vector<Change>> ManagerImpl::Apply(std::vector<ManifestFile> files, Mode mode,
                                             Progress& progress) {
  auto candidates = co_await ReadCandidates(std::move(files), progress);
  if (!candidates) co_return std::unexpected(candidates.error());
  co_return co_await Deploy(*candidates, mode, progress);
}

Task<std::vector<Change>> ManagerImpl::Deploy(std::vector<Candidate>& candidates, Mode mode,
                                              Progress& progress) {
  std::vector<store::NewResource> resources;
  for (const Candidate& candidate : candidates) resources.push_back(candidate.resource);
  // Cheap refusals (conflicts, missing backends) come before the costly compiler.
  if (auto fits = CheckAgainstStore(resources); !fits) co_return std::unexpected(fits.error());
  if (auto built = co_await Build(candidates, progress); !built) {
    Release(candidates);
    ReleaseImages();
    co_return std::unexpected(built.error());
  }
  // Services come up in their tenant's turn: nobody else waits for them.
  std::vector<KeyedTurns::Turn> tenants;
  auto prepared = co_await TakeTurns(candidates, tenants);
  // Again: others may have changed something meanwhile.
  if (prepared) prepared = CheckAgainstStore(resources);
  if (prepared && progress.abandoned()) prepared = Fail(Errc::kUnavailable, "given up");
  if (prepared) prepared = co_await Prepare(candidates, mode, progress);
  if (prepared) prepared = co_await PrepareForms(candidates, mode, progress);

  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  Result<std::vector<Change>> changes;
  if (prepared) {
    changes = Commit(candidates, resources, mode);
  } else {
    changes = std::unexpected(std::move(prepared).error());
  }
  Release(candidates);
  tenants.clear();
  if (!changes || mode == Mode::kDryRun) {
    ReleaseUnused();
    co_return changes;
  }
  changed_.Notify();
  if (auto served = co_await Serve(); !served) {
    Spawn(loop_, ServeUntilDone());
    co_return Wrap(served.error(),
                   "stored, but not every cell serves it yet (it is being tried again)");
  }
  co_return changes;
}

Task<Change> ManagerImpl::Delete(ResourceName name) {
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  const auto kind = model::KindFromName(name.kind);
  if (!kind) co_return Fail(Errc::kInvalidArgument, "no such kind: " + name.kind);
  const model::ResourceKey key{name.tenant, *kind, name.name};
  auto deleted = store_->Delete(std::span(&key, 1));
  if (!deleted) co_return std::unexpected(deleted.error());
  if (*kind != model::Kind::kRoute) {  // one may have its workload's name
    models_.Forget(key.tenant, key.name);
    figures_.Forget(key.tenant, key.name);
  }
  const std::vector<std::string> theirs = MadeFrom(key, sandboxes_);
  for (const std::string& id : theirs) {
    sandboxes_.erase(id);
    // A cell that cannot be told is gone, and they with it.
    if (auto cell = fleet_.FindSandbox(key.tenant, id)) (void)co_await cell->DeleteSandbox(id);
  }
  changed_.Notify();
  if (auto served = co_await Serve(); !served) {
    Spawn(loop_, ServeUntilDone());
    co_return Wrap(served.error(),
                   "deleted, but not every cell has heard of it yet (it is being tried again)");
  }
  Change change;
  change.kind = std::move(name.kind);
  change.tenant = std::move(name.tenant);
  change.name = std::move(name.name);
  change.action = Action::kDeleted;
  co_return change;
}

Task<void> ManagerImpl::DeleteVolume(std::string tenant, std::string name) {
  // Not while a change of the tenant's is about to use it.
  auto deploying = co_await deploying_.Take(tenant);
  if (!deploying) co_return std::unexpected(deploying.error());
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  co_return volumes_.Delete(tenant, name);
}

Task<DesiredState> ManagerImpl::BuildDesired() {
  if (auto read = ReadRollouts(); !read) co_return std::unexpected(read.error());
  auto forms = forms_.All();
  if (!forms) co_return std::unexpected(forms.error());
  auto routes = forms_.Routes();
  if (!routes) co_return std::unexpected(routes.error());
  auto version = store_->ResourceVersion();
  if (!version) co_return std::unexpected(version.error());
  const auto rollouts = store_->Rollouts();
  if (!rollouts) co_return std::unexpected(rollouts.error());
  slos_.Follow(*forms, *rollouts, clock_.Now());
  DesiredState desired;
  desired.generation = static_cast<std::uint32_t>(*version);
  auto made = co_await runnables_.Of(*std::move(forms));
  if (!made) co_return std::unexpected(made.error());
  const std::vector<Runnable> ready = *std::move(made);
  const std::set<FormName>& refused = runnables_.refused();
  std::set<std::string> tenants;
  for (const Runnable& each : ready) tenants.insert(each.revision.tenant);
  desired.listener = PlanListener(ready, *routes);
  if (desired.listener.mode == ListenerPlan::Mode::kFront) {
    desired.front = BuildFrontConfiguration(ready, *routes, options_.observe, refused);
  } else {
    if (desired.listener.tenant.empty()) desired.listener.tenant = kDefaultTenant;
    tenants.insert(desired.listener.tenant);
  }
  current_.clear();
  for (const std::string& tenant : tenants) {
    Configuration built = BuildConfiguration(tenant, ready, *routes, options_.observe, refused);
    for (std::uint32_t i = 0; i < built.message.functions.size(); ++i) {
      const cell::Function& function = built.message.functions[i];
      if (function.target.empty()) current_[tenant][function.name] = {i, function.module};
    }
    desired.by_tenant.emplace(tenant, std::move(built));
  }
  co_return desired;
}

Task<void> ManagerImpl::Serve() {
  auto desired = co_await BuildDesired();
  if (!desired) co_return std::unexpected(desired.error());
  std::set<std::string> keys;
  for (const auto& [tenant, built] : desired->by_tenant) {
    keys.insert(built.modules.begin(), built.modules.end());
  }
  served_.insert(keys.begin(), keys.end());  // until all have switched, beside what they had
  // Somebody may have lost what it takes, or be too busy for it, for a while only. Whoever pauses
  // because of something else does not hold it up, and neither does a cell that cannot be told.
  for (const std::string& tenant : runnables_.lacking()) {
    if (making_ready_.contains(tenant) && !runnables_.untried().contains(tenant)) continue;
    Spawn(loop_, MakeReadyUntilDone(tenant, {}));
  }
  auto served = co_await fleet_.Reconcile(std::move(*desired));
  if (!served) co_return std::unexpected(served.error());
  if (fleet_.behind()) co_return Result<void>{};
  // Not earlier: a cell that dies during the change is replaced with what it had.
  runnables_.KeepCode(keys);
  served_ = std::move(keys);
  ReleaseUnused();
  co_return Result<void>{};
}

Awaitable<void> ManagerImpl::ServeUntilDone() {
  const std::shared_ptr<void> mine = std::make_shared<int>();
  serving_again_ = mine;
  for (auto pause = kFirstRetry;; pause = std::min(2 * pause, kLongestRetry)) {
    co_await Pause(loop_, pause);
    auto turn = co_await changes_.Take();
    if (!turn || serving_again_ != mine) co_return;
    auto served = co_await Serve();
    if (serving_again_ != mine) co_return;
    if (served && !fleet_.behind()) break;
    if (!served) log_.Error("cells are behind the desired state", served.error());
  }
  serving_again_ = nullptr;
}

Awaitable<void> ManagerImpl::MakeReadyUntilDone(std::string tenant,
                                                std::chrono::milliseconds pause) {
  const std::shared_ptr<void> mine = std::make_shared<int>();
  making_ready_.insert_or_assign(tenant, mine);
  const auto stands = [&] {
    const auto found = making_ready_.find(tenant);
    return found != making_ready_.end() && found->second == mine;
  };
  while (true) {
    co_await Pause(loop_, pause);
    if (!stands()) co_return;
    auto made = co_await MakeReady(tenant);
    if (!stands()) co_return;  // something is lost since
    if (made && !runnables_.lacking().contains(tenant)) break;
    if (!made) log_.Error("what " + tenant + " lacks is not made ready", made.error());
    pause = std::clamp(2 * pause, kFirstRetry, kLongestRetryOfForms);
  }
  making_ready_.erase(tenant);
}

Task<void> ManagerImpl::MakeReady(const std::string& tenant) {
  auto deploying = co_await deploying_.Take(tenant);
  if (!deploying) co_return std::unexpected(std::move(deploying).error());
  auto forms = forms_.All();
  if (!forms) co_return std::unexpected(std::move(forms).error());
  std::erase_if(*forms, [&tenant](const Form& form) { return form.revision.tenant != tenant; });
  auto made = co_await runnables_.MakeReady(*std::move(forms));
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  {
    // Nothing of a tenant is let go of while somebody has its turn.
    const KeyedTurns::Turn given_up = *std::move(deploying);
  }
  if (!made) co_return made;
  auto served = co_await Serve();
  if (!served) Spawn(loop_, ServeUntilDone());
  co_return served;
}

}  // namespace strata::manager
