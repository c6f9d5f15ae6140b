// From artifacts to something that can be called: native code for cells, images in keepers.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/files.h"
#include "base/pause.h"
#include "manager/fits.h"
#include "manager/manager_impl.h"
#include "manager/node_prices.h"
#include "manager/together.h"

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

// As in the classes whose sandboxes have a root to write to.
constexpr Bytes kScratchSize = Bytes::MiB(64);
constexpr std::chrono::seconds kTick{1};

// Cells get scratch directories as mounts of a size. Without root there are none: what the manifest
// left open is then a directory on disk.
void BoundScratch(model::Grants& grants) {
  if (::geteuid() != 0) return;
  for (model::DirGrant& dir : grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kScratch && dir.size.count == 0) dir.size = kScratchSize;
  }
}

constexpr std::uint16_t kDefaultPort = 8080;

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

// What a keeper has to run for a resource whose artifact is an image. In a dry run that is nothing:
// it is asked whether it could.
Keepers::Workload WorkloadOf(const model::Resource& resource, Mode mode, model::Grants grants,
                             const meter::Price& price) {
  const model::Workload& workload = *resource.workload();
  if (!IsServer(resource) || mode == Mode::kDryRun) {
    const auto* function = std::get_if<model::FunctionSpec>(&resource.spec);
    return keeper::Admit{.key = "",
                         .image = "",
                         .name = resource.metadata.name,
                         .limits = workload.limits,
                         .env = workload.env,
                         .grants = std::move(grants),
                         .scale = function == nullptr ? model::Scale() : function->scale,
                         .priority = workload.priority,
                         .price = price};
  }
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  keeper::Serve what{.key = "",
                     .image = "",
                     .name = resource.metadata.name,
                     .limits = workload.limits,
                     .env = workload.env,
                     .grants = std::move(grants),
                     .port = service == nullptr ? kDefaultPort : service->port,
                     .replicas = 1};
  if (service != nullptr) {
    what.replicas = service->replicas.value_or(1);
    what.scale = service->scale;
    what.health = service->health.value_or(model::Health{});
    what.restart = service->restart;
    what.stop_timeout = service->stop_timeout;
  }
  what.env.try_emplace("PORT", std::to_string(what.port));
  return what;
}

}  // namespace

Task<void> ManagerImpl::Build(std::vector<Candidate>& candidates, Progress& progress) {
  for (Candidate& candidate : candidates) {
    const model::Resource& resource = candidate.resource.resource;
    if (resource.workload() == nullptr) continue;
    for (Variant& variant : candidate.variants) {
      // Not a conditional expression: see MakeRunnable.
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

model::Class ManagerImpl::ClassOf(const model::Revision& revision) const {
  if (revision.placement) return revision.placement->sandbox_class;
  const bool wasm = content_.Contains(revision.artifact_digest);
  const auto found =
      model::ClassOf(revision.workload, wasm ? model::Class::kWasm : model::Class::kContainer);
  STRATA_CHECK(found.has_value());  // else it was refused
  return *found;
}

Task<Runnable> ManagerImpl::MakeRunnable(Form form) {
  model::Revision revision = std::move(form.revision);
  Runnable runnable;
  runnable.target = form.target;
  runnable.sandbox_class = ClassOf(revision);
  const bool wasm = runnable.sandbox_class == model::Class::kWasm;
  // Not a conditional expression: gcc 12 destroys its temporaries twice around co_await.
  Result<std::string> module;
  if (wasm) {
    module = co_await EnsureCode(revision);
  } else {
    module = co_await EnsureImage(revision, runnable.sandbox_class);
  }
  if (!module) co_return std::unexpected(std::move(module).error());
  runnable.module = std::move(*module);
  // Cells and keepers know volumes as directories.
  revision.workload.grants = volumes_.GrantsOf(revision.tenant, revision.workload);
  if (wasm) {
    if (auto fits = CheckCellVolumes(revision.workload); !fits) {
      co_return Wrap(fits.error(), revision.ToString() + ": spec.volumes");
    }
    BoundScratch(revision.workload.grants);
  }
  runnable.revision = std::move(revision);
  co_return runnable;
}

// One workload whose code is lost must not keep the others from being served.
Task<void> ManagerImpl::TryRunnable(Form form, Result<Runnable>& made) {
  made = co_await MakeRunnable(std::move(form));
  co_return Result<void>{};
}

// What is tried again and again is told once.
void ManagerImpl::LeaveOut(std::vector<LeftOut> forms) {
  for (const LeftOut& each : forms) {
    if (std::ranges::find(left_out_, each) != left_out_.end()) continue;
    log_.Error("not served, and tried again until it is",
               {{"workload", each.tenant + "/" + each.name},
                {"revision", std::to_string(each.revision)},
                {"class", std::string(model::ClassName(each.sandbox_class))},
                {"because", each.because}});
  }
  left_out_ = std::move(forms);
}

// All at once: a keeper that was lost has a machine to boot for some, which others need not wait
// for one after the other.
Task<std::vector<Runnable>> ManagerImpl::MakeRunnables(std::vector<Form> forms) {
  std::vector<Result<Runnable>> made(forms.size());
  std::vector<LeftOut> tried;
  std::vector<Task<void>> all;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const model::Revision& revision = forms[i].revision;
    const model::Class in = ClassOf(revision);
    tried.push_back({revision.tenant, revision.name, revision.number, in, {}});
    const bool at_hand =
        in == model::Class::kWasm &&
        code_.contains(ModuleKey(revision.artifact_digest, compiler_.engine_key()));
    if (at_hand) {
      // Without a turn of the loop: a switch of traffic should not wait for one.
      if (auto done = co_await TryRunnable(std::move(forms[i]), made[i]); !done) {
        co_return std::unexpected(std::move(done).error());
      }
    } else {
      all.push_back(TryRunnable(std::move(forms[i]), made[i]));
    }
  }
  if (auto done = co_await Together(loop_, std::move(all)); !done) {
    co_return std::unexpected(std::move(done).error());
  }
  std::vector<Runnable> ready;
  std::vector<LeftOut> left_out;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i]) {
      ready.push_back(*std::move(made[i]));
    } else {
      tried[i].because = made[i].error().message;
      left_out.push_back(std::move(tried[i]));
    }
  }
  LeaveOut(std::move(left_out));
  co_return ready;
}

Task<std::string> ManagerImpl::EnsureCode(const model::Revision& revision) {
  std::string key = ModuleKey(revision.artifact_digest, compiler_.engine_key());
  if (code_.contains(key)) co_return key;
  auto code = compiler_.Open(revision.artifact_digest);
  if (!code) {
    // Evicted, damaged, or made by another engine version: the artifact is still here.
    auto wasm = content_.Get(revision.artifact_digest);
    if (!wasm) co_return Wrap(wasm.error(), "artifact of " + revision.ToString());
    auto prepared = co_await compiler_.Prepare(revision.artifact_digest, *wasm);
    if (!prepared) co_return Wrap(prepared.error(), "compile " + revision.ToString());
    code = std::move(prepared->file);
  }
  code_.insert_or_assign(key, std::move(*code));
  co_return key;
}

Task<std::string> ManagerImpl::EnsureImage(const model::Revision& revision,
                                           model::Class sandbox_class) {
  auto root = images_.Get(revision.artifact_digest);
  if (!root) co_return Wrap(std::move(root).error(), "image of " + revision.ToString());
  auto resource = ResourceOf(revision);
  if (!resource) co_return std::unexpected(std::move(resource).error());
  auto what =
      WorkloadOf(*resource, Mode::kCommit, volumes_.GrantsOf(revision.tenant, revision.workload),
                 options_.prices.On(HostName()).Of(sandbox_class));
  auto key = co_await keepers_.Run(revision.tenant, sandbox_class, revision.artifact_digest,
                                   artifact::WriteRootImage(*root), std::move(what),
                                   Keepers::Until::kStarted);
  if (!key) co_return Wrap(std::move(key).error(), "image of " + revision.ToString());
  co_return key;
}

// As it was deployed then; what makes no revision (replicas, probes) is as it is now.
Result<model::Resource> ManagerImpl::ResourceOf(const model::Revision& revision) {
  auto stored = store_->Get({revision.tenant, revision.kind, revision.name});
  if (!stored) return std::unexpected(std::move(stored).error());
  model::Resource resource = std::move(stored->resource);
  if (auto* function = std::get_if<model::FunctionSpec>(&resource.spec)) {
    function->workload = revision.workload;
  } else {
    std::get<model::ServiceSpec>(resource.spec).workload = revision.workload;
  }
  return resource;
}

void ManagerImpl::ReleaseUnused() {
  // What is being made ready in a tenant's turn is not stored yet.
  unreleased_.clear();
  const auto busy = [this](std::string_view tenant) {
    const bool taken = deploying_.Taken(tenant);
    if (taken) unreleased_.emplace(tenant);
    return taken;
  };
  keepers_.KeepOnly(served_, busy);
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

Result<Fd> ManagerImpl::OpenCode(const std::string& key) {
  if (IsKeeperKey(key)) return keepers_.OpenLine(key);
  const auto found = code_.find(key);
  if (found == code_.end()) return Fail(Errc::kNotFound, "no code " + key);
  return DuplicateFd(found->second);
}

}  // namespace strata::manager
