// sandbox/container/image.h - one unpacked root file system and how to run it.
#pragma once

#include <memory>
#include <vector>

#include "sandbox/container/shared.h"
#include "sandbox/driver.h"
#include "sandbox/root_image.h"

namespace strata::sandbox::container {

class ContainerImage final : public Image {
 public:
  ContainerImage(std::shared_ptr<Shared> shared, RootImage root);

  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  // Makes nothing on the host yet; the first Invoke does.
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override;

 private:
  [[nodiscard]] Result<void> Check(const Spec& spec) const;

  std::shared_ptr<Shared> shared_;
  const RootImage root_;
};

}  // namespace strata::sandbox::container
