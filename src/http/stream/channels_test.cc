#include "http/stream/channels.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::http::channels {
namespace {

std::string PayloadOf(const std::string& message) { return message.substr(1); }

TEST(ChannelsTest, AMessageIsReadAsItWasWritten) {
  const std::string bytes = Write(Channel::kError, std::string_view("a\0b", 3));
  const auto message = Read(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->channel, Channel::kError);
  EXPECT_EQ(message->payload, std::string_view("a\0b", 3));
  const std::string end = WriteInputEnd();
  EXPECT_EQ(end, std::string("\xff\0", 2));
  EXPECT_TRUE(IsInputEnd(*Read(end)));
}

TEST(ChannelsTest, WhatIsNoMessageIsRefused) {
  for (const std::string& bytes : {std::string(), std::string("\x05"), std::string("\xfe")}) {
    EXPECT_EQ(Read(bytes).error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(IsInputEnd(*Read("\xff\x01")));
  EXPECT_FALSE(IsInputEnd(*Read("\xff")));
}

TEST(ChannelsTest, SizesHaveRoom) {
  EXPECT_EQ(*ReadSize(PayloadOf(WriteSize({33, 77}))), (Size{33, 77}));
  for (const char* text : {"", "[]", "{}", R"({"Width": 0, "Height": 1})",
                           R"({"Width": 1, "Height": 65536})", R"({"Width": 1.5, "Height": 2})",
                           R"({"Width": -1, "Height": 2})", R"({"Width": "1", "Height": 2})"}) {
    EXPECT_EQ(ReadSize(text).error().code, Errc::kInvalidArgument) << text;
  }
}

TEST(ChannelsTest, AnEndIsACodeOrAReason) {
  EXPECT_EQ(*ReadStatus(PayloadOf(WriteStatus(0))), 0);
  EXPECT_EQ(*ReadStatus(PayloadOf(WriteStatus(143))), 143);
  const auto failed = ReadStatus(PayloadOf(WriteStatus(Fail(Errc::kNotFound, "no sandbox x"))));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Errc::kNotFound);
  EXPECT_EQ(failed.error().message, "no sandbox x");
  for (const char* text : {"", "[]", R"({"reason": "NonZeroExitCode"})",
                           R"({"reason": "NonZeroExitCode", "details": {"causes": [1]}})",
                           R"({"reason": "NonZeroExitCode", "details": {"causes":
                               [{"reason": "ExitCode", "message": "x"}]}})"}) {
    EXPECT_EQ(ReadStatus(text).error().code, Errc::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace strata::http::channels
