#include "cell/wire/network.h"

#include <unistd.h>

#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

class WireNetworkTest : public ::testing::Test {
 protected:
  WireNetworkTest()
      : network_(loop_, [this](Connect ask) {
          if (!manager_) return false;
          asked_.push_back(std::move(ask));
          return true;
        }) {}

  using Answer = std::optional<Result<Fd>>;
  static Awaitable<void> Store(Task<Fd> task, Answer& to) { to.emplace(co_await std::move(task)); }
  void Start(Answer& to) {
    Spawn(loop_, Store(network_.Connect({7, 3}, "api.example.com", 443), to));
    Turn();
  }
  void Turn() {
    loop_.restart();
    loop_.poll();
  }

  Loop loop_;
  bool manager_ = true;
  std::vector<Connect> asked_;
  WireNetwork network_;
};

TEST_F(WireNetworkTest, AsksWithTheFunctionAndGetsTheSocket) {
  Answer answer;
  Start(answer);
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0].generation, 7u);
  EXPECT_EQ(asked_[0].function, 3u);
  EXPECT_EQ(asked_[0].host, "api.example.com");
  EXPECT_EQ(asked_[0].port, 443);
  EXPECT_FALSE(answer.has_value());
  network_.OnConnected({asked_[0].id, ""}, Fd(::dup(0)));
  Turn();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE((*answer)->valid());
}

TEST_F(WireNetworkTest, ADenialIsADenial) {
  Answer answer;
  Start(answer);
  network_.OnConnected({asked_[0].id, "PERMISSION_DENIED: no such grant"}, Fd());
  Turn();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error().code, Errc::kPermissionDenied);
}

TEST_F(WireNetworkTest, AnAnswerWithoutASocketIsUnavailable) {
  Answer answer;
  Start(answer);
  network_.OnConnected({asked_[0].id, ""}, Fd());
  Turn();
  EXPECT_EQ(answer->error().code, Errc::kUnavailable);
}

TEST_F(WireNetworkTest, WithoutAManagerNothingWaits) {
  manager_ = false;
  Answer answer;
  Start(answer);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error().code, Errc::kUnavailable);
}

TEST_F(WireNetworkTest, ALostWireEndsEveryWait) {
  Answer first, second;
  Start(first);
  Start(second);
  network_.OnWireLost();
  Turn();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->error().code, Errc::kUnavailable);
  EXPECT_EQ(second->error().code, Errc::kUnavailable);
}

TEST_F(WireNetworkTest, AnAnswerThatNobodyWaitsForIsDropped) {
  network_.OnConnected({99, ""}, Fd(::dup(0)));
}

}  // namespace
}  // namespace strata::cell
