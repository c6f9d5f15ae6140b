// manager/artifacts/puller.h - images from registries and archives: skopeo, in a child without
// privileges, copies one into an OCI layout of its own, from where it goes on like any other.
//
//   oci://HOST[:PORT]/NAME[:TAG|@sha256:...]  |
//   oci-archive:<path>[:tag]                  |--skopeo copy--> layout --> artifact::Resolve
//   docker-archive:<path>[:name:tag]          |
//
// The child is a user of its own that can write nothing but the layout's folder, and sees the
// registry's credentials as a sealed memory file: never in its arguments or environment. Of an
// archive it gets a copy, so it needs no right to the original. Time, bytes and files that it may
// write are bounded. What it wrote is believed no more than a layout that somebody handed in:
// digests and sizes are checked by whoever reads it. Signatures are not verified. Registries are
// spoken to over TLS; plain HTTP is for 127.0.0.0/8, ::1 and localhost.
//
// Threads:  one loop. Lifetime: context outlives it.
// Errors:   those of PullFailure (pull_failure.h); kUnsupported also: no skopeo here; kNotFound: no
//           such archive; kResourceExhausted: it is larger than allowed; kDeadlineExceeded: it took
//           longer than ten minutes; kUnavailable also: the caller gave up. Nothing is left behind,
//           also not by a manager that was killed: the next one removes it.
// Tested by tests/e2e/registry_test.py, archives_test.py and progress_test.py.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
#include "host/process/process.h"
#include "manager/cells/cell_process.h"

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

// Whether what an artifact's reference names has to be pulled first.
bool NeedsPull(std::string_view reference) noexcept;

class Puller {
 public:
  explicit Puller(CellContext& context);

  // Told how many bytes are there, ten times a second; false: this caller gives up. What nobody
  // waits for any more is ended.
  using WatchFn = std::function<bool(std::uint64_t bytes)>;

  // Whoever asks for the same while it is under way gets the same.
  Task<std::shared_ptr<const PulledLayout>> Pull(std::string reference, WatchFn watch);

  // Ends the copies that are under way, and takes no more. Afterwards nothing of them is left.
  Awaitable<void> Down();
  // Removes the layouts of this instance, also those that somebody still holds: nobody may unpack.
  void RemoveLeft();

 private:
  struct Job;
  struct Pulling;
  Awaitable<void> Run(std::string reference, std::shared_ptr<Pulling> pulling);
  Task<PulledLayout> Copy(std::string reference, Pulling& pulling);
  Result<host::Process> Start(const Job& job) const;
  Task<void> Finish(const Job& job, host::Process process, Pulling& pulling);
  [[nodiscard]] std::filesystem::path Prefix() const;

  CellContext& context_;
  std::uint64_t pulled_ = 0;
  bool stopping_ = false;
  std::map<std::string, std::shared_ptr<Pulling>> pulling_;  // by reference
};

}  // namespace strata::manager
