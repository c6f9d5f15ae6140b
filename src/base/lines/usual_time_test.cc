#include "base/lines/usual_time.h"

#include <chrono>
#include <cstddef>

#include <gtest/gtest.h>

namespace strata {
namespace {

using std::chrono::milliseconds;
using End = UsualTime::End;

TEST(UsualTimeTest, AFewCallsSayNothing) {
  UsualTime usual;
  for (std::size_t i = 1; i < UsualTime::kFew; ++i) usual.Add(milliseconds(50), End::kItsOwn);
  EXPECT_EQ(usual.value(), Duration::zero());
  usual.Add(milliseconds(50), End::kItsOwn);
  EXPECT_EQ(usual.value(), milliseconds(50));
}

TEST(UsualTimeTest, ItIsTheMedianAndFollows) {
  UsualTime usual;
  for (int i = 0; i < 30; ++i) usual.Add(milliseconds(i % 3 == 0 ? 5000 : 50), End::kItsOwn);
  EXPECT_EQ(usual.value(), milliseconds(50));
  for (int i = 0; i < 200; ++i) usual.Add(milliseconds(400), End::kItsOwn);
  EXPECT_EQ(usual.value(), milliseconds(400));
}

TEST(UsualTimeTest, WhatHadNoTimeMakesItNoShorter) {
  UsualTime usual;
  for (int i = 0; i < 20; ++i) usual.Add(milliseconds(200), End::kItsOwn);
  for (int i = 0; i < 500; ++i) usual.Add(milliseconds(10), End::kCutShort);
  EXPECT_EQ(usual.value(), milliseconds(200));
  for (int i = 0; i < 500; ++i) usual.Add(milliseconds(900), End::kCutShort);
  EXPECT_EQ(usual.value(), milliseconds(900));
}

}  // namespace
}  // namespace strata
