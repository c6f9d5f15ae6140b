#include "http/parse/input_buffer.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

void Append(InputBuffer& buffer, std::string_view text) {
  const auto space = buffer.Space(text.size());
  ASSERT_GE(space.size(), text.size());
  std::memcpy(space.data(), text.data(), text.size());
  buffer.Commit(text.size());
}

TEST(InputBufferTest, KeepsUnreadBytesWhenItGrows) {
  InputBuffer buffer;
  Append(buffer, "head");
  Append(buffer, std::string(100'000, 'x'));
  EXPECT_EQ(buffer.readable().size(), 100'004U);
  EXPECT_TRUE(buffer.readable().starts_with("headx"));
}

TEST(InputBufferTest, PinnedBytesStayWhereTheyAreWhileABodyPasses) {
  InputBuffer buffer;
  Append(buffer, "head|body");
  const std::string_view head = buffer.readable().substr(0, 5);
  buffer.ConsumeAndPin(5);
  EXPECT_EQ(buffer.readable(), "body");
  for (int i = 0; i < 50; ++i) {
    Append(buffer, std::string(3000, static_cast<char>('a' + i % 26)));
    buffer.Consume(buffer.readable().size() - 1);
    ASSERT_EQ(head, "head|");
  }
  buffer.Unpin();
  EXPECT_EQ(buffer.readable().size(), 1U);
}

TEST(InputBufferTest, AnAllConsumedHeadIsStillPinned) {
  InputBuffer buffer;
  Append(buffer, "head");
  const std::string_view head = buffer.readable();
  buffer.ConsumeAndPin(4);
  Append(buffer, "body");
  EXPECT_EQ(head, "head");
  EXPECT_EQ(buffer.readable(), "body");
}

TEST(InputBufferTest, GivesALargeBufferBackWhenItIsEmpty) {
  InputBuffer buffer;
  Append(buffer, std::string(200'000, 'x'));
  buffer.ConsumeAndPin(200'000);
  buffer.Unpin();
  EXPECT_EQ(buffer.capacity(), 0U);
  Append(buffer, "again");
  EXPECT_EQ(buffer.readable(), "again");
  EXPECT_LE(buffer.capacity(), 2048U);
}

}  // namespace
}  // namespace strata::http
