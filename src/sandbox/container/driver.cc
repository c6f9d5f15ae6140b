#include "sandbox/container/driver.h"

#include <vector>

#include "sandbox/oci/oci_driver.h"

namespace strata::sandbox::container {

Result<oci::Config> ChooseRuntime(oci::Config config) {
  const std::vector<oci::RuntimeChoice> choices = {
      {"crun", "/usr/bin/crun", {}}, {"runc", "/usr/sbin/runc", {}}, {"runc", "/usr/bin/runc", {}}};
  config.class_name = "container";
  return oci::FirstThatWorks(config, choices);
}

}  // namespace strata::sandbox::container
