// sandbox/container/driver.h - the container class: an unpacked root file system in, a program in
// its own namespaces, cgroup and system-call filter out, by way of an OCI runtime.
//
//   unpacked image --RootImage--> ContainerDriver::Prepare --> Image --> Sandbox --> runc, crun
//
// The process becomes a subreaper, so that guests, whose runtime has ended, are its children and
// tell it how they end; and it ignores SIGPIPE, for guests that do not read their input.
//
// Threads:  one loop, and one thread of its own for what blocks (worker.h). Create, ChooseRuntime
//           and Probe block for up to a second: not on a loop that serves.
// Lifetime: images and sandboxes may outlive the driver; loop and clock outlive all three. The last
//           of them to go waits until everything on the host has been removed.
// Errors:   as driver.h says. Needs root.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "sandbox/container/config.h"
#include "sandbox/container/metrics.h"
#include "sandbox/driver.h"

namespace strata::sandbox::container {

struct Shared;

// The first of the installed OCI runtimes (crun, then runc) that really runs a container on this
// host: crun 1.8 refuses hosts whose cgroups are part version 1, part version 2. kUnsupported: none
// does; the message has each one's reason. `config.runtime` is not looked at.
Result<std::filesystem::path> ChooseRuntime(const Config& config);

class ContainerDriver final : public Driver {
 public:
  // kInvalidArgument: no runtime or state root configured; kUnsupported: no cgroups, or one that
  // lacks a controller for our limits; kPermissionDenied: not root.
  static Result<std::unique_ptr<ContainerDriver>> Create(Loop& loop, const Clock& clock,
                                                         const Config& config);

  [[nodiscard]] std::string_view name() const noexcept override { return "container"; }

  // Runs /bin/true of this host in a container.
  Result<void> Probe() override;

  // Takes a RootImage (root_image.h). kNotFound: a layer is not there.
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override;

  [[nodiscard]] const Metrics& metrics() const noexcept;

 private:
  explicit ContainerDriver(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace strata::sandbox::container
