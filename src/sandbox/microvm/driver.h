// sandbox/microvm/driver.h - the microvm class: programs in a virtual machine with a kernel of
// their own, by way of QEMU's microvm machine.
//
//   unpacked image --RootImage--> MicrovmDriver::Prepare --> Image --Warm--> snapshot
//                                                              `--Create--> Sandbox (restored)
//
// Threads:  one loop, and one thread of its own for what blocks. Create, Choose and Probe block:
//           Probe and a Choose that tries KVM for seconds.
// Lifetime: images and sandboxes may outlive the driver; loop and clock outlive all three. The last
//           of them to go waits until everything on the host has been removed.
// Errors:   as driver.h says. Needs root, QEMU, erofs-utils and a guest kernel.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "sandbox/driver.h"
#include "sandbox/microvm/config.h"
#include "sandbox/microvm/metrics.h"

namespace strata::sandbox::microvm {

struct Shared;

// `config` with the accelerator: KVM when this host's lets QEMU's user open it and a guest really
// boots under it within seconds, else emulation.
Result<Config> ChooseAccelerator(Config config);

class MicrovmDriver final : public Driver {
 public:
  // kUnsupported: a program, the kernel or cgroups are missing; kPermissionDenied: not root.
  static Result<std::unique_ptr<MicrovmDriver>> Create(Loop& loop, const Clock& clock,
                                                       const Config& config);

  // The class: "microvm", or of a Config::runtime "container-in-microvm".
  [[nodiscard]] std::string_view name() const noexcept override;

  // Boots an empty guest; in one with a runtime also runs a container.
  Result<void> Probe() override;

  // Takes a RootImage (artifact/store/root_image.h). kNotFound: a layer is not there.
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override;

  [[nodiscard]] const Metrics& metrics() const noexcept;

 private:
  explicit MicrovmDriver(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace strata::sandbox::microvm
