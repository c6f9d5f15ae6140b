#include "kube/grpc/frames.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text/byte_view.h"

namespace strata::kube::grpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint32_t kStream = 3;
constexpr std::uint8_t kEnd = 0x1;
constexpr std::uint8_t kAck = 0x1;
constexpr std::uint8_t kPadded = 0x8;

std::string Message(const std::string& text) {
  std::string made(4, '\0');
  made += static_cast<char>(text.size());
  return made + text;
}

class AnswerTest : public ::testing::Test {
 protected:
  Result<void> Take(FrameType type, std::string_view payload, std::uint8_t flags = 0,
                    std::uint32_t stream = kStream) {
    return answer_.Take({.length = static_cast<std::uint32_t>(payload.size()),
                         .type = type,
                         .flags = flags,
                         .stream = stream},
                        payload);
  }
  Errc CodeOf(FrameType type, std::string_view payload, std::uint8_t flags = 0) {
    const auto taken = Take(type, payload, flags);
    EXPECT_FALSE(taken);
    return taken ? Errc::kInternal : taken.error().code;
  }

  std::vector<std::string> messages_;
  Answer answer_{kStream, [this](std::string_view message) -> Result<void> {
                   messages_.emplace_back(message);
                   return {};
                 }};
};

TEST_F(AnswerTest, MessagesComeOneByOneHoweverTheyAreCut) {
  ASSERT_TRUE(Take(FrameType::kHeaders, "anything"));
  const std::string all = Message("one") + Message("") + Message("three");
  ASSERT_TRUE(Take(FrameType::kData, all.substr(0, 2)));
  ASSERT_TRUE(Take(FrameType::kData, all.substr(2, 8)));
  ASSERT_TRUE(Take(FrameType::kData, all.substr(10)));
  EXPECT_FALSE(answer_.ended());
  ASSERT_TRUE(Take(FrameType::kHeaders, "trailers", kEnd));
  EXPECT_TRUE(answer_.ended());
  EXPECT_THAT(messages_, ElementsAre("one", "", "three"));
}

TEST_F(AnswerTest, ARefusalHasNoMessage) {
  ASSERT_TRUE(Take(FrameType::kHeaders, "why", kEnd));
  EXPECT_TRUE(answer_.ended());
  EXPECT_TRUE(messages_.empty());
}

TEST_F(AnswerTest, PaddingIsNoPartOfAMessage) {
  ASSERT_TRUE(Take(FrameType::kData, std::string(1, '\2') + Message("text") + "..", kPadded));
  EXPECT_THAT(messages_, ElementsAre("text"));
  EXPECT_EQ(CodeOf(FrameType::kData, "", kPadded), Errc::kInvalidArgument);
  EXPECT_EQ(CodeOf(FrameType::kData, "\3..", kPadded), Errc::kInvalidArgument);
}

TEST_F(AnswerTest, OtherCallsAreNotOurs) {
  ASSERT_TRUE(Take(FrameType::kData, Message("old"), kEnd, kStream - 2));
  ASSERT_TRUE(Take(FrameType::kReset, "1234", 0, kStream - 2));
  EXPECT_FALSE(answer_.ended());
  EXPECT_TRUE(messages_.empty());
}

TEST_F(AnswerTest, WhatTheConnectionAsksIsAnswered) {
  ASSERT_TRUE(Take(FrameType::kSettings, "", 0, 0));
  EXPECT_EQ(answer_.TakeReply(), EncodeFrame({.type = FrameType::kSettings, .flags = kAck}, ""));
  ASSERT_TRUE(Take(FrameType::kPing, "12345678", 0, 0));
  EXPECT_EQ(answer_.TakeReply(),
            EncodeFrame({.type = FrameType::kPing, .flags = kAck}, "12345678"));
  ASSERT_TRUE(Take(FrameType::kSettings, "", kAck, 0));
  ASSERT_TRUE(Take(FrameType::kPing, "12345678", kAck, 0));
  ASSERT_TRUE(Take(FrameType::kWindowUpdate, "1234", 0, 0));
  EXPECT_EQ(answer_.TakeReply(), "");
}

TEST_F(AnswerTest, WhatIsBrokenOffIsUnavailable) {
  EXPECT_EQ(CodeOf(FrameType::kReset, "1234"), Errc::kUnavailable);
  EXPECT_EQ(CodeOf(FrameType::kGoAway, "12345678"), Errc::kUnavailable);
  ASSERT_TRUE(Take(FrameType::kData, Message("text").substr(0, 6)));
  EXPECT_EQ(CodeOf(FrameType::kHeaders, "", kEnd), Errc::kUnavailable);
}

TEST_F(AnswerTest, AMessageIsBoundedAndPlain) {
  EXPECT_EQ(CodeOf(FrameType::kData, std::string("\0\0\x40\0\1", 5)), Errc::kInvalidArgument);
}

TEST_F(AnswerTest, ACompressedMessageIsRefused) {
  EXPECT_EQ(CodeOf(FrameType::kData, std::string("\1\0\0\0\0", 5)), Errc::kInvalidArgument);
}

TEST(FramesTest, AHeaderIsReadAsItWasWritten) {
  const FrameHeader header{
      .length = 3, .type = FrameType::kData, .flags = kEnd, .stream = 0x7FFFFFFF};
  const std::string frame = EncodeFrame(header, "abc");
  ASSERT_EQ(frame.size(), kHeaderBytes + 3);
  const auto read = DecodeHeader(AsBytes(frame).first<kHeaderBytes>());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, header);
}

TEST(FramesTest, ALargeFrameIsRefused) {
  const std::string frame = EncodeFrame({}, std::string(kMaxFrame.count + 1, '.'));
  const auto read = DecodeHeader(AsBytes(frame).first<kHeaderBytes>());
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("at most 16384"));
}

TEST(FramesTest, ARequestIsItsFieldsAndItsMessage) {
  const auto frames = EncodeRequest(
      {.method = "/a.B/C", .name_space = std::string(300, 'n'), .message = "text"}, kStream);
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_THAT(*frames, HasSubstr(std::string("\0\5:path\6/a.B/C", 14)));
  // 300 is 127 and 173: seven bits, and the rest.
  EXPECT_THAT(*frames, HasSubstr("\x7F\xAD\x01nnn"));
  EXPECT_THAT(*frames, HasSubstr(Message("text")));
  EXPECT_FALSE(EncodeRequest({.message = std::string(kMaxFrame.count, '.')}, kStream));
}

}  // namespace
}  // namespace strata::kube::grpc
