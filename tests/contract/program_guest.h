// tests/contract/program_guest.h - what the one guest program (sandbox/oci/testing/guest.cc) is
// called with to behave as the contract's guests do, in every class that runs programs.
#pragma once

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {

const char* ProgramFor(Guest guest);

}  // namespace strata::sandbox::contract
