#include "route/plan/path.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::route {
namespace {

TEST(CanonicalPathTest, APlainPathIsItself) {
  std::string scratch;
  const std::string path = "/a/b.c/~d-e_f/";
  const auto canonical = CanonicalPath(path, scratch);
  ASSERT_TRUE(canonical.has_value());
  EXPECT_EQ(*canonical, path);
  EXPECT_EQ(canonical->data(), path.data());  // borrowed: nothing was copied
}

TEST(CanonicalPathTest, EncodedUnreservedCharactersAreTheSamePath) {
  std::string scratch;
  EXPECT_EQ(CanonicalPath("/%61dmin/%7Ejoe", scratch).value(), "/admin/~joe");
}

TEST(CanonicalPathTest, OtherEscapesStayAndTheirCaseDoesNotMatter) {
  std::string scratch;
  EXPECT_EQ(CanonicalPath("/caf%c3%A9", scratch).value(), "/caf%C3%A9");
}

TEST(CanonicalPathTest, DotsInsideASegmentAreFine) {
  std::string scratch;
  EXPECT_EQ(CanonicalPath("/...", scratch).value(), "/...");
  EXPECT_EQ(CanonicalPath("/a..b/.c", scratch).value(), "/a..b/.c");
}

class CanonicalPathRefusesTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CanonicalPathRefusesTest, WhatServersReadInMoreThanOneWay) {
  std::string scratch;
  const auto canonical = CanonicalPath(GetParam(), scratch);
  ASSERT_FALSE(canonical.has_value()) << *canonical;
  EXPECT_EQ(canonical.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Paths, CanonicalPathRefusesTest,
                         ::testing::Values("", "a", "*", "//", "/a//b", "/.", "/..", "/a/../b",
                                           "/a/..", "/a/./b", "/a%2fb", "/a%2Fb", "/%2e%2e/b",
                                           "/a%5cb", "/a\\b", "/a%00", "/a%", "/a%4", "/a%zz",
                                           "/a b", "/a\tb", "/a\x7f", "/\xc3\xa9", "/a?b", "/a#b"));

}  // namespace
}  // namespace strata::route
