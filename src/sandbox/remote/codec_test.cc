#include "sandbox/remote/codec.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::sandbox::remote {
namespace {

using namespace std::chrono_literals;

TEST(RemoteCodecTest, AHeadKeepsItsBytes) {
  Begin begin;
  begin.patience_ms = 12;
  begin.texts = {"GET", "/", "", "http", "unix", "x-latin", "\xe9\xff"};
  const auto read = DecodeToServer(Encode(ToServer(begin)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(std::get<Begin>(*read).texts, begin.texts);
  EXPECT_EQ(std::get<Begin>(*read).patience_ms, 12U);
}

TEST(RemoteCodecTest, AnExitIsReadAsItWasWritten) {
  const Done done{.code = "",
                  .message = "",
                  .exit = {.reason = model::ExitReason::kLimit,
                           .status = -3,
                           .detail = "memory",
                           .usage = {.cpu = 5ns,
                                     .wall = 7s,
                                     .memory_peak = Bytes{9},
                                     .bytes_in = Bytes{1},
                                     .bytes_out = Bytes{2}}}};
  const auto read = DecodeToClient(Encode(ToClient(done)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const model::Exit& exit = std::get<Done>(*read).exit;
  EXPECT_EQ(exit.reason, model::ExitReason::kLimit);
  EXPECT_EQ(exit.status, -3);
  EXPECT_EQ(exit.detail, "memory");
  EXPECT_EQ(exit.usage, done.exit.usage);
}

TEST(RemoteCodecTest, BodiesAndLinesAreRaw) {
  const std::string bytes("\0\xff{", 3);
  const auto body = DecodeToClient(Encode(ToClient(Output{bytes})));
  EXPECT_EQ(std::get<Output>(*body).bytes, bytes);
  const auto line = DecodeToClient(Encode(ToClient(Line{Stream::kStderr, bytes})));
  EXPECT_EQ(std::get<Line>(*line).stream, Stream::kStderr);
  EXPECT_EQ(std::get<Line>(*line).text, bytes);
}

TEST(RemoteCodecTest, ADialAndItsAnswer) {
  const auto dial = DecodeToServer(Encode(ToServer(Dial{.id = 7, .patience_ms = 50})));
  ASSERT_TRUE(dial.has_value()) << dial.error().message;
  EXPECT_EQ(std::get<Dial>(*dial).id, 7U);
  EXPECT_EQ(std::get<Dial>(*dial).patience_ms, 50U);
  const auto closed = DecodeToServer(Encode(ToServer(Closed{7})));
  ASSERT_TRUE(closed.has_value()) << closed.error().message;
  EXPECT_EQ(std::get<Closed>(*closed).id, 7U);
  const auto dialled = DecodeToClient(Encode(ToClient(Dialled{7, "UNAVAILABLE: no"})));
  ASSERT_TRUE(dialled.has_value()) << dialled.error().message;
  EXPECT_EQ(std::get<Dialled>(*dialled).error, "UNAVAILABLE: no");
}

TEST(RemoteCodecTest, RefusesWhatBreaksTheRules) {
  const std::string credit = Encode(ToClient(Credit{1}));
  const std::string bad[] = {"",
                             "l",
                             "l3text",
                             "nonsense",
                             "{}",
                             R"({"type": "begin"})",
                             R"({"type": ""})",
                             credit + std::string("\0text", 5),
                             R"({"type": "respond", "status": 70000})",
                             R"({"type": "respond", "status": 200, "more": 1})",
                             R"({"type": "respond", "status": 200})" + std::string(1001, '\0')};
  for (const std::string& bytes : bad) {
    EXPECT_FALSE(DecodeToClient(bytes).has_value()) << bytes;
  }
  EXPECT_FALSE(DecodeToServer("l0text").has_value());
}

}  // namespace
}  // namespace strata::sandbox::remote
