#include "manager/cells/cell_mounts.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "cell/start/given_mounts.h"
#include "host/confine/user_namespace.h"
#include "host/files/detached_mount.h"
#include "sandbox/worker.h"

namespace strata::manager {
namespace {

using Mode = model::DirGrant::Mode;

// What a guest may make in one scratch directory, and so what emptying it costs the cell's loop.
constexpr std::uint64_t kScratchFiles = 4096;

class Mounter {
 public:
  Mounter(host::Identity user, int first_fd) : user_(user), next_(first_fd) {}

  Result<CellMounts> Mount(const CellNeeds& needs) {
    for (const auto& [image, mode] : needs.volumes) MountVolume(image, mode);
    for (const auto& [size, count] : needs.bounded) {
      if (auto made = MountScratch(Bytes{size}, count); !made) {
        return std::unexpected(std::move(made).error());
      }
    }
    return std::move(mounts_);
  }

 private:
  void MountVolume(const std::string& image, Mode mode) {
    cell::GivenVolume given{.fd = -1, .mode = mode, .image = image};
    auto mount = Mapped(image, mode);
    if (mount) {
      given.fd = Pass(std::move(*mount));
    } else {
      mounts_.failures.push_back(std::move(mount).error());
      mounts_.missing.push_back(image);
    }
    mounts_.arguments.push_back("--volume=" + cell::ToText(given));
  }

  Result<Fd> Mapped(const std::string& image, Mode mode) {
    if (!users_) {
      auto made = host::UserNamespace::Make(user_.uid);
      if (!made) return std::unexpected(std::move(made).error());
      users_.emplace(std::move(*made));
    }
    const auto access =
        mode == Mode::kVolume ? host::VolumeAccess::kWrite : host::VolumeAccess::kReadOnly;
    return host::MountVolume(image, access, &*users_);
  }

  Result<void> MountScratch(Bytes size, std::uint32_t count) {
    const cell::GivenScratch given{.fd = next_, .count = count, .size = size};
    for (std::uint32_t i = 0; i < count; ++i) {
      auto mount = host::MountTmpfs(size, kScratchFiles, user_);
      if (!mount) return std::unexpected(std::move(mount).error());
      Pass(std::move(*mount));
    }
    mounts_.arguments.push_back("--scratch=" + cell::ToText(given));
    return {};
  }

  int Pass(Fd mount) {
    mounts_.passed.push_back({.from = mount.get(), .to = next_});
    mounts_.mounts.push_back(std::move(mount));
    return next_++;
  }

  const host::Identity user_;
  int next_;
  std::optional<host::UserNamespace> users_;
  CellMounts mounts_;
};

}  // namespace

Task<CellMounts> MountForCell(CellNeeds needs, host::Identity user, int first_fd) {
  if (needs.volumes.empty() && needs.bounded.empty()) co_return CellMounts{};
  auto worker = sandbox::Worker::Start();
  if (!worker) co_return std::unexpected(std::move(worker).error());
  // Named: gcc 12 destroys temporaries in a co_await expression twice.
  std::move_only_function<Result<CellMounts>()> job = [needs = std::move(needs), user, first_fd] {
    return Mounter(user, first_fd).Mount(needs);
  };
  co_return co_await (*worker)->Run<CellMounts>(std::move(job));
}

}  // namespace strata::manager
