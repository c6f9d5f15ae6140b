// tests/contract/warmed.h - a class whose every sandbox was made ahead of its first call: the same
// promises hold for it.
#pragma once

#include <memory>

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {

// That of `inner`, for calls only: it says that it cannot serve.
std::unique_ptr<Harness> Warmed(std::unique_ptr<Harness> inner);

std::unique_ptr<Harness> MakeWarmedContainerHarness();
std::unique_ptr<Harness> MakeWarmedAppkernelHarness();
std::unique_ptr<Harness> MakeWarmedMicrovmHarness();

}  // namespace strata::sandbox::contract
