#include "sandbox/fake/driver.h"
#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {
namespace {

std::string_view Script(Guest guest) {
  switch (guest) {
    case Guest::kHello:
    case Guest::kFetch:
    case Guest::kServer:
      return R"({"do":"hello"})";
    case Guest::kCount:
      return R"({"do":"count"})";
    case Guest::kEcho:
      return R"({"do":"echo"})";
    case Guest::kLarge:
      return R"({"do":"large","bytes":1048576})";
    case Guest::kLog:
      return R"({"do":"log","text":"a line"})";
    case Guest::kSpin:
      return R"({"do":"spin"})";
    case Guest::kTrap:
      return R"({"do":"trap"})";
    case Guest::kMemory:
      return R"({"do":"memory"})";
    case Guest::kEnv:
      return R"({"do":"environment"})";
    case Guest::kExit:
      return R"({"do":"exit","status":3})";
    case Guest::kTable:
      return R"({"do":"table"})";
  }
  return {};
}

class FakeHarness final : public Harness {
 public:
  std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                     std::uint32_t max_sandboxes) override {
    return std::make_unique<fake::FakeDriver>(loop, clock,
                                              fake::Config{.max_sandboxes = max_sandboxes});
  }
  Result<Fd> Artifact(Guest guest) override { return fake::FakeDriver::Artifact(Script(guest)); }
};

}  // namespace

std::unique_ptr<Harness> MakeFakeHarness() { return std::make_unique<FakeHarness>(); }

}  // namespace strata::sandbox::contract
