// sandbox/oci/testing/root.h - a root file system with the one program of guest.cc in it, for
// tests. Also finds, once per process, what a class needs of this host.
//
//   a test: GuestRoot(ChooseRuntime) --> Image, Artifact, config --> a driver;   Missing(): skip it
//
// Threads:  one. Lifetime: its files are gone with it; what was found stays for the process.
// Errors:   Missing() has the reason; with STRATA_NEEDS_USERS a host without users for containers
//           is one, too.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "host/confine/user_range.h"
#include "host/files/memfd.h"
#include "sandbox/oci/oci_driver.h"

namespace strata::sandbox::oci::testing {

// How a class fills its configuration: sandbox/container/driver.h, sandbox/appkernel/driver.h.
using ChooseFn = Result<Config> (*)(Config);

class GuestRoot {
 public:
  // Without a class: only the files.
  GuestRoot() : GuestRoot(nullptr) {}
  explicit GuestRoot(ChooseFn choose) : found_(Found(choose, root_ / "state")) {
    std::filesystem::create_directories(root_ / "root/bin");
    std::filesystem::copy_file(STRATA_OCI_GUEST, root_ / "root/bin/guest");
    // Within reach of whoever the guest runs as.
    std::filesystem::permissions(root_.path(), std::filesystem::perms{0711});
    std::filesystem::permissions(root_ / "root/bin/guest", std::filesystem::perms{0755});
  }

  [[nodiscard]] artifact::RootImage Image(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "/bin/guest");
    return {.lower = {root_ / "root"}, .args = std::move(arguments)};
  }
  [[nodiscard]] Result<Fd> Artifact(std::vector<std::string> arguments) const {
    return host::MakeSealedMemfd("image",
                                 AsBytes(artifact::WriteRootImage(Image(std::move(arguments)))));
  }

  // The driver's; nothing of ours lies in it.
  [[nodiscard]] std::filesystem::path state_root() const { return root_ / "state"; }
  [[nodiscard]] std::filesystem::path path() const { return root_ / "root"; }

  // Of the driver; nothing but its limits may be changed. Only if Missing() is empty.
  [[nodiscard]] Config config() const {
    Config config = found_->value_or(Config());
    config.state_root = state_root();
    config.roots = root_ / "roots";
    return config;
  }
  static std::string CgroupParent() { return "strata-test-" + std::to_string(::getpid()); }

  // Why the class cannot run here; empty when it can.
  [[nodiscard]] std::string Missing() const { return *found_ ? "" : found_->error().message; }

 private:
  static Result<Config> Find(ChooseFn choose, const std::filesystem::path& state_root) {
    if (choose == nullptr) return Config();
    if (::geteuid() != 0) return Fail(Errc::kPermissionDenied, "containers need root");
    Config config;
    config.state_root = state_root;
    config.cgroup_parent = CgroupParent();
    config.roots = state_root.parent_path() / "roots";
    auto users = host::UserRange::Take(CgroupParent(), state_root.parent_path() / "users.lock");
    if (!users) return std::unexpected(std::move(users).error());
    config.users = std::move(*users);
    std::filesystem::permissions(state_root.parent_path(), std::filesystem::perms{0711});
    auto chosen = choose(std::move(config));
    // For a machine that is known to have user namespaces for containers.
    if (chosen && !chosen->users && std::getenv("STRATA_NEEDS_USERS") != nullptr) {
      return Fail(Errc::kUnsupported, chosen->without_users);
    }
    return chosen;
  }
  // Once for each class and process: it takes seconds.
  static const Result<Config>* Found(ChooseFn choose, const std::filesystem::path& state_root) {
    static std::map<ChooseFn, Result<Config>> found;
    const auto known = found.find(choose);
    if (known != found.end()) return &known->second;
    return &found.emplace(choose, Find(choose, state_root)).first->second;
  }

  const strata::testing::TempDir root_;
  const Result<Config>* found_;
};

}  // namespace strata::sandbox::oci::testing
