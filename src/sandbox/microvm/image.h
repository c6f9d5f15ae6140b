// sandbox/microvm/image.h - one unpacked root file system, its snapshot once it has been booted.
#pragma once

#include <memory>

#include "artifact/root_image.h"
#include "sandbox/driver.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/microvm/snapshot.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::microvm {

class MicrovmImage final : public Image {
 public:
  MicrovmImage(std::shared_ptr<Shared> shared, artifact::RootImage root);

  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  // Boots the image unless it has been; sandboxes made earlier wait for it.
  Task<void> Warm() override;

  // Makes nothing on the host yet; the first Invoke restores a machine.
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

  // The snapshot, booted now if it has not been.
  Task<std::shared_ptr<const Snapshot>> Booted();

  // The image's program for a sandbox with `spec`; `more` wins over its variables, those over the
  // image's.
  [[nodiscard]] Program MakeProgram(const Spec& spec, const model::Env& more) const;

 private:
  [[nodiscard]] Result<void> Check(const Spec& spec) const;

  std::shared_ptr<Shared> shared_;
  const artifact::RootImage root_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool booting_ = false;
};

}  // namespace strata::sandbox::microvm
