#include "manager/options.h"

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

TEST(OptionsTest, WhatIsNotGivenIsFine) {
  EXPECT_TRUE(Check(Options{}, 65'530).has_value());
  EXPECT_GT(MapsAllowed(), 0U);
}

TEST(OptionsTest, AMemoryLargerThanItsReservationIsRefused) {
  Options options;
  options.memory_reservation = Bytes::MiB(4);
  auto checked = Check(options, 65'530);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
  EXPECT_NE(checked.error().message.find("give --max-memory-mib=4 or less"), std::string::npos);
  options.max_memory = Bytes::MiB(4);
  EXPECT_TRUE(Check(options, 65'530).has_value());
}

TEST(OptionsTest, MoreSandboxesThanTheHostHasMappingsForAreRefused) {
  Options options;
  options.max_sandboxes = 20'000;
  auto checked = Check(options, 65'530);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
  EXPECT_NE(checked.error().message.find("give --max-sandboxes=10671"), std::string::npos)
      << checked.error().message;
  options.max_sandboxes = 10'671;
  EXPECT_TRUE(Check(options, 65'530).has_value());
  EXPECT_FALSE(Check(options, 100).has_value());
}

}  // namespace
}  // namespace strata::manager
