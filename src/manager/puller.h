// manager/puller.h - images from registries: skopeo, in a child without privileges, copies one into
// an OCI layout of its own, from where it goes on like any other.
//
//   "oci://HOST[:PORT]/NAME[:TAG|@sha256:...]" --skopeo copy--> layout --> artifact::Resolve
//
// The child is a user of its own that can write nothing but the layout's folder, and sees the
// registry's credentials as a sealed memory file: never in its arguments or environment. What it
// wrote is believed no more than a layout that somebody handed in: digests and sizes are checked by
// whoever reads it. Signatures are not verified. Registries are spoken to over TLS; plain HTTP is
// for 127.0.0.0/8, ::1 and localhost.
//
// Threads:  one loop. Lifetime: context outlives it.
// Errors:   kUnsupported: no skopeo here; kUnavailable: the copy failed, with skopeo's last words;
//           kDeadlineExceeded: it took longer than ten minutes. Nothing is left behind, also not by
//           a manager that was killed: the next one removes it.
// Tested by tests/e2e/registry_test.py.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/task.h"
#include "manager/cell_process.h"

namespace strata::manager {

// A layout that goes with this.
class PulledLayout {
 public:
  explicit PulledLayout(std::filesystem::path folder) : folder_(std::move(folder)) {}
  PulledLayout(PulledLayout&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  PulledLayout& operator=(PulledLayout&& other) noexcept {
    std::swap(folder_, other.folder_);
    return *this;
  }
  ~PulledLayout();

  // For artifact::Resolve.
  [[nodiscard]] std::string reference() const;

 private:
  std::filesystem::path folder_;  // empty: moved away
};

// Whether an artifact's reference names a registry.
bool IsRegistryReference(std::string_view reference) noexcept;

class Puller {
 public:
  explicit Puller(CellContext& context);

  Task<PulledLayout> Pull(std::string reference);

 private:
  [[nodiscard]] std::filesystem::path Prefix() const;

  CellContext& context_;
  std::uint64_t pulled_ = 0;
};

}  // namespace strata::manager
