#include "kube/shim/microvm/disks.h"

#include <unistd.h>

#include <future>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "host/files/memfd.h"

namespace strata::kube::shim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{20};
constexpr std::chrono::seconds kLong{60};

using Outcome = std::optional<Result<Fd>>;

Awaitable<void> Into(Outcome& outcome, Task<Fd> disk) { outcome = co_await std::move(disk); }

Result<Fd> AnyDisk(const Disks::Trees& /*trees*/) { return host::MakeMemfd("disk"); }

// Threads that hang until the test lets them go on, before the disks that wait for them go.
class DisksTest : public ::testing::Test {
 protected:
  DisksTest() : answers_(answer_.get_future().share()) {}
  ~DisksTest() override {
    if (!answered_) Answer();
    RunUntil([this] { return !disks_.at_work(); });
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a mount namespace needs root";
  }

  void Answer() {
    answered_ = true;
    answer_.set_value();
  }

  // Of a mount whose server does not answer.
  Disks::Look Hanging() {
    return [answers = answers_]() -> Result<Disks::Trees> {
      answers.wait();
      return Disks::Trees();
    };
  }
  static Disks::Look Answering() {
    return []() -> Result<Disks::Trees> { return Disks::Trees(); };
  }

  void Begin(Outcome& outcome, std::string tenant, Disks::Look look, Disks::MakeOf make = AnyDisk) {
    Spawn(loop_, Into(outcome, disks_.Make(std::move(tenant), std::move(look), std::move(make))));
  }
  template <typename Condition>
  void RunUntil(Condition condition) {
    while (!condition()) {
      loop_.restart();
      loop_.run_one();
    }
  }
  Errc Failure(std::string tenant, Disks::Look look) {
    Outcome outcome;
    Begin(outcome, std::move(tenant), std::move(look));
    RunUntil([&] { return outcome.has_value(); });
    EXPECT_FALSE(*outcome);
    return outcome->error().code;
  }

  Loop loop_;
  std::promise<void> answer_;
  std::shared_future<void> answers_;
  bool answered_ = false;
  Disks disks_{loop_, {.look = kShort, .make = kLong}};
};

TEST_F(DisksTest, WhatAnswersIsMadeIntoADisk) {
  Outcome outcome;
  Begin(outcome, "shop", Answering());
  RunUntil([&] { return outcome.has_value(); });
  ASSERT_TRUE(*outcome) << outcome->error().message;
  EXPECT_TRUE((*outcome)->valid());
}

TEST_F(DisksTest, AMountThatDoesNotAnswerIsGivenUpAndHoldsUpNoOther) {
  EXPECT_EQ(Failure("shop", Hanging()), Errc::kDeadlineExceeded);
  Outcome same;
  Begin(same, "shop", Answering());
  RunUntil([&] { return same.has_value(); });
  EXPECT_TRUE(*same) << same->error().message;
  EXPECT_TRUE(disks_.at_work());
  Answer();
  RunUntil([this] { return !disks_.at_work(); });
}

TEST_F(DisksTest, HoweverManyTenantsHangAnotherOneDoesNotWait) {
  Outcome hanging[8];
  for (int i = 0; i < 8; ++i) Begin(hanging[i], "tenant-" + std::to_string(i), Hanging());
  Outcome other;
  Begin(other, "shop", Answering());
  RunUntil([&] { return other.has_value(); });
  EXPECT_TRUE(*other) << other->error().message;
  for (Outcome& each : hanging) RunUntil([&] { return each.has_value(); });
}

TEST_F(DisksTest, ATenantLeavesOnlySoManyThreadsBehind) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Failure("shop", Hanging()), Errc::kDeadlineExceeded);
  EXPECT_EQ(Failure("shop", Answering()), Errc::kResourceExhausted);
  Outcome other;
  Begin(other, "bank", Answering());
  RunUntil([&] { return other.has_value(); });
  EXPECT_TRUE(*other) << other->error().message;
  Answer();
  RunUntil([this] { return !disks_.at_work(); });
  Outcome again;
  Begin(again, "shop", Answering());
  RunUntil([&] { return again.has_value(); });
  EXPECT_TRUE(*again) << again->error().message;
}

TEST_F(DisksTest, OneOfATenantIsMadeAtATime) {
  Outcome first;
  Outcome second;
  std::promise<void> go_on;
  const auto going_on = go_on.get_future().share();
  Begin(first, "shop", Answering(), [going_on](const Disks::Trees& trees) {
    going_on.wait();
    return AnyDisk(trees);
  });
  bool looked = false;
  Begin(second, "shop", [&looked]() -> Result<Disks::Trees> {
    looked = true;
    return Disks::Trees();
  });
  loop_.run_for(milliseconds(50));
  EXPECT_FALSE(looked);
  go_on.set_value();
  RunUntil([&] { return second.has_value(); });
  EXPECT_TRUE(*first);
  EXPECT_TRUE(*second);
}

}  // namespace
}  // namespace strata::kube::shim
