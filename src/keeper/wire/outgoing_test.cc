#include "keeper/wire/outgoing.h"

#include <fcntl.h>

#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "sandbox/testing/call_fixture.h"

namespace strata::keeper {
namespace {

class OutgoingTest : public ::testing::Test {
 protected:
  // Asks for a connection, and lets `answer` see the question that was posted.
  Result<Fd> Ask(const std::function<void(const Connect&)>& answer) {
    answer_ = answer;
    return sandbox::testing::CallFixture::RunTask(loop_,
                                                  outgoing_.For("key").Connect("a.example", 80));
  }

  Loop loop_;
  std::function<void(const Connect&)> answer_;
  std::vector<Moved> moved_;
  Outgoing outgoing_{loop_, [this](const ToManager& message) {
                       if (const auto* asked = std::get_if<Connect>(&message)) answer_(*asked);
                       if (const auto* moved = std::get_if<Moved>(&message)) {
                         moved_.push_back(*moved);
                       }
                     }};
};

TEST_F(OutgoingTest, AConnectionIsAskedForAndArrives) {
  const auto socket = Ask([this](const Connect& asked) {
    EXPECT_EQ(asked.key, "key");
    EXPECT_EQ(asked.host, "a.example");
    EXPECT_EQ(asked.port, 80);
    outgoing_.OnConnected({.id = asked.id + 1}, Fd(::open("/dev/null", O_RDONLY)));  // no one's
    outgoing_.OnConnected({.id = asked.id}, Fd(::open("/dev/null", O_RDONLY)));
  });
  EXPECT_TRUE(socket.has_value() && socket->valid());
}

TEST_F(OutgoingTest, ARefusalKeepsItsCode) {
  const auto socket = Ask([this](const Connect& asked) {
    outgoing_.OnConnected({.id = asked.id, .error = "PERMISSION_DENIED: no grant"}, Fd());
  });
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().code, Errc::kPermissionDenied);
}

TEST_F(OutgoingTest, AnAnswerWithoutADescriptorIsAFailure) {
  const auto socket =
      Ask([this](const Connect& asked) { outgoing_.OnConnected({.id = asked.id}, Fd()); });
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().code, Errc::kUnavailable);
}

TEST_F(OutgoingTest, WhatMovedIsToldUnderItsKey) {
  outgoing_.For("other").Account({.sent = 1, .received = 2, .connections = 3, .denied = 4});
  ASSERT_EQ(moved_.size(), 1U);
  EXPECT_EQ(moved_.front().key, "other");
  EXPECT_EQ(moved_.front().sent, 1U);
  EXPECT_EQ(moved_.front().received, 2U);
  EXPECT_EQ(moved_.front().connections, 3U);
  EXPECT_EQ(moved_.front().denied, 4U);
}

}  // namespace
}  // namespace strata::keeper
