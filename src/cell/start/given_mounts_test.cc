#include "cell/start/given_mounts.h"

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

using Mode = model::DirGrant::Mode;

TEST(GivenMountsTest, WhatIsWrittenIsReadAgain) {
  for (const GivenVolume& volume : {GivenVolume{7, Mode::kVolume, "/v/shop/db.img"},
                                    GivenVolume{-1, Mode::kVolumeReadOnly, "/v/with:colon"}}) {
    const auto read = ReadVolume(ToText(volume));
    ASSERT_TRUE(read.has_value()) << ToText(volume);
    EXPECT_EQ(*read, volume);
  }
  const GivenScratch scratch{9, 100, 4_MiB};
  const auto read = ReadScratch(ToText(scratch));
  ASSERT_TRUE(read.has_value()) << ToText(scratch);
  EXPECT_EQ(*read, scratch);
}

TEST(GivenMountsTest, AnythingElseIsRefused) {
  for (const char* text : {"", "7", "7:rw", "7:rw:", "7:rw:relative", "7:rx:/v", "x:rw:/v",
                           "2:rw:/v", "-2:rw:/v", "7x:rw:/v", "99999999999:rw:/v"}) {
    EXPECT_EQ(ReadVolume(text).error().code, Errc::kInvalidArgument) << text;
  }
  for (const char* text : {"", "7", "7:1", "7:1:", "7:1:0", "7:0:1", "7:129:1", "2:1:1", "-1:1:1",
                           "7:1:x", "7:1:1x", "7:-1:1", ":1:1"}) {
    EXPECT_EQ(ReadScratch(text).error().code, Errc::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace strata::cell
