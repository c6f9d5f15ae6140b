#include "wire/outcome.h"

#include <gtest/gtest.h>

namespace strata::wire {
namespace {

TEST(WireErrorTest, StartsWithTheCode) {
  EXPECT_EQ(WireError({Errc::kNotFound, "no x"}), "NOT_FOUND: no x");
}

TEST(OutcomeTest, ComesBackAsItWas) {
  EXPECT_TRUE(OutcomeOf("").has_value());
  const auto failed = OutcomeOf(WireError({Errc::kNotFound, "no x: y"}));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Errc::kNotFound);
  EXPECT_EQ(failed.error().message, "no x: y");
}

TEST(OutcomeTest, ATextWithoutACodeIsInternal) {
  EXPECT_EQ(OutcomeOf("what: ever").error().code, Errc::kInternal);
  EXPECT_EQ(OutcomeOf("what: ever").error().message, "what: ever");
}

}  // namespace
}  // namespace strata::wire
