#include "host/unix_address.h"

#include <sys/socket.h>

#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

TEST(UnixAddressTest, WhatDoesNotFitIsRefusedAndNotCut) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'x');
  const auto fits = UnixAddress::Of(longest);
  ASSERT_TRUE(fits.has_value());
  EXPECT_EQ(fits->path(), longest);
  for (const std::string& bad : {longest + "x", std::string()}) {
    const auto refused = UnixAddress::Of(bad);
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_NE(refused.error().message.find("107 bytes"), std::string::npos);
  }
}

TEST(UnixAddressTest, ConnectsToWhoListensAndOnlyThen) {
  const strata::testing::TempDir dir;
  const std::string path = dir / "s";
  EXPECT_FALSE(ConnectUnix(path).has_value());
  const auto listener = UnixSocket();
  ASSERT_TRUE(listener.has_value());
  const auto address = UnixAddress::Of(path);
  ASSERT_TRUE(address.has_value());
  ASSERT_EQ(::bind(listener->get(), address->get(), UnixAddress::size()), 0);
  const auto refused = ConnectUnix(path);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find(path), std::string::npos);
  ASSERT_EQ(::listen(listener->get(), 1), 0);
  EXPECT_TRUE(ConnectUnix(path).has_value());
}

}  // namespace
}  // namespace strata::host
