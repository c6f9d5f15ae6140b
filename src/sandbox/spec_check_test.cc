#include "sandbox/spec_check.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

TEST(SpecCheckTest, AcceptsLettersDigitsAndDashes) {
  EXPECT_TRUE(CheckId("a").has_value());
  EXPECT_TRUE(CheckId("shop-thumbnail-17").has_value());
  EXPECT_TRUE(CheckId(std::string(64, 'z')).has_value());
}

struct BadId {
  const char* label;
  std::string id;
};
class SpecCheckBadIdTest : public ::testing::TestWithParam<BadId> {};

TEST_P(SpecCheckBadIdTest, IsAnInvalidArgument) {
  const auto checked = CheckId(GetParam().id);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Ids, SpecCheckBadIdTest,
                         ::testing::Values(BadId{"Empty", ""}, BadId{"Long", std::string(65, 'a')},
                                           BadId{"Upper", "A"}, BadId{"Slash", "../x"},
                                           BadId{"Nul", std::string("a\0b", 3)}),
                         [](const auto& info) { return info.param.label; });

TEST(SpecCheckTest, ADirectoryLiesWhereNothingElseDoesAndIsThere) {
  using Mode = model::DirGrant::Mode;
  const auto code = [](const model::DirGrant& dir) {
    const auto checked = CheckDirectory(dir);
    return checked ? std::optional<Errc>() : checked.error().code;
  };
  EXPECT_EQ(code({.host = "/usr", .guest = "/data"}), std::nullopt);
  EXPECT_EQ(code({.guest = "/data", .mode = Mode::kScratch}), std::nullopt);
  for (const char* bad : {"", "/", "data", "/data/../etc"}) {
    EXPECT_EQ(code({.host = "/usr", .guest = bad}), Errc::kInvalidArgument) << bad;
  }
  EXPECT_EQ(code({.host = "/usr", .guest = "/proc/self"}), Errc::kUnsupported);
  EXPECT_EQ(code({.host = "usr", .guest = "/data"}), Errc::kInvalidArgument);
  EXPECT_EQ(code({.host = "/none", .guest = "/data"}), Errc::kNotFound);
  EXPECT_EQ(code({.host = "/usr", .guest = "/data", .mode = Mode::kVolume}), Errc::kNotFound);
}

}  // namespace
}  // namespace strata::sandbox
