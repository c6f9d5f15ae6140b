// sandbox/microvm/image.h - one unpacked root file system, its snapshot once it has been booted.
//
//   MicrovmDriver::Prepare --> [ MicrovmImage ] --Create--> MicrovmSandbox --Start--> Machine
//                              snapshots by devices: a boot each, then restores
//
// Or the image of a running server (Sandbox::Snapshot): its sandboxes go on from there.
//
// Threads:  the loop's; what blocks is the worker's. Lifetime: it keeps Shared and its snapshots;
//           its sandboxes keep it, and a boot under way does.
// Errors:   Create: kInvalidArgument, kNotFound, kUnsupported: the spec; kFailedPrecondition: no
//           /dev/net/tun; kResourceExhausted: max_sandboxes are live. Booted, Start: what kept the
//           machine from coming up, kUnavailable or kDeadlineExceeded. Tested by tests/contract.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/files/fd.h"
#include "sandbox/driver.h"
#include "sandbox/egress/outlet.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/snapshot.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::microvm {

// A named volume's file, locked for one machine.
struct OpenDrive {
  Fd file;
  bool read_only = false;
};

class MicrovmImage final : public Image {
 public:
  MicrovmImage(std::shared_ptr<Shared> shared, artifact::RootImage root);
  // Of a machine in which the server of a sandbox with `spec` runs.
  MicrovmImage(const MicrovmImage& origin, std::shared_ptr<const Snapshot> snapshot, Spec spec);

  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  // Boots the image unless it has been; sandboxes made earlier wait for it.
  Task<void> Warm() override;

  // Its sandboxes go on from a running server: they serve, and take no calls.
  [[nodiscard]] bool serves() const noexcept { return saved_.has_value(); }

  // A sandbox with `spec` has named volumes.
  [[nodiscard]] static bool HasDrives(const Spec& spec);

  // Makes nothing on the host yet; the first Invoke restores a machine. kUnsupported also: other
  // limits or variables than the saved sandbox had, whose program has them already.
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

  // The snapshot for sandboxes with `spec`, booted now if it has not been: there is another for
  // each set of devices.
  Task<std::shared_ptr<const Snapshot>> Booted(const Spec& spec);

  // A machine for a sandbox with `spec`, awake; with grants.http also its way out, as `outlet`.
  // kFailedPrecondition: one of its volumes is in use.
  Task<std::shared_ptr<Machine>> Start(const Spec& spec, std::unique_ptr<egress::Outlet>& outlet);

  // The image's program for a sandbox with `spec`; `more` wins over its variables, those over the
  // image's.
  [[nodiscard]] Program MakeProgram(const Spec& spec, const model::Env& more) const;
  // `program` beside it.
  [[nodiscard]] Program MakeSideProgram(const Spec& spec, const sandbox::Program& program) const;

 private:
  [[nodiscard]] bool in_container() const { return !shared_->config.runtime.empty(); }
  [[nodiscard]] Result<void> Check(const Spec& spec) const;
  [[nodiscard]] Result<void> CheckNetwork(const Spec& spec) const;
  Task<std::vector<OpenDrive>> OpenDrives(const Spec& spec) const;

  std::shared_ptr<Shared> shared_;
  const artifact::RootImage root_;
  std::map<Devices, std::shared_ptr<const Snapshot>> snapshots_;
  std::optional<Spec> saved_;
  bool booting_ = false;
};

}  // namespace strata::sandbox::microvm
