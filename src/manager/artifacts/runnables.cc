#include "manager/artifacts/runnables.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/files/files.h"
#include "manager/cells/together.h"
#include "manager/placing/fits.h"
#include "manager/records/node_prices.h"

namespace strata::manager {
namespace {

// As in the classes whose sandboxes have a root to write to.
constexpr Bytes kScratchSize = Bytes::MiB(64);
constexpr std::uint16_t kDefaultPort = 8080;
constexpr const char* kBeingMade = "it is being made ready";

// Cells get scratch directories as mounts of a size. Without root there are none: what the manifest
// left open is then a directory on disk.
void BoundScratch(model::Grants& grants) {
  if (::geteuid() != 0) return;
  for (model::DirGrant& dir : grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kScratch && dir.size.count == 0) dir.size = kScratchSize;
  }
}

bool SameForm(const LeftOut& one, const LeftOut& other) {
  return one.tenant == other.tenant && one.name == other.name && one.revision == other.revision &&
         one.sandbox_class == other.sandbox_class;
}

}  // namespace

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

model::Resource ResourceAs(model::Resource newest, const model::Revision& revision) {
  if (auto* function = std::get_if<model::FunctionSpec>(&newest.spec)) {
    function->workload = revision.workload;
  } else {
    std::get<model::ServiceSpec>(newest.spec).workload = revision.workload;
  }
  return newest;
}

model::Class Runnables::ClassOf(const model::Revision& revision) const {
  if (revision.placement) return revision.placement->sandbox_class;
  const bool wasm = parts_.content.Contains(revision.artifact_digest);
  const auto found =
      model::ClassOf(revision.workload, wasm ? model::Class::kWasm : model::Class::kContainer);
  STRATA_CHECK(found.has_value());  // else it was refused
  return *found;
}

Task<std::vector<Runnable>> Runnables::Of(std::vector<Form> forms) {
  std::vector<Found> found;
  std::vector<Task<void>> trying;
  found.reserve(forms.size());  // what is tried is written there
  lacking_.clear();
  untried_.clear();
  images_.clear();
  refused_.clear();
  const std::vector<LeftOut> tried = std::exchange(tried_, {});
  for (const Form& form : forms) {
    LeftOut as = LeftOutAs(form);
    if (as.sandbox_class != model::Class::kWasm) {
      images_.insert({as.tenant, as.sandbox_class, form.revision.artifact_digest});
    }
    found.push_back(Find(form, as));
    if (found.back().at == Keepers::At::kSoon) {
      trying.push_back(Try(form.revision, found.back().module));
    }
    if (!found.back().lacks()) continue;
    lacking_.insert(as.tenant);
    const bool known =
        std::ranges::any_of(tried, [&as](const LeftOut& each) { return SameForm(each, as); });
    if (known) {
      tried_.push_back(std::move(as));
    } else {
      untried_.insert(std::move(as.tenant));
    }
  }
  if (auto done = co_await Together(parts_.loop, std::move(trying)); !done) {
    co_return std::unexpected(std::move(done).error());
  }
  std::vector<Runnable> ready;
  std::vector<LeftOut> left_out;
  told_.clear();
  for (std::size_t i = 0; i < forms.size(); ++i) {
    LeftOut as = LeftOutAs(forms[i]);
    // Somebody may have tried it meanwhile.
    if (found[i].at == Keepers::At::kNowhere && found[i].module && !as.because.empty()) {
      found[i].module = Fail(Errc::kUnavailable, as.because);
    }
    // What it takes it had, so that nothing else can be made ready, or will never be given.
    const bool for_good = found[i].module.has_value() || IsRefused(forms[i].revision);
    FormName name(as.tenant, as.name, forms[i].target);
    auto made = Finish(std::move(forms[i]), std::move(found[i].module));
    if (made) {
      as.because.clear();
      if (found[i].lacks()) {
        as.because = found[i].because.empty() ? kBeingMade : std::move(found[i].because);
      }
      told_.push_back({std::move(as), made->module});
      ready.push_back(*std::move(made));
      continue;
    }
    as.for_good = for_good;
    if (for_good) {
      refused_.insert(std::move(name));
    } else {
      lacking_.insert(as.tenant);
    }
    as.because = std::move(made).error().message;
    left_out.push_back(std::move(as));
  }
  LeaveOut(std::move(left_out));
  known_.Set(std::monostate{});
  co_return ready;
}

Task<void> Runnables::Known(std::chrono::milliseconds patience) {
  auto known = co_await known_.Wait(patience);
  if (!known) co_return std::unexpected(std::move(known).error());
  co_return Result<void>{};
}

// What failed before, as `as` says, is not to be had soon.
Runnables::Found Runnables::Find(const Form& form, const LeftOut& as) {
  using At = Keepers::At;
  const model::Class sandbox_class = ClassOf(form.revision);
  const At if_tried = as.because.empty() ? At::kSoon : At::kNowhere;
  if (sandbox_class == model::Class::kWasm) {
    auto key = OpenCodeOf(form.revision);
    const At at = key ? At::kHand : if_tried;
    return {std::move(key), at};
  }
  auto what = ForKeeper(form.revision, sandbox_class);
  if (!what) return {std::unexpected(std::move(what).error()), At::kNowhere};
  auto found = parts_.keepers.Find(form.revision.tenant, sandbox_class,
                                   form.revision.artifact_digest, *what);
  if (found.at == At::kSoon) found.at = if_tried;
  if (found.at == At::kNowhere && !as.because.empty()) {
    return {Fail(Errc::kUnavailable, as.because), At::kNowhere};
  }
  if (found.at == At::kRefused) {
    const std::string& why = as.because.empty() ? found.because : as.because;
    return {Fail(Errc::kUnsupported, why), At::kRefused};
  }
  return {std::move(found.key), found.at, std::move(found.because)};
}

// Another try would be answered the same.
bool Runnables::IsRefused(const model::Revision& revision) {
  const model::Class sandbox_class = ClassOf(revision);
  if (sandbox_class == model::Class::kWasm) return false;
  const auto what = ForKeeper(revision, sandbox_class);
  if (!what) return false;
  const auto found =
      parts_.keepers.Find(revision.tenant, sandbox_class, revision.artifact_digest, *what);
  return found.at == Keepers::At::kRefused;
}

// One workload whose code is lost must not keep the others from being served.
Task<void> Runnables::Try(model::Revision revision, Result<std::string>& module) {
  const model::Class sandbox_class = ClassOf(revision);
  // Not a conditional expression: gcc 12 destroys its temporaries twice around co_await.
  if (sandbox_class == model::Class::kWasm) {
    module = co_await EnsureCode(revision);
  } else {
    module = co_await EnsureImage(revision, sandbox_class);
  }
  co_return Result<void>{};
}

Result<Runnable> Runnables::Finish(Form form, Result<std::string> module) const {
  if (!module) return std::unexpected(std::move(module).error());
  Runnable runnable;
  runnable.target = form.target;
  runnable.sandbox_class = ClassOf(form.revision);
  runnable.module = *std::move(module);
  runnable.revision = std::move(form.revision);
  model::Workload& workload = runnable.revision.workload;
  // Cells and keepers know volumes as directories.
  workload.grants = parts_.volumes.GrantsOf(runnable.revision.tenant, workload);
  if (runnable.sandbox_class != model::Class::kWasm) return runnable;
  if (auto fits = CheckCellVolumes(workload); !fits) {
    return Wrap(fits.error(), runnable.revision.ToString() + ": spec.volumes");
  }
  BoundScratch(workload.grants);
  return runnable;
}

// All at once: a machine boots for some, which others need not wait for one after the other.
Task<void> Runnables::MakeReady(std::vector<Form> forms) {
  for (const Form& form : forms) tried_.push_back(LeftOutAs(form));
  std::vector<Result<std::string>> made(forms.size());
  std::vector<Task<void>> all;
  for (std::size_t i = 0; i < forms.size(); ++i) all.push_back(Try(forms[i].revision, made[i]));
  if (auto done = co_await Together(parts_.loop, std::move(all)); !done) co_return done;
  std::vector<LeftOut> left_out = left_out_;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    LeftOut as = LeftOutAs(forms[i]);
    std::erase_if(left_out, [&as](const LeftOut& each) { return SameForm(each, as); });
    const bool for_good = made[i].has_value() || IsRefused(forms[i].revision);
    const auto ready = Finish(std::move(forms[i]), std::move(made[i]));
    if (ready) continue;
    as.for_good = for_good;
    as.because = ready.error().message;
    left_out.push_back(std::move(as));
  }
  LeaveOut(std::move(left_out));
  co_return Result<void>{};
}

LeftOut Runnables::LeftOutAs(const Form& form) const {
  const model::Revision& revision = form.revision;
  LeftOut as{.tenant = revision.tenant,
             .name = revision.name,
             .revision = revision.number,
             .sandbox_class = ClassOf(revision),
             .because = ""};
  const auto before =
      std::ranges::find_if(left_out_, [&as](const LeftOut& each) { return SameForm(each, as); });
  if (before != left_out_.end()) as.because = before->because;
  return as;
}

// What is tried again and again is told once.
void Runnables::LeaveOut(std::vector<LeftOut> forms) {
  for (const LeftOut& each : forms) {
    if (std::ranges::find(left_out_, each) != left_out_.end()) continue;
    parts_.log.Error(each.for_good ? "not served" : "not served, and tried again until it is",
                     {{"workload", each.tenant + "/" + each.name},
                      {"revision", std::to_string(each.revision)},
                      {"class", std::string(model::ClassName(each.sandbox_class))},
                      {"because", each.because}});
  }
  left_out_ = std::move(forms);
}

Json Runnables::NotServed(const std::string& tenant, const std::string& name) const {
  Json all;
  const auto named = [&](const LeftOut& each) {
    return each.name == name && each.tenant == tenant;
  };
  const auto add = [&all](const LeftOut& each, const std::string& because) {
    if (because.empty()) return;
    all.push_back({{"revision", each.revision},
                   {"class", model::ClassName(each.sandbox_class)},
                   {"because", because},
                   {"tried_again", !each.for_good}});
  };
  for (const LeftOut& each : left_out_) {
    if (named(each)) add(each, each.because);
  }
  for (const auto& [form, module] : told_) {
    if (!named(form)) continue;
    const auto same = [&form](const LeftOut& each) { return SameForm(each, form); };
    if (std::ranges::any_of(left_out_, same)) continue;  // tried since
    add(form, form.because.empty() ? parts_.keepers.WhyDown(module) : form.because);
  }
  return all;
}

// What was compiled before, if it is as it was.
Result<std::string> Runnables::OpenCodeOf(const model::Revision& revision) {
  std::string key = ModuleKey(revision.artifact_digest, parts_.compiler.engine_key());
  if (code_.contains(key)) return key;
  auto code = parts_.compiler.Open(revision.artifact_digest);
  if (!code) return std::unexpected(std::move(code).error());
  code_.insert_or_assign(key, *std::move(code));
  return key;
}

Task<std::string> Runnables::EnsureCode(const model::Revision& revision) {
  auto key = OpenCodeOf(revision);
  if (key) co_return key;
  // Evicted, damaged, or made by another engine version: the artifact is still here.
  auto wasm = parts_.content.Get(revision.artifact_digest);
  if (!wasm) co_return Wrap(wasm.error(), "artifact of " + revision.ToString());
  auto prepared = co_await parts_.compiler.Prepare(revision.artifact_digest, *wasm);
  if (!prepared) co_return Wrap(prepared.error(), "compile " + revision.ToString());
  AddCode(revision.artifact_digest, std::move(prepared->file));
  co_return ModuleKey(revision.artifact_digest, parts_.compiler.engine_key());
}

void Runnables::AddCode(std::string_view digest, Fd code) {
  code_.insert_or_assign(ModuleKey(digest, parts_.compiler.engine_key()), std::move(code));
}

void Runnables::KeepCode(const std::set<std::string>& keys) {
  std::erase_if(code_, [&keys](const auto& entry) { return !keys.contains(entry.first); });
}

Result<Fd> Runnables::OpenCode(const std::string& key) const {
  if (IsKeeperKey(key)) return parts_.keepers.OpenLine(key);
  const auto found = code_.find(key);
  if (found == code_.end()) return Fail(Errc::kNotFound, "no code " + key);
  return DuplicateFd(found->second);
}

Result<Keepers::Workload> Runnables::ForKeeper(const model::Revision& revision,
                                               model::Class sandbox_class) const {
  const auto resource = ResourceOf(revision);
  if (!resource) return std::unexpected(resource.error());
  return WorkloadOf(*resource, Mode::kCommit,
                    parts_.volumes.GrantsOf(revision.tenant, revision.workload),
                    parts_.options.prices.On(HostName()).Of(sandbox_class));
}

Task<std::string> Runnables::EnsureImage(const model::Revision& revision,
                                         model::Class sandbox_class) {
  auto what = ForKeeper(revision, sandbox_class);
  if (!what) co_return std::unexpected(std::move(what).error());
  auto found = parts_.keepers.Find(revision.tenant, sandbox_class, revision.artifact_digest, *what);
  if (found.at == Keepers::At::kHand) co_return std::move(found.key);
  if (found.at == Keepers::At::kRefused) {
    co_return Fail(Errc::kUnsupported,
                   "image of " + revision.ToString() + ": " + std::move(found.because));
  }
  auto root = parts_.images.Get(revision.artifact_digest);
  if (!root) co_return Wrap(std::move(root).error(), "image of " + revision.ToString());
  auto key = co_await parts_.keepers.Run(revision.tenant, sandbox_class, revision.artifact_digest,
                                         artifact::WriteRootImage(*root), *std::move(what),
                                         Keepers::Until::kStarted);
  if (!key) co_return Wrap(std::move(key).error(), "image of " + revision.ToString());
  co_return key;
}

Result<model::Resource> Runnables::ResourceOf(const model::Revision& revision) const {
  auto stored = parts_.store.Get({revision.tenant, revision.kind, revision.name});
  if (!stored) return std::unexpected(std::move(stored).error());
  return ResourceAs(std::move(stored->resource), revision);
}

}  // namespace strata::manager
