#include "sandbox/oci/image.h"

#include <string>
#include <utility>

#include "host/confine/user_namespace.h"
#include "host/files/loop_device.h"
#include "sandbox/oci/sandbox.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::oci {
namespace {

using host::UserNamespace;

Result<void> CheckDirs(const model::Grants& grants, const UserNamespace* users) {
  using Mode = model::DirGrant::Mode;
  for (const model::DirGrant& dir : grants.dirs) {
    if (auto good = CheckDirectory(dir); !good) return good;
    if (dir.mode == Mode::kScratch) continue;
    if (dir.mode == Mode::kVolume || dir.mode == Mode::kVolumeReadOnly) {
      if (auto good = host::CheckMountable(dir.host); !good) {
        return Wrap(std::move(good).error(), "volume at " + dir.guest);
      }
    } else if (users != nullptr) {
      if (auto can = users->Map(dir.host); !can) {
        return Wrap(std::move(can).error(), "directory grant '" + dir.host + "'");
      }
    }
  }
  return {};
}

}  // namespace

OciImage::OciImage(std::shared_ptr<Shared> shared, artifact::RootImage root)
    : shared_(std::move(shared)), root_(std::move(root)) {
  ++shared_->metrics.images;
}

Result<void> OciImage::Check(const Spec& spec) const {
  if (auto id = CheckId(spec.id); !id) return id;
  const Config& config = shared_->config;
  auto limits = CheckProgramLimits(spec.limits, config.memory, "a container");
  if (!limits) return limits;
  if (!spec.grants.http.empty()) {
    if (!config.egress) {
      return Fail(Errc::kUnsupported, "grants.http: a container has no network here");
    }
    if (auto can = config.egress->CheckJoin(spec.grants.http); !can) return can;
  }
  const UserNamespace* users = shared_->UsersOrNull();
  if (users != nullptr &&
      (root_.uid >= UserNamespace::kCount || root_.gid >= UserNamespace::kCount)) {
    return Fail(Errc::kUnsupported, "the image's user " + std::to_string(root_.uid) + ":" +
                                        std::to_string(root_.gid) +
                                        " is none of the 65536 that a container has");
  }
  if (auto dirs = CheckDirs(spec.grants, users); !dirs) return dirs;
  if (shared_->metrics.sandboxes_live >= config.max_sandboxes) {
    ++shared_->metrics.refused_full;
    return Fail(Errc::kResourceExhausted,
                "all " + std::to_string(config.max_sandboxes) + " sandbox slots are taken");
  }
  return {};
}

Result<std::unique_ptr<Sandbox>> OciImage::Create(const Spec& spec) {
  if (auto checked = Check(spec); !checked) return std::unexpected(std::move(checked).error());
  OwnedBundle bundle(new Bundle(*shared_, {.id = spec.id,
                                           .image = root_,
                                           .grants = spec.grants,
                                           .limits = {.memory = spec.limits.memory,
                                                      .cpu_millis = shared_->config.cpu_millis,
                                                      .pids = shared_->config.pids}}),
                     BundleRemover{shared_});
  return std::make_unique<OciSandbox>(shared_, std::move(bundle), spec);
}

}  // namespace strata::sandbox::oci
