// The drivers that the contract is run for.
#include "tests/contract/driver_contract.h"

#include <gtest/gtest.h>

namespace strata::sandbox::contract {
namespace {

constexpr HarnessEntry kHarnesses[] = {
    {"fake", MakeFakeHarness},           {"container", MakeContainerHarness},
    {"appkernel", MakeAppkernelHarness}, {"microvm", MakeMicrovmHarness},
#ifdef STRATA_CONTRACT_WASM
    {"wasm", MakeWasmHarness},
#endif
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, DriverContractTest, ::testing::ValuesIn(kHarnesses),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace strata::sandbox::contract
