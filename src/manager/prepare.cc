// From artifacts to something that can be called: native code for cells, images in keepers.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/pause.h"
#include "manager/manager_impl.h"
#include "manager/placing/fits.h"
#include "manager/records/node_prices.h"
#include "sandbox/call/log_lines.h"

namespace strata::manager {
namespace {

std::string_view Name(model::GuestKind kind) { return model::GuestKindName(kind); }

// What the compiler found must be what the manifest asks for, and able to get what it grants.
Result<void> CheckKind(const model::Resource& resource, model::GuestKind found) {
  const model::Workload& workload = *resource.workload();
  const model::GuestKind asked = workload.guest;
  if (asked != model::GuestKind::kAuto && asked != found) {
    return Fail(Errc::kInvalidArgument, resource.key().ToString() + ": spec.guest is '" +
                                            std::string(Name(asked)) + "' but the artifact is '" +
                                            std::string(Name(found)) + "'");
  }
  if (resource.kind() == model::Kind::kService && found == model::GuestKind::kCommand) {
    return Fail(Errc::kUnsupported, resource.key().ToString() +
                                        ": a WASI command ends with its call; deploy it as a "
                                        "Function");
  }
  const bool dirs = !workload.grants.dirs.empty() || !workload.mounts.empty();
  if (found == model::GuestKind::kModule && dirs) {
    return Fail(Errc::kUnsupported, resource.key().ToString() +
                                        ": spec.grants.dirs: a bare module has no file system to "
                                        "show directories in; build a command or a component");
  }
  return {};
}

constexpr std::chrono::seconds kTick{1};

Result<void> CheckImageKind(const model::Resource& resource) {
  const model::GuestKind asked = resource.workload()->guest;
  if (asked == model::GuestKind::kModule) {
    return Fail(Errc::kInvalidArgument,
                resource.key().ToString() +
                    ": spec.guest is 'module' but a container image is a 'command' or an 'http' "
                    "server");
  }
  return {};
}

// For its log, beside what the program itself printed before it ended, if it did.
keeper::Printed RefusalLine(const Candidate& candidate, const Error& why) {
  return {.name = candidate.resource.resource.metadata.name,
          .sandbox = {},
          .sandbox_class = std::string(model::ClassName(candidate.sandbox_class)),
          .stream = std::string(sandbox::StreamName(sandbox::Stream::kHost)),
          .text = "not deployed: " + why.message};
}

}  // namespace

Task<void> ManagerImpl::Build(std::vector<Candidate>& candidates, Progress& progress) {
  for (Candidate& candidate : candidates) {
    const model::Resource& resource = candidate.resource.resource;
    if (resource.workload() == nullptr) continue;
    for (Variant& variant : candidate.variants) {
      // Not a conditional expression: gcc 12 destroys its temporaries twice around co_await.
      Result<void> built;
      if (variant.artifact.image) {
        built = co_await UnpackImage(resource, variant, progress);
      } else {
        built = co_await CompileWasm(resource, variant, progress);
      }
      if (!built) co_return built;
    }
  }
  co_return Result<void>{};
}

Task<void> ManagerImpl::CompileWasm(const model::Resource& resource, Variant& variant,
                                    Progress& progress) {
  if (progress.abandoned()) co_return Fail(Errc::kUnavailable, "given up");
  progress.Report({.what = Step::What::kCompiling,
                   .resource = resource.key().ToString(),
                   .subject = variant.artifact.digest});
  auto code = co_await compiler_.Prepare(variant.artifact.digest, variant.artifact.bytes);
  if (!code) co_return Wrap(code.error(), variant.place);
  if (auto fits = CheckKind(resource, code->info.kind); !fits) co_return fits;
  variant.code = std::move(code->file);
  co_return Result<void>{};
}

Task<void> ManagerImpl::UnpackImage(const model::Resource& resource, const Variant& variant,
                                    Progress& progress) {
  if (auto fits = CheckImageKind(resource); !fits) co_return fits;
  Step step{.what = Step::What::kUnpacking, .resource = resource.key().ToString()};
  artifact::ImageStore::WatchFn watch = [&step,
                                         &progress](const artifact::ImageStore::Unpacking& at) {
    step.subject = at.digest;
    step.item = at.layer;
    step.items = at.layers;
    step.bytes = at.bytes;
    step.total = at.total;
    progress.Report(step);
    return !progress.abandoned();
  };
  auto root = co_await images_.Unpack(*variant.artifact.image, std::move(watch));
  if (!root) co_return Wrap(std::move(root).error(), variant.place);
  co_return Result<void>{};
}

Task<void> ManagerImpl::Prepare(const std::vector<Candidate>& candidates, Mode mode,
                                Progress& progress) {
  std::vector<store::VolumeRecord> missing;
  for (const Candidate& candidate : candidates) {
    const model::Resource& resource = candidate.resource.resource;
    if (resource.workload() == nullptr) continue;
    auto planned = volumes_.Plan(resource.metadata.tenant, *resource.workload(), missing);
    if (planned && candidate.sandbox_class == model::Class::kWasm) {
      planned = volumes_.CheckMountable(resource.metadata.tenant, *resource.workload());
    }
    if (!planned) co_return Wrap(planned.error(), resource.key().ToString() + ": spec.volumes");
  }
  if (mode == Mode::kCommit) {
    if (auto made = co_await volumes_.Make(missing); !made) co_return made;
  }
  for (const Candidate& candidate : candidates) {
    const model::Resource& resource = candidate.resource.resource;
    if (resource.workload() == nullptr || !candidate.taken().artifact.image) continue;
    auto made = co_await PrepareImage(candidate, candidate.sandbox_class, mode, progress);
    if (!made && mode == Mode::kCommit) {
      collector_.TakeLine(resource.metadata.tenant, RefusalLine(candidate, made.error()));
    }
    if (!made) co_return Wrap(made.error(), resource.key().ToString());
  }
  co_return Result<void>{};
}

// Asks the keeper too whether it can enforce what the manifest wants, so that nothing is stored
// that no call could run.
Task<void> ManagerImpl::PrepareImage(const Candidate& candidate, model::Class sandbox_class,
                                     Mode mode, Progress& progress) {
  const model::Resource& resource = candidate.resource.resource;
  const std::string& digest = candidate.Find(model::VariantKind::kImage)->artifact.digest;
  auto root = images_.Get(digest);
  if (!root) co_return std::unexpected(std::move(root).error());
  Step step{
      .what = Step::What::kPreparing, .resource = resource.key().ToString(), .subject = digest};
  if (IsServer(resource) && mode == Mode::kCommit) step.what = Step::What::kStarting;
  progress.Report(step);
  const std::string& tenant = resource.metadata.tenant;
  model::Grants grants = mode == Mode::kDryRun ? volumes_.GrantsToAsk(tenant, *resource.workload())
                                               : volumes_.GrantsOf(tenant, *resource.workload());
  // A server runs before it is stored: one that does not come up replaces nothing.
  // Its price has no start by the record in it: the keeper sees itself how long one takes.
  auto what = WorkloadOf(resource, mode, std::move(grants),
                         options_.prices.On(HostName()).Of(sandbox_class));
  auto key = co_await keepers_.Run(tenant, sandbox_class, digest, artifact::WriteRootImage(*root),
                                   std::move(what), Keepers::Until::kReady);
  if (!key) co_return std::unexpected(std::move(key).error());
  co_return Result<void>{};
}

void ManagerImpl::ReleaseUnused() {
  // What is being made ready in a tenant's turn is not stored yet.
  unreleased_.clear();
  const auto busy = [this](std::string_view tenant) {
    const bool taken = deploying_.Taken(tenant);
    if (taken) unreleased_.emplace(tenant);
    return taken;
  };
  keepers_.KeepOnly(served_, runnables_.images(), busy);
  scales_.KeepOnly([this](const std::string& key) {
    const auto keeper = keepers_.Of(key);
    return keeper && keeper->keys().contains(key);
  });
  volumes_.Release(busy);
  ReleaseImages();
}

// Of tenants whose turn has ended since, maybe without a change.
Awaitable<void> ManagerImpl::ReleaseLeft() {
  const auto free = [this](const std::string& tenant) { return !deploying_.Taken(tenant); };
  while (true) {
    co_await Pause(loop_, kTick);
    if (std::ranges::none_of(unreleased_, free)) continue;
    auto turn = co_await changes_.Take();
    if (!turn) co_return;
    ReleaseUnused();
  }
}

void ManagerImpl::ReleaseImages() {
  // Of every revision that is kept: a rollout can go back to any of them.
  auto kept = store_->ArtifactsKept();
  if (!kept) return;
  std::set<std::string> digests = *std::move(kept);
  for (const auto& [id, record] : sandboxes_) digests.insert(record.artifact_digest);
  for (const auto& held : held_) {
    if (const auto digest = held.lock()) digests.insert(*digest);
  }
  auto pruned = images_.Prune(digests);
  if (!pruned) log_.Warn("unused images are not removed", {{"error", pruned.error().message}});
}

std::shared_ptr<const std::string> ManagerImpl::Hold(std::string digest) {
  std::erase_if(held_, [](const auto& held) { return held.expired(); });
  auto hold = std::make_shared<const std::string>(std::move(digest));
  held_.emplace_back(hold);
  return hold;
}

}  // namespace strata::manager
