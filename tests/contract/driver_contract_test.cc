// The drivers that the contract is run for.
#include "tests/contract/driver_contract.h"

#include <algorithm>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "tests/contract/warmed.h"

namespace strata::sandbox::contract {
namespace {

constexpr HarnessEntry kHarnesses[] = {
    {"fake", MakeFakeHarness},
    {"container", MakeContainerHarness},
    {"appkernel", MakeAppkernelHarness},
    {"microvm", MakeMicrovmHarness},
    {"container-in-microvm", MakeContainerInMicrovmHarness},
#ifdef STRATA_CONTRACT_WASM
    {"wasm", MakeWasmHarness},
#endif
};

// The same classes, with sandboxes that waited for their first call.
constexpr HarnessEntry kWarmed[] = {
    {"container", MakeWarmedContainerHarness},
    {"appkernel", MakeWarmedAppkernelHarness},
    {"microvm", MakeWarmedMicrovmHarness},
};

}  // namespace

std::span<const HarnessEntry> Harnesses() { return kHarnesses; }

std::string TestName(const HarnessEntry& entry) {
  std::string name = entry.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

TEST_P(DriverContractTableTest, Holds) { std::get<1>(GetParam()).check(*this); }

INSTANTIATE_TEST_SUITE_P(Drivers, DriverContractTableTest,
                         ::testing::Combine(::testing::ValuesIn(kHarnesses),
                                            ::testing::ValuesIn(ContractCases().begin(),
                                                                ContractCases().end())),
                         [](const auto& info) {
                           return std::string(std::get<1>(info.param).name) + "_" +
                                  TestName(std::get<0>(info.param));
                         });

INSTANTIATE_TEST_SUITE_P(Drivers, DriverContractTest, ::testing::ValuesIn(kHarnesses),
                         [](const auto& info) { return TestName(info.param); });

INSTANTIATE_TEST_SUITE_P(Drivers, ServerContractTest, ::testing::ValuesIn(kHarnesses),
                         [](const auto& info) { return TestName(info.param); });

INSTANTIATE_TEST_SUITE_P(Warmed, DriverContractTest, ::testing::ValuesIn(kWarmed),
                         [](const auto& info) { return TestName(info.param); });

}  // namespace strata::sandbox::contract
