// The part of the contract about limits, refusals, fairness and what is left behind.
#include <fcntl.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {

using model::ExitReason;
using std::chrono::milliseconds;
using testing::After;
using testing::CallFixture;

// ---- limits ------------------------------------------------------------------------------------

TEST_P(DriverContractTest, CpuTimeIsLimited) {
  auto sandbox = Make(Guest::kSpin, {.id = "box-1", .limits = {.cpu_time = milliseconds(20)}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ExpectExit(exit, ExitReason::kLimit, "cpu_time");
  EXPECT_GE(exit->usage.cpu, milliseconds(20));
  EXPECT_EQ(sandbox->usage().cpu, exit->usage.cpu);
}

TEST_P(DriverContractTest, MemoryIsLimited) {
  const Bytes memory = harness_->least_memory();
  auto sandbox = Make(Guest::kMemory, {.id = "box-1", .limits = {.memory = memory}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ExpectExit(exit, ExitReason::kLimit, "memory");
  const Harness::Beside beside = harness_->beside_the_guest();
  EXPECT_LE(exit->usage.memory_peak.count, memory.count + beside.most.count);
  EXPECT_GE(exit->usage.memory_peak.count, beside.least.count);
}

TEST_P(DriverContractTest, TableElementsAreLimitedOrRefused) {
  const Spec spec{.id = "box-1", .limits = {.table_elements = 100}};
  if (!harness_->has_tables()) {
    const auto refused = Prepare(Guest::kHello)->Create(spec);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kUnsupported);
    const auto& root = harness_->scratch_root();
    EXPECT_TRUE(!std::filesystem::exists(root) || std::filesystem::is_empty(root));
    return;
  }
  auto sandbox = Make(Guest::kTable, spec);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kLimit, "table");
}

TEST_P(DriverContractTest, TheResponseIsLimited) {
  auto sandbox = Make(Guest::kLarge, {.id = "box-1", .limits = {.response = 100_KiB}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ExpectExit(exit, ExitReason::kLimit, "response");
  EXPECT_LE(exit->usage.bytes_out, 100_KiB);
}

TEST_P(DriverContractTest, TheRequestIsLimited) {
  auto sandbox = Make(Guest::kEcho, {.id = "box-1", .limits = {.request = 10_KiB}});
  CallFixture fixture(loop_, clock_);
  fixture.body.Push(std::string(20'000, 'x')).End();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kLimit, "request");
}

TEST_P(DriverContractTest, ALimitedSandboxHasEnded) {
  auto sandbox = Make(Guest::kSpin, {.id = "box-1", .limits = {.cpu_time = milliseconds(5)}});
  CallFixture first(loop_, clock_);
  first.body.End();
  ExpectExit(first.Run(sandbox->Invoke(first.call)), ExitReason::kLimit, "cpu_time");
  CallFixture second(loop_, clock_);
  const auto refused = second.Run(sandbox->Invoke(second.call));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
}

// ---- refusals ----------------------------------------------------------------------------------

TEST_P(DriverContractTest, GarbageIsNoImage) {
  Fd garbage(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(garbage.valid());
  const auto image = driver_->Prepare(std::move(garbage));
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code, Errc::kInvalidArgument);
}

TEST_P(DriverContractTest, ABadIdIsAnInvalidArgument) {
  auto image = Prepare(Guest::kHello);
  for (const std::string& id : {std::string(), std::string("UPPER"), std::string(65, 'a')}) {
    const auto sandbox = image->Create(Spec{.id = id});
    ASSERT_FALSE(sandbox.has_value()) << id;
    EXPECT_EQ(sandbox.error().code, Errc::kInvalidArgument);
  }
}

TEST_P(DriverContractTest, ALimitThatCannotBeEnforcedIsRefused) {
  auto image = Prepare(Guest::kHello);
  for (const auto& limits : {model::Limits{.memory = Bytes::MiB(1 << 20)},
                             model::Limits{.table_elements = 4'000'000'000}}) {
    const auto sandbox = image->Create(Spec{.id = "box-1", .limits = limits});
    ASSERT_FALSE(sandbox.has_value());
    EXPECT_EQ(sandbox.error().code, Errc::kUnsupported);
  }
}

TEST_P(DriverContractTest, AGrantThatCannotBeGivenIsRefused) {
  auto image = Prepare(Guest::kHello);
  Spec spec{.id = "box-1"};
  spec.grants = harness_->impossible_grants();
  const auto sandbox = image->Create(spec);
  ASSERT_FALSE(sandbox.has_value());
  EXPECT_EQ(sandbox.error().code, Errc::kUnsupported);
}

TEST_P(DriverContractTest, AFullDriverRefusesUntilASandboxIsGone) {
  auto image = Prepare(Guest::kHello);
  std::vector<std::unique_ptr<Sandbox>> sandboxes;
  for (std::uint32_t i = 0; i < kSlots; ++i) {
    auto sandbox = image->Create(Spec{.id = "box-" + std::to_string(i)});
    ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
    sandboxes.push_back(std::move(*sandbox));
  }
  const auto refused = image->Create(Spec{.id = "one-more"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kResourceExhausted);
  sandboxes.pop_back();
  EXPECT_TRUE(image->Create(Spec{.id = "one-more"}).has_value());
}

// ---- the neighbours ----------------------------------------------------------------------------

TEST_P(DriverContractTest, SpinningGuestsShareTheLoop) {
  auto image = Prepare(Guest::kSpin);
  const Spec spec{.id = "spinner", .limits = {.cpu_time = std::chrono::hours(1)}};
  std::vector<std::unique_ptr<Sandbox>> spinners;
  std::vector<std::unique_ptr<CallFixture>> fixtures;
  std::size_t ended = 0;
  for (int i = 0; i < 3; ++i) {
    spinners.push_back(image->Create(spec).value());
    fixtures.push_back(std::make_unique<CallFixture>(loop_, clock_));
    fixtures.back()->body.End();
    asio::co_spawn(loop_, spinners.back()->Invoke(fixtures.back()->call),
                   [&ended](const std::exception_ptr&, const Result<model::Exit>&) { ++ended; });
  }
  auto hello = Make(Guest::kHello);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ExpectExit(fixture.Run(hello->Invoke(fixture.call)), ExitReason::kReturned, "");
  EXPECT_EQ(ended, 0U);

  After(loop_, harness_->head_start(), [&] {
    for (auto& spinner : spinners) spinner->Stop();
  });
  loop_.restart();
  loop_.run();
  EXPECT_EQ(ended, 3U);
  for (const auto& spinner : spinners) EXPECT_GT(spinner->usage().cpu.count(), 0);
}

// A worker's thread lets go of its last descriptor a moment after its work is known to be done.
Holdings Settled() {
  constexpr int kAlike = 5;
  Holdings held = Holdings::Now();
  for (int alike = 0; alike < kAlike;) {
    std::this_thread::sleep_for(milliseconds(2));
    const Holdings now = Holdings::Now();
    alike = now == held ? alike + 1 : 0;
    held = now;
  }
  return held;
}

// On a busy host the end of a killed process comes later than its call's.
bool ComesDownTo(const Holdings& before) {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    const Holdings now = Holdings::Now();
    if (now.descriptors <= before.descriptors && now.threads <= before.threads) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

TEST_P(DriverContractTest, NoCallStartsAThreadOrLeavesAnythingBehind) {
  constexpr Guest kAll[] = {Guest::kHello, Guest::kCount,  Guest::kEcho,
                            Guest::kLarge, Guest::kLog,    Guest::kSpin,
                            Guest::kTrap,  Guest::kMemory, Guest::kTable};
  std::vector<std::shared_ptr<Image>> images;  // preparing may use the compiler's threads
  for (const Guest guest : kAll) {
    if (guest != Guest::kTable || harness_->has_tables()) images.push_back(Prepare(guest));
  }
  testing::RecordingLog log;
  Spec spec{.id = "box-1",
            .limits = {.memory = std::max(harness_->least_memory(), 4_MiB),
                       .cpu_time = milliseconds(5),
                       .response = 2_MiB},
            .effects = {.logs = &log}};
  Holdings before;
  for (int round = 0; round < 2; ++round) {  // the first round opens what the loop itself keeps
    for (const auto& image : images) {
      auto sandbox = image->Create(spec);
      ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
      CallFixture fixture(loop_, clock_);
      fixture.body.Push("some body").End();
      ASSERT_TRUE(fixture.Run((*sandbox)->Invoke(fixture.call)).has_value());
    }
    harness_->Settle(*driver_);
    if (round == 0) before = Settled();
  }
  EXPECT_TRUE(ComesDownTo(before));
  if (!harness_->scratch_root().empty()) {
    EXPECT_TRUE(std::filesystem::is_empty(harness_->scratch_root()));
  }
}

}  // namespace strata::sandbox::contract
