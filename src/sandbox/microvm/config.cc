#include "sandbox/microvm/config.h"

#include "host/confine/users.h"

namespace strata::sandbox::microvm {

host::Identity MachineUser(std::string_view owner) {
  return host::UserOf(owner, host::kMachineUsers);
}

}  // namespace strata::sandbox::microvm
