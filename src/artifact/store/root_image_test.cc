#include "artifact/store/root_image.h"

#include <gtest/gtest.h>

namespace strata::artifact {
namespace {

TEST(RootImageTest, WhatIsWrittenIsRead) {
  const RootImage image{.lower = {"/top", "/below"},
                        .args = {"app", "-x"},
                        .env = {{"A", "b"}},
                        .cwd = "/srv",
                        .uid = 7,
                        .gid = 8};
  const auto read = ParseRootImage(WriteRootImage(image));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, image);
}

struct BadImage {
  const char* label;
  const char* text;
};
class RootImageBadTest : public ::testing::TestWithParam<BadImage> {};

TEST_P(RootImageBadTest, IsAnInvalidArgument) {
  const auto image = ParseRootImage(GetParam().text);
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    Images, RootImageBadTest,
    ::testing::Values(BadImage{"Empty", ""}, BadImage{"NoObject", "[]"},
                      BadImage{"NoLayer", R"({"args":["a"]})"},
                      BadImage{"NoArguments", R"({"lower":["/a"]})"},
                      BadImage{"EmptyProgram", R"({"lower":["/a"],"args":[""]})"},
                      BadImage{"UnknownField", R"({"lower":["/a"],"args":["a"],"x":1})"},
                      BadImage{"WrongType", R"({"lower":"/a","args":["a"]})"},
                      BadImage{"RelativeLayer", R"({"lower":["a"],"args":["a"]})"},
                      BadImage{"UpwardLayer", R"({"lower":["/a/../b"],"args":["a"]})"},
                      BadImage{"TwoLayersInOne", R"({"lower":["/a:/b"],"args":["a"]})"},
                      BadImage{"MountOption", R"({"lower":["/a,upperdir=/b"],"args":["a"]})"},
                      BadImage{"RelativeDirectory", R"({"lower":["/a"],"args":["a"],"cwd":"a"})"},
                      BadImage{"LeakedDescriptor",
                               R"({"lower":["/a"],"args":["a"],"cwd":"/proc/self/fd/7"})"}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::artifact
