#include "cell/wire/log_line.h"

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

LogLine FullLine() {
  return {3, 4, "web-0-1", "stderr", "0af7651916cd43dd8448eb211c80319c", 5, "text"};
}

TEST(LogLineTest, SurvivesTheWay) {
  const auto decoded = DecodeLogLine(EncodeLogLine(FullLine()));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->generation, 3u);
  EXPECT_EQ(decoded->function, 4u);
  EXPECT_EQ(decoded->sandbox, "web-0-1");
  EXPECT_EQ(decoded->stream, "stderr");
  EXPECT_EQ(decoded->time_ns, 5u);
  EXPECT_EQ(decoded->text, "text");
}

TEST(LogLineTest, BytesThatAreNoTextBecomeReplacements) {
  LogLine line = FullLine();
  line.text = "a\xff\n\x1b";
  const auto decoded = DecodeLogLine(EncodeLogLine(line));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->text, "a\xef\xbf\xbd\n\x1b");
}

TEST(LogLineTest, AnythingElseIsRefused) {
  for (
      const char* text :
      {"", "{}", "[]", R"({"function":1})",
       R"({"function":-1,"generation":2,"sandbox":"","stream":"","text":"","time_ns":5,"trace_id":""})",
       R"({"function":1,"generation":2,"sandbox":3,"stream":"","text":"","time_ns":5,"trace_id":""})",
       R"({"function":1,"generation":2,"sandbox":"","stream":"","text":"","time_ns":5,"other":""})"}) {
    const auto decoded = DecodeLogLine(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace strata::cell
