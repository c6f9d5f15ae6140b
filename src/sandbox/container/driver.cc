#include "sandbox/container/driver.h"

#include <string>
#include <utility>
#include <vector>

#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/programs.h"

namespace strata::sandbox::container {
namespace {

bool IsCannot(const Result<oci::Config>& chosen) {
  return !chosen && chosen.error().code == Errc::kUnsupported;
}

}  // namespace

Result<oci::Config> ChooseRuntime(oci::Config config) {
  std::vector<oci::RuntimeChoice> choices;
  for (const auto& [name, path] : oci::kContainerRuntimes) {
    choices.push_back({.name = std::string(name), .program = path, .arguments = {}});
  }
  config.class_name = "container";
  if (config.users) {
    auto chosen = oci::FirstThatWorks(config, choices);
    // What a runtime complained about may have been of the moment.
    if (IsCannot(chosen)) chosen = oci::FirstThatWorks(config, choices);
    // Only what this host cannot costs a protection, not what failed or was slow.
    if (!IsCannot(chosen)) return chosen;
    config.users.reset();
    config.without_users = std::move(chosen).error().message;
  }
  return oci::FirstThatWorks(config, choices);
}

}  // namespace strata::sandbox::container
