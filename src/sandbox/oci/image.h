// sandbox/oci/image.h - one unpacked root file system and how to run it.
//
//   OciDriver::Prepare --> [ OciImage ] --Create--> OciSandbox, Bundle
//
// Threads:  the loop's. Lifetime: it keeps Shared; sandboxes copy what they need of it.
// Errors:   Create: kInvalidArgument, kNotFound, kUnsupported: the spec, or a user that the
//           container does not have; kFailedPrecondition: no CNI plugin; kResourceExhausted:
//           max_sandboxes are live. Tested by tests/contract.
#pragma once

#include <memory>
#include <vector>

#include "artifact/store/root_image.h"
#include "sandbox/driver.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

class OciImage final : public Image {
 public:
  OciImage(std::shared_ptr<Shared> shared, artifact::RootImage root);

  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  // Makes nothing on the host yet; the first Invoke does.
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

 private:
  [[nodiscard]] Result<void> Check(const Spec& spec) const;

  std::shared_ptr<Shared> shared_;
  const artifact::RootImage root_;
};

}  // namespace strata::sandbox::oci
