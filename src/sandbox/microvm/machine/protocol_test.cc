#include "sandbox/microvm/machine/protocol.h"

#include <gtest/gtest.h>

namespace strata::sandbox::microvm {
namespace {

TEST(MicrovmProtocolTest, AStreamIsCutIntoFramesWhereverItIsSplit) {
  const std::string stream = EncodeFrame(FrameType::kOutput, "abc", 70'001) +
                             EncodeFrame(FrameType::kReady) +
                             EncodeFrame(FrameType::kInputTaken, WriteCount(70'000));
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (const std::string& part : {stream.substr(0, split), stream.substr(split)}) {
      reader.Feed(part);
      for (auto frame = reader.Next(); frame && *frame; frame = reader.Next()) {
        frames.push_back(**frame);
      }
    }
    ASSERT_EQ(frames.size(), 3U) << split;
    EXPECT_EQ(frames[0].payload, "abc");
    EXPECT_EQ(frames[0].program, 70'001U);
    EXPECT_EQ(frames[1].program, 0U);
    EXPECT_EQ(frames[1].type, FrameType::kReady);
    EXPECT_EQ(ReadCount(frames[2].payload), 70'000U);
  }
}

TEST(MicrovmProtocolTest, NonsenseEndsTheStream) {
  for (const std::string& bad :
       {std::string("\0\0\0\0\0\0\0\0\0", 9), std::string("\0\0\0\0\xff\0\0\0\0", 9),
        std::string("\xff\xff\xff\xff\x01\0\0\0\0", 9)}) {
    FrameReader reader;
    reader.Feed(bad);
    const auto frame = reader.Next();
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().code, Errc::kInvalidArgument);
  }
}

TEST(MicrovmProtocolTest, PayloadsComeBackAsTheyWere) {
  const auto wake =
      ReadWake(WriteWake({.wall_ns = 17,
                          .entropy = std::string("\0\xff", 2),
                          .hostname = "box",
                          .address = "192.0.2.7/24",
                          .names = "192.0.2.1",
                          .volumes = {{.at = "/data", .drive = VolumeDrive(1), .read_only = true},
                                      {.at = "/tmp/t", .size = 4096}}}));
  ASSERT_TRUE(wake.has_value());
  EXPECT_EQ(wake->address, "192.0.2.7/24");
  EXPECT_EQ(wake->names, "192.0.2.1");
  ASSERT_EQ(wake->volumes.size(), 2U);
  EXPECT_EQ(wake->volumes[0],
            (GuestVolume{.at = "/data", .drive = "volume-1", .size = 0, .read_only = true}));
  EXPECT_EQ(wake->volumes[1],
            (GuestVolume{.at = "/tmp/t", .drive = "", .size = 4096, .read_only = false}));
  EXPECT_EQ(wake->entropy, std::string("\0\xff", 2));
  const auto program = ReadProgram(WriteProgram({.args = {"/bin/a", "b"},
                                                 .env = {{"A", "1"}},
                                                 .cwd = "/x",
                                                 .uid = 7,
                                                 .gid = 8,
                                                 .memory = 1'000'000'000'000,
                                                 .pids = 9,
                                                 .confirmed = true,
                                                 .container = "{}"}));
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->args, (std::vector<std::string>{"/bin/a", "b"}));
  EXPECT_EQ(program->memory, 1'000'000'000'000U);
  EXPECT_TRUE(program->confirmed);
  EXPECT_EQ(program->container, "{}");
  const auto outcome = ReadOutcome(
      WriteOutcome({.signaled = true, .status = 9, .out_of_memory = true, .memory_peak = 5}));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->signaled && outcome->out_of_memory);
}

TEST(MicrovmProtocolTest, NoProgramEndsWithAStatusThatNoneHas) {
  for (const int status : {-1, 256, 2'147'483'647}) {
    EXPECT_FALSE(ReadOutcome(WriteOutcome({.status = status})).has_value()) << status;
  }
  for (const int signal : {-1, 0, 65}) {
    EXPECT_FALSE(ReadOutcome(WriteOutcome({.signaled = true, .status = signal})).has_value())
        << signal;
  }
  EXPECT_TRUE(ReadOutcome(WriteOutcome({.status = 255})).has_value());
}

TEST(MicrovmProtocolTest, WhatIsNoPayloadIsRefused) {
  for (const char* bad : {"", "[]", "{}", R"({"status": "x"})", R"({"args": 1})"}) {
    EXPECT_FALSE(ReadWake(bad).has_value()) << bad;
    EXPECT_FALSE(ReadProgram(bad).has_value()) << bad;
    EXPECT_FALSE(ReadOutcome(bad).has_value()) << bad;
    EXPECT_FALSE(ReadCount(bad).has_value() && std::string_view(bad).size() != 4) << bad;
  }
}

}  // namespace
}  // namespace strata::sandbox::microvm
