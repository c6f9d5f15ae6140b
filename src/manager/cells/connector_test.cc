#include "manager/cells/connector.h"

#include <atomic>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "manager/testing/listening_target.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::manager {
namespace {

using sandbox::testing::CallFixture;

class ConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    grants_ = {.http = {{"silent", port_}, {"known", port_}, {"127.0.0.1", port_}}};
  }

  // The name servers of "silent" answer when the test is over, those of "known" at once.
  void TearDown() override {
    answer_.set_value();
    loop_.run();
  }
  Result<Connector::Endpoints> LookUp(const std::string& host, std::uint16_t port) {
    ++lookups_;
    if (host == "silent") answered_.wait();
    return Connector::Endpoints{{asio::ip::address_v4::loopback(), port}};
  }

  Result<Fd> Connect(const std::string& owner, const std::string& host) {
    return CallFixture::RunTask(loop_, connector_.Connect(owner, grants_, host, port_));
  }
  void Begin(const std::string& owner) {
    auto begun = [](Connector& connector, std::string whose, model::Grants grants,
                    std::uint16_t port) -> Awaitable<void> {
      (void)co_await connector.Connect(std::move(whose), std::move(grants), "silent", port);
    };
    Spawn(loop_, begun(connector_, owner, grants_, port_));
    loop_.poll();
  }

  std::promise<void> answer_;
  std::shared_future<void> answered_{answer_.get_future()};
  std::atomic<int> lookups_ = 0;
  Loop loop_;
  Connector connector_{
      loop_, [this](const std::string& host, std::uint16_t port) { return LookUp(host, port); }};
  const ListeningTarget target_;
  const std::uint16_t port_ = target_.port();
  model::Grants grants_;
};

TEST_F(ConnectorTest, ANameIsLookedUpAndAnAddressIsNot) {
  EXPECT_TRUE(Connect("shop", "127.0.0.1").has_value());
  EXPECT_EQ(lookups_, 0);
  EXPECT_TRUE(Connect("shop", "known").has_value());
  EXPECT_EQ(lookups_, 1);
}

TEST_F(ConnectorTest, WhoseNameServersAreSilentKeepsNobodyElseWaiting) {
  Begin("hostile");
  EXPECT_TRUE(Connect("shop", "known").has_value());
}

TEST_F(ConnectorTest, WhoMakesTooManyConnectionsIsRefusedAlone) {
  for (int i = 0; i < 32; ++i) Begin("hostile");
  const auto refused = Connect("hostile", "127.0.0.1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kResourceExhausted);
  EXPECT_TRUE(Connect("shop", "127.0.0.1").has_value());
}

TEST_F(ConnectorTest, WhatIsNotGrantedIsNotLookedUp) {
  const auto denied = Connect("shop", "elsewhere");
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().code, Errc::kPermissionDenied);
  EXPECT_EQ(connector_.denied(), 1U);
  EXPECT_EQ(lookups_, 0);
}

}  // namespace
}  // namespace strata::manager
