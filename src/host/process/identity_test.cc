#include "host/process/identity.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

TEST(IdentityTest, OfThisProcessItIsWhatTheKernelSays) {
  const auto found = IdentityOf(::getpid());
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->uid, ::getuid());
  EXPECT_EQ(found->gid, ::getgid());
}

TEST(IdentityTest, OfNoProcessThereIsNone) {
  const auto found = IdentityOf(-1);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kNotFound);
}

TEST(IdentityTest, TheRealOnesAreTheFirst) {
  const auto found = IdentityIn("Name:\tx\nUid:\t7\t8\t8\t8\nGid:\t9\t10\t10\t10\n");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->uid, 7U);
  EXPECT_EQ(found->gid, 9U);
}

TEST(IdentityTest, WhatDoesNotSayItHasNone) {
  for (const char* status : {"", "Name:\tUid:\t7\n", "\nUid:\t7\n", "\nUid:\tx\nGid:\t9\n",
                             "\nUid:\t99999999999\t\nGid:\t9\n"}) {
    EXPECT_FALSE(IdentityIn(status).has_value()) << status;
  }
}

}  // namespace
}  // namespace strata::host
