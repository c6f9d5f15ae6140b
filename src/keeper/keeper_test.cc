// Services in a keeper whose driver does what the test says.
#include "keeper/keeper.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "keeper/testing/keeper_fixture.h"
#include "keeper/wire/messages.h"
#include "keeper/wire/reports.h"
#include "model/values.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using testing::KeeperTest;

TEST_F(KeeperTest, AClassThatHangsWhileItIsTriedOutHoldsNoOther) {
  Send(Prepare{.key = "slow", .sandbox_class = "microvm", .root = "{}"});
  Send(Prepare{.key = "slow too", .sandbox_class = "microvm", .root = "{}"});
  Send(Web());
  EXPECT_EQ(Next<Prepared>().key, "key");
  Send(Prepare{.key = "other", .sandbox_class = "container", .root = "{}"});
  EXPECT_EQ(Next<Prepared>().key, "other");
  EXPECT_FALSE(keeper_.idle());
  hang_.set_value();
  EXPECT_EQ(Next<Prepared>().key, "slow");
  EXPECT_EQ(Next<Prepared>().key, "slow too");
}

TEST_F(KeeperTest, AClassThatNobodyKnowsIsAnAnswer) {
  Send(Prepare{.key = "odd", .sandbox_class = "image", .root = "{}"});
  EXPECT_NE(Next<Prepared>().error.find("no class is called 'image'"), std::string::npos);
}

TEST_F(KeeperTest, AFullClassAdmitsWhatItCanRunLater) {
  script_.full = true;
  Send(Admit{.key = "run", .image = "image", .limits = {}, .env = {}, .grants = {}});
  EXPECT_EQ(Next<Prepared>().error, "");
}

TEST_F(KeeperTest, ASandboxHasItsServicesTimeToStop) {
  Serve web = Web();
  web.stop_timeout = milliseconds(250);
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  ASSERT_EQ(script_.specs.size(), 1U);
  EXPECT_EQ(script_.specs.front().stop_grace, milliseconds(250));
}

TEST_F(KeeperTest, AServiceIsThereOnlyOnceItHasComeUp) {
  script_.listens = false;
  Send(Web());
  EXPECT_EQ(keeper_.TakeStock().starting, (std::vector<std::string>{"key"}));
  Send(Web());  // as a manager does that has adopted it
  RunUntil([this] { return script_.refused > 1; });
  EXPECT_TRUE(told_.empty());
  script_.listens = true;
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(keeper_.TakeStock().keys, (std::vector<std::string>{"image", "key"}));
  EXPECT_TRUE(keeper_.TakeStock().starting.empty());
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(script_.specs.size(), 1U);
}

TEST_F(KeeperTest, AServiceThatDoesNotComeUpIsToldToWhoeverAskedLast) {
  script_.listens = false;
  Send(Web());
  Send(Web());
  RunUntil([this] { return script_.refused > 1; });
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_NE(Next<Prepared>().error, "");
  EXPECT_EQ(keeper_.TakeStock().keys, (std::vector<std::string>{"image"}));
  EXPECT_TRUE(keeper_.TakeStock().starting.empty());
}

TEST_F(KeeperTest, AServiceThatNeedNotProveItselfIsReachedOnTheSameLineOnceItComesUp) {
  script_.listens = false;
  Serve web = Web();
  web.prove = false;
  Send(web);
  const Fd cell = Line("key");
  RunUntil([this] { return script_.refused > 1; });
  clock_.Advance(std::chrono::minutes(1));
  const auto failed = Next<Prepared>();
  EXPECT_NE(failed.error, "");
  EXPECT_TRUE(failed.kept);
  EXPECT_EQ(keeper_.TakeStock().keys, (std::vector<std::string>{"image", "key"}));
  script_.listens = true;
  RunUntil([this] {
    return std::ranges::any_of(told_, [](const ToManager& each) {
      const auto* scaled = std::get_if<Scaled>(&each);
      return scaled != nullptr && scaled->ready == 1;
    });
  });
  EXPECT_EQ(script_.servers.size(), 1U);
}

TEST_F(KeeperTest, AServiceThatNeverCameUpEndsAtOnceAlthoughCellsHaveLinesToIt) {
  script_.listens = false;
  Serve web = Web();
  web.prove = false;
  web.limits.timeout = std::chrono::hours(1);
  Send(web);
  const Fd cell = Line("key");
  RunUntil([this] { return script_.refused > 1; });
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_TRUE(Next<Prepared>().kept);
  Send(Forget{"key"});
  int looks = 0;
  RunUntil([&] { return script_.servers.empty() || ++looks > 100; });
  EXPECT_TRUE(script_.servers.empty());
}

TEST_F(KeeperTest, AServiceThatIsForgottenWhileItStartsDoesNotAnswerForTheNext) {
  script_.listens = false;
  Send(Web());
  RunUntil([this] { return script_.refused > 1; });
  Send(Forget{"key"});
  Send(Web());
  script_.listens = true;
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(script_.specs.size(), 2U);
}

TEST_F(KeeperTest, ARequestOfAServiceThatIsForgottenHasItsOwnTimeout) {
  Serve web = Web();
  web.limits.timeout = std::chrono::hours(1);
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  const Fd cell = Line("key");
  Send(Forget{"key"});
  int looks = 0;
  RunUntil([&looks] { return ++looks > 5; });
  clock_.Advance(std::chrono::minutes(59));
  RunUntil([&] { return script_.servers.empty() || ++looks > 30; });
  EXPECT_EQ(script_.servers.size(), 1U);
  clock_.Advance(std::chrono::minutes(1));
  RunUntil([this] { return script_.servers.empty(); });
}

TEST_F(KeeperTest, ADrainCutsNoRequestOfAService) {
  Serve web = Web();
  web.limits.timeout = std::chrono::hours(1);
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  Fd cell = Line("key");
  Send(Forget{"key"});
  BeginDrain(std::chrono::hours(2));
  int looks = 0;
  RunUntil([&] { return drained_ || ++looks > 30; });
  EXPECT_EQ(script_.servers.size(), 1U) << "the cell may still have a request in it";
  cell.Reset();
  RunUntil([this] { return drained_; });
  EXPECT_TRUE(script_.servers.empty());
}

TEST_F(KeeperTest, ADrainWaitsForLinesOnWhichACallMayComeAndNoLongerThanItIsTold) {
  Send(Admit{.key = "f", .image = "image", .name = "f", .scale = {}});
  EXPECT_EQ(Next<Prepared>().error, "");
  const Fd cell = Line("f");
  BeginDrain(std::chrono::hours(2));
  int looks = 0;
  RunUntil([&] { return drained_ || ++looks > 30; });
  EXPECT_FALSE(drained_);
  EXPECT_TRUE(keeper_.TakeStock().keys.empty()) << "to the next manager it holds nothing";
  clock_.Advance(std::chrono::hours(2));
  RunUntil([this] { return drained_; });
}

TEST_F(KeeperTest, ADrainEndsServicesThatAreStillStarting) {
  script_.listens = false;
  Send(Web());
  Serve other = Web();
  other.key = "other key";
  Send(other);
  RunUntil([this] { return script_.refused > 1; });
  Drain();
  EXPECT_TRUE(script_.servers.empty());
}

TEST_F(KeeperTest, WhatAServiceUsedIsToldOnceMoreWhenItHasEnded) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  const auto first = Next<Measured>();
  EXPECT_EQ(first.used.cpu, milliseconds(30));
  EXPECT_EQ(first.memory, 5_MiB);
  EXPECT_EQ(first.sandboxes, 1U);
  script_.load.cpu = milliseconds(70);
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  EXPECT_EQ(last.name, "web");
  EXPECT_EQ(last.sandbox_class, "image");
  EXPECT_EQ(last.used.cpu, milliseconds(70));
  EXPECT_EQ(last.memory, 0_B);
  EXPECT_EQ(last.sandboxes, 0U);
}

TEST_F(KeeperTest, WhatTakesThePlaceOfAnotherIsMeasuredWithIt) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  Serve next = Web();
  next.key = "next key";
  Send(next);
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  Send(Forget{"key"});
  EXPECT_EQ(Next<Measured>().used.cpu, milliseconds(30)) << "of the one that has ended";
  const auto told = Next<Measured>();
  EXPECT_EQ(told.used.cpu, milliseconds(60));
  EXPECT_EQ(told.memory, 5_MiB);
}

TEST_F(KeeperTest, WhatForksUseIsCountedAlsoWhenTheyHaveEnded) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  Send(Fork{.id = 1, .key = "key", .count = 2});
  const auto forked = Next<Done>();
  ASSERT_EQ(forked.names.size(), 2U);
  script_.load = {.cpu = milliseconds(10), .memory = 1_MiB};
  Send(EndFork{.id = 2, .key = "key", .sandbox = forked.names.front()});
  const auto told = Next<Measured>();
  EXPECT_EQ(told.used.cpu, milliseconds(30));
  EXPECT_EQ(told.memory, 2_MiB);
  EXPECT_EQ(told.sandboxes, 2U) << "it, and the other fork";
}

TEST_F(KeeperTest, WhatEachReplicaHeldIsAddedUp) {
  Serve web = Web();
  web.replicas = 2;
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  clock_.Advance(std::chrono::seconds(3));
  const auto told = Next<Measured>();
  EXPECT_EQ(told.memory, 10_MiB);
  EXPECT_EQ(told.sandboxes, 2U);
  EXPECT_EQ(told.used.held, std::chrono::seconds(6));
  EXPECT_EQ(told.used.kib_ms, 2 * 5 * 1024 * 3000U);
  clock_.Advance(std::chrono::seconds(1));
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  EXPECT_EQ(last.used.held, std::chrono::seconds(8));
  EXPECT_EQ(last.used.kib_ms, 2 * 5 * 1024 * 4000U);
}

TEST_F(KeeperTest, AnotherManagerIsToldWhatTheOneBeforeMayNotHaveCounted) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  keeper_.TellAnew();
  EXPECT_EQ(Next<Measured>(), last);
  EXPECT_TRUE(told_.empty());
}

TEST_F(KeeperTest, TheTimeThatWasUsedWithoutAManagerIsToldTheNext) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  manager_ = false;
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  RunUntil([this] { return missed_ > 0; });
  manager_ = true;
  script_.breaks = true;
  Send(Forget{"key"});
  EXPECT_EQ(Next<Measured>().used.cpu, milliseconds(30));
}

TEST_F(KeeperTest, TheRevisionsOfAFunctionAreToldTogetherAndToEachManager) {
  std::vector<Fd> cells;  // ends of lines
  for (const std::string key : {"f 1", "f 2"}) {
    Send(Admit{.key = key, .image = "image", .name = "f", .scale = {.min = 1}});
    EXPECT_EQ(Next<Prepared>().error, "");
    cells.push_back(Line(key));
  }
  const auto told = Next<Pooled>();
  EXPECT_EQ(told.name, "f");
  EXPECT_EQ(told.ready, 2U);
  keeper_.TellAnew();
  EXPECT_EQ(Next<Pooled>(), told);
  Send(Forget{"f 1"});
  EXPECT_EQ(Next<Pooled>().ready, 1U);
  Send(Forget{"f 2"});
  EXPECT_EQ(Next<Pooled>(), (Pooled{.name = "f", .sandbox_class = "image"}));
}

TEST_F(KeeperTest, ARestoreWaitsAsLongAsTheReadinessProbeTakes) {
  Serve web = Web();
  web.health.readiness = model::Probe{.tcp_socket = model::TcpSocket{},
                                      .period = milliseconds(1),
                                      .timeout = milliseconds(60'000),
                                      .success_threshold = 2};
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  Send(Snapshot{.id = 1, .key = "key", .name = "good"});
  EXPECT_EQ(Next<Done>().error, "");

  script_.listens = false;
  Send(Restore{.id = 2, .key = "key", .name = "good"});
  RunUntil([this] { return script_.specs.size() == 2 && script_.refused > 1; });
  clock_.Advance(std::chrono::seconds(100));
  RunUntil([this, before = script_.refused] { return script_.refused > before + 20; });
  script_.listens = true;
  const auto restored = Next<Done>();
  EXPECT_EQ(restored.error, "");
  EXPECT_EQ(restored.names.size(), 1U);
}

}  // namespace
}  // namespace strata::keeper
