#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/text/byte_view.h"

namespace strata {
namespace {

TEST(BytesTest, LiteralsAndNamedUnitsAgree) {
  EXPECT_EQ(4_KiB, Bytes{4096});
  EXPECT_EQ(4_KiB, Bytes::KiB(4));
  EXPECT_EQ(1_MiB, Bytes::KiB(1024));
  EXPECT_EQ(1_KiB + 1_B, Bytes{1025});
  EXPECT_LT(1_KiB, 1_MiB);
}

TEST(ByteViewTest, TextAndBytesAreTheSameMemory) {
  const std::string_view text("a\0b", 3);
  const ByteView bytes = AsBytes(text);
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(bytes[2], std::byte{'b'});
  EXPECT_EQ(AsText(bytes), text);
  EXPECT_EQ(static_cast<const void*>(AsText(bytes).data()), text.data());
}

}  // namespace
}  // namespace strata
