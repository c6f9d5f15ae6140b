// sandbox/container/testing/root.h - a root file system with the one program of guest.cc
// in it, for tests. Also finds, once per process, what the container class needs of this host.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/byte_view.h"
#include "base/testing/temp_dir.h"
#include "host/memfd.h"
#include "sandbox/container/driver.h"
#include "artifact/root_image.h"

namespace strata::sandbox::container::testing {

class ContainerRoot {
 public:
  ContainerRoot() {
    std::filesystem::create_directories(root_ / "root/bin");
    std::filesystem::copy_file(STRATA_CONTAINER_GUEST, root_ / "root/bin/guest");
    // Readable for whoever the guest runs as.
    std::filesystem::permissions(root_ / "root/bin/guest", std::filesystem::perms{0755});
  }

  [[nodiscard]] artifact::RootImage Image(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "/bin/guest");
    return {.lower = {root_ / "root"}, .args = std::move(arguments)};
  }
  [[nodiscard]] Result<Fd> Artifact(std::vector<std::string> arguments) const {
    return host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(Image(std::move(arguments)))));
  }

  // The driver's; nothing of ours lies in it.
  [[nodiscard]] std::filesystem::path state_root() const { return root_ / "state"; }
  [[nodiscard]] std::filesystem::path path() const { return root_ / "root"; }

  [[nodiscard]] Config config() const {
    return {.runtime = Found(state_root()).value_or(""),
            .state_root = state_root(),
            .cgroup_parent = CgroupParent()};
  }
  static std::string CgroupParent() { return "strata-test-" + std::to_string(::getpid()); }

  // Why no container can run here; empty when one can.
  [[nodiscard]] std::string Missing() const {
    const auto& found = Found(state_root());
    return found ? "" : found.error().message;
  }

 private:
  static const Result<std::filesystem::path>& Found(const std::filesystem::path& state_root) {
    static const Result<std::filesystem::path> found = [&]() -> Result<std::filesystem::path> {
      if (::geteuid() != 0) return Fail(Errc::kPermissionDenied, "containers need root");
      return ChooseRuntime({.state_root = state_root, .cgroup_parent = CgroupParent()});
    }();
    return found;
  }

  const strata::testing::TempDir root_;
};

}  // namespace strata::sandbox::container::testing
