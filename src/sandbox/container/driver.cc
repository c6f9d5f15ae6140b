#include "sandbox/container/driver.h"

#include <utility>
#include <vector>

#include "sandbox/oci/oci_driver.h"

namespace strata::sandbox::container {

Result<oci::Config> ChooseRuntime(oci::Config config) {
  const std::vector<oci::RuntimeChoice> choices = {
      {"crun", "/usr/bin/crun", {}}, {"runc", "/usr/sbin/runc", {}}, {"runc", "/usr/bin/runc", {}}};
  config.class_name = "container";
  if (config.users) {
    auto chosen = oci::FirstThatWorks(config, choices);
    // One that was only slow may not cost a protection.
    if (chosen || chosen.error().code == Errc::kDeadlineExceeded) return chosen;
    config.users.reset();
    config.without_users = std::move(chosen).error().message;
  }
  return oci::FirstThatWorks(config, choices);
}

}  // namespace strata::sandbox::container
