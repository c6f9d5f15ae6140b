#include "http/parse/connection_fields.h"

#include <vector>

#include <gtest/gtest.h>

#include "http/message.h"

namespace strata::http {
namespace {

TEST(ConnectionFieldsTest, WhatAnyFieldNamedConnectionNamesIsOneOfThem) {
  const std::vector<Header> fields = {
      {"Connection", "close"}, {"X-Mine", "a"}, {"connection", "x-mine , X-Other"}};
  const ConnectionFields connections(fields);
  for (const char* name : {"Connection", "Keep-Alive", "X-Mine", "x-other", "Close"}) {
    EXPECT_TRUE(connections.Has(name)) << name;
  }
  for (const char* name : {"Accept", "x-min", "mine", "Host"}) {
    EXPECT_FALSE(connections.Has(name)) << name;
  }
}

TEST(ConnectionFieldsTest, WithoutSuchAFieldThereAreThoseThatAlwaysAre) {
  const ConnectionFields connections(std::vector<Header>{{"X-Mine", "a"}});
  EXPECT_TRUE(connections.Has("transfer-encoding"));
  EXPECT_FALSE(connections.Has("x-mine"));
}

}  // namespace
}  // namespace strata::http
