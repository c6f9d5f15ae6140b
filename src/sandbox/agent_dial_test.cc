#include "sandbox/agent_dial.h"

#include <unistd.h>

#include <chrono>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

class AgentDialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeAgentDial(8080);
    ASSERT_TRUE(made.has_value());
    dial_.emplace(std::move(*made));
    dial_->program.in.Reset();
    Spawn(loop_, [](Loop& loop, Fd ours, std::optional<Result<Fd>>& to) -> Awaitable<void> {
      to.emplace(co_await AwaitConnected(loop, std::move(ours), 8080));
    }(loop_, std::move(dial_->ours), dialled_));
  }

  Loop loop_;
  std::optional<AgentDial> dial_;
  std::optional<Result<Fd>> dialled_;
};

TEST_F(AgentDialTest, WhatTheAgentHasConnectedIsHandedOut) {
  ASSERT_EQ(::write(dial_->program.out.get(), "+", 1), 1);
  loop_.run();
  ASSERT_TRUE(dialled_ && dialled_->has_value());
  ASSERT_EQ(::write(dial_->program.out.get(), "x", 1), 1);
  char got = 0;
  EXPECT_EQ(::read((*dialled_)->get(), &got, 1), 1);
  EXPECT_EQ(got, 'x');
}

TEST_F(AgentDialTest, AnAgentThatEndsHasConnectedNothing) {
  dial_->program.out.Reset();
  loop_.run();
  ASSERT_TRUE(dialled_.has_value());
  EXPECT_EQ(dialled_->error().code, Errc::kUnavailable);
}

TEST_F(AgentDialTest, AnAgentThatSaysNothingIsNotWaitedForForEver) {
  loop_.run_for(std::chrono::seconds(10));
  ASSERT_TRUE(dialled_.has_value());
  EXPECT_EQ(dialled_->error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace strata::sandbox
