// sandbox/oci/oci_driver.h - the container class: an unpacked root file system in, a program in
// its own namespaces, cgroup and system-call filter out, by way of an OCI runtime.
//
//   unpacked image --RootImage--> OciDriver::Prepare --> Image --> Sandbox --> runc, crun
//
// The process becomes a subreaper, so that guests, whose runtime has ended, are its children and
// tell it how they end; and it ignores SIGPIPE, for guests that do not read their input.
//
// Threads:  one loop, and one thread of its own for what blocks (worker.h). Create, FirstThatWorks
//           and Probe block for up to a second: not on a loop that serves.
// Lifetime: images and sandboxes may outlive the driver; loop and clock outlive all three. The last
//           of them to go waits until everything on the host has been removed.
// Errors:   as driver.h says. Needs root.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sandbox/driver.h"
#include "sandbox/oci/config.h"
#include "sandbox/oci/metrics.h"

namespace strata::sandbox::oci {

struct Shared;

// A runtime that a class may use, and how.
struct RuntimeChoice {
  std::string name;  // for people: "crun", "runsc with ptrace"
  std::filesystem::path program;
  std::vector<std::string> arguments;
};

// `config` with the first of `choices` that is installed and really runs a container on this host;
// one that takes more than two seconds for it, only where none is faster.
// kUnsupported: none does, as they or the kernel say; kDeadlineExceeded: nor the one that was too
// slow to tell; other codes: nor the one that could not be tried. The message has each one's
// reason. Blocks for seconds at worst.
Result<Config> FirstThatWorks(const Config& config, std::span<const RuntimeChoice> choices);

class OciDriver final : public Driver {
 public:
  // kInvalidArgument: no runtime or state root configured; kUnsupported: no cgroups, or one that
  // lacks a controller for our limits; kPermissionDenied: not root.
  static Result<std::unique_ptr<OciDriver>> Create(Loop& loop, const Clock& clock,
                                                   const Config& config);

  [[nodiscard]] std::string_view name() const noexcept override;

  // Runs /bin/true of this host in a container. kUnsupported: the runtime or the kernel says that
  // it cannot; kDeadlineExceeded: it was slower than ten seconds, or than `patience`; other codes:
  // it could not be tried.
  Result<void> Probe() override;
  Result<void> Probe(std::chrono::seconds patience);

  // Takes a RootImage (root_image.h). kNotFound: a layer is not there.
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override;

  [[nodiscard]] const Metrics& metrics() const noexcept;

 private:
  explicit OciDriver(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace strata::sandbox::oci
