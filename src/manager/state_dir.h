// manager/state_dir.h - the folders under STRATA_HOME, and the lock that makes one stratad their
// owner.
//
//   state/   SQLite and the journal        keys/   the cache's MAC key
//   content/ wasm by digest                cache/  native code, MAC-ed
//   images/  container images, unpacked    volumes/ named volumes, a folder for each tenant
//   run/     API socket, cells' sockets    logs/   functions' output, access log, stratad.log
//   scratch/ private directories of sandboxes, removed with them
//
// Everything is 0700 (scratch/ lets the cells' user pass through). Not thread-safe.
// Lifetime: the lock is held until destruction; the kernel drops it when the process dies.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::manager {

class StateDir {
 public:
  // Makes what is missing and takes the lock. Fails with kFailedPrecondition (another stratad has
  // it; the message gives its pid), kPermissionDenied (not ours), kInvalidArgument (relative, or so
  // long that a socket path under it would not fit sockaddr_un).
  static Result<StateDir> Open(const std::filesystem::path& home);

  [[nodiscard]] const std::filesystem::path& home() const noexcept { return home_; }
  [[nodiscard]] std::filesystem::path state() const { return home_ / "state"; }
  [[nodiscard]] std::filesystem::path content() const { return home_ / "content"; }
  [[nodiscard]] std::filesystem::path images() const { return home_ / "images"; }
  [[nodiscard]] std::filesystem::path cache() const { return home_ / "cache"; }
  [[nodiscard]] std::filesystem::path keys() const { return home_ / "keys"; }
  [[nodiscard]] std::filesystem::path run() const { return home_ / "run"; }
  [[nodiscard]] std::filesystem::path logs() const { return home_ / "logs"; }
  [[nodiscard]] std::filesystem::path scratch() const { return home_ / "scratch"; }
  [[nodiscard]] std::filesystem::path api_socket() const { return run() / "api.sock"; }
  // The control and private sockets of the cell called `name`.
  [[nodiscard]] std::filesystem::path cell_control(const std::string& name) const;
  [[nodiscard]] std::filesystem::path cell_private(const std::string& name) const;
  // Where that cell makes its sandboxes' private directories; its own user's alone.
  [[nodiscard]] std::filesystem::path cell_scratch(const std::string& name) const;

 private:
  StateDir(std::filesystem::path home, Fd lock) : home_(std::move(home)), lock_(std::move(lock)) {}

  std::filesystem::path home_;
  Fd lock_;
};

}  // namespace strata::manager
