#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(TimestampTest, MicrosecondsInUtc) {
  EXPECT_EQ(Rfc3339(FromEpoch(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Rfc3339(FromEpoch(1'795'469'440'806'292'003)), "2026-11-23T21:30:40.806292Z");
  EXPECT_EQ(Rfc3339(FromEpoch(1'709'164'800'000'001'000)), "2024-02-29T00:00:00.000001Z");
}

}  // namespace
}  // namespace strata
