#include "base/async/counted.h"

#include <cstddef>

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(CountedTest, CountsOneMoreForAsLongAsItLives) {
  std::size_t count = 3;
  {
    const Counted first(count);
    const Counted second(count);
    EXPECT_EQ(count, 5u);
  }
  EXPECT_EQ(count, 3u);
}

}  // namespace
}  // namespace strata
