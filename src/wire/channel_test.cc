#include "wire/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace strata::wire {
namespace {

class ChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    left_.emplace(loop_, Fd(pair[0]));
    right_fd_ = Fd(pair[1]);
  }

  // A channel on the other end; without it the test writes raw bytes to right_fd_.
  Channel& Right() {
    if (!right_) right_.emplace(loop_, std::move(right_fd_));
    return *right_;
  }

  // Runs `task` on the loop until it ends, and hands out its result.
  template <typename T>
  Result<T> Run(Task<T> task) {
    std::optional<Result<T>> result;
    Spawn(loop_, Store(std::move(task), result));
    loop_.restart();
    while (!result && loop_.run_one() > 0) {
    }
    EXPECT_TRUE(result.has_value()) << "the loop ran dry";
    return std::move(*result);
  }

  template <typename T>
  static Awaitable<void> Store(Task<T> task, std::optional<Result<T>>& result) {
    result.emplace(co_await std::move(task));
  }

  void WriteRaw(std::string_view bytes) {
    ASSERT_EQ(::write(right_fd_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  Loop loop_;
  std::optional<Channel> left_;
  std::optional<Channel> right_;
  Fd right_fd_;
};

TEST_F(ChannelTest, FramesArriveInOrderWithTheirOwnDescriptors) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  Frame with_fd{"second", {}};
  with_fd.fds.emplace_back(pipe_fds[1]);
  ASSERT_TRUE(Run(left_->Send({"first", {}})).has_value());
  ASSERT_TRUE(Run(left_->Send(std::move(with_fd))).has_value());
  ASSERT_TRUE(Run(left_->Send({"third", {}})).has_value());

  auto first = Run(Right().Receive());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->text, "first");
  EXPECT_TRUE(first->fds.empty());
  auto second = Run(Right().Receive());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->text, "second");
  ASSERT_EQ(second->fds.size(), 1u);
  auto third = Run(Right().Receive());
  ASSERT_TRUE(third.has_value());
  EXPECT_TRUE(third->fds.empty());

  ASSERT_EQ(::write(second->fds[0].get(), "x", 1), 1);
  char c = 0;
  EXPECT_EQ(::read(pipe_fds[0], &c, 1), 1);
  ::close(pipe_fds[0]);
}

TEST_F(ChannelTest, AFrameLargerThanTheSocketBufferArrivesWhole) {
  const std::string text(5 << 20, 'x');
  ASSERT_TRUE(Run(left_->Send({text, {}})).has_value());
  const auto got = Run(Right().Receive());
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->text, text);
}

TEST_F(ChannelTest, ATruncatedFrameIsUnavailable) {
  WriteRaw(std::string("\x05\0\0\0ab", 6));
  right_fd_.Reset();
  const auto got = Run(left_->Receive());
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
}

TEST_F(ChannelTest, AnEmptyFrameBreaksTheChannelForGood) {
  WriteRaw(std::string("\0\0\0\0", 4));
  const auto got = Run(left_->Receive());
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(Run(left_->Send({"x", {}})).has_value());
}

TEST_F(ChannelTest, AnOversizeFrameIsRefusedBeforeItIsRead) {
  WriteRaw(std::string("\x01\0\0\x01", 4));  // 16 MiB + 1
  const auto got = Run(left_->Receive());
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kInvalidArgument);
}

TEST_F(ChannelTest, TheSenderIsToldWhatAFrameMayHold) {
  EXPECT_EQ(Run(left_->Send({"", {}})).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Run(left_->Send({std::string((16 << 20) + 1, 'x'), {}})).error().code,
            Errc::kInvalidArgument);
}

TEST_F(ChannelTest, SendWaitsWhileTooMuchIsQueuedAndCloseEndsTheWait) {
  const std::string text(15 << 20, 'x');
  ASSERT_TRUE(Run(left_->Send({text, {}})).has_value());
  ASSERT_TRUE(Run(left_->Send({text, {}})).has_value());
  std::optional<Result<void>> third;
  Spawn(loop_, Store(left_->Send({text, {}}), third));
  loop_.restart();
  loop_.poll();
  EXPECT_FALSE(third.has_value());
  left_->Close();
  loop_.restart();
  loop_.poll();
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->error().code, Errc::kUnavailable);
}

TEST_F(ChannelTest, WhatTheSocketHasNotTakenIsKnownAndWaitedFor) {
  const std::string text(5 << 20, 'x');
  ASSERT_TRUE(left_->Post({text, {}}).has_value());
  EXPECT_GT(left_->queued(), text.size() / 2);
  bool drained = false;
  Spawn(loop_, [](Channel& channel, bool& done) -> Awaitable<void> {
    co_await channel.Drain();
    done = true;
  }(*left_, drained));
  loop_.poll();
  EXPECT_FALSE(drained);
  ASSERT_TRUE(Run(Right().Receive()).has_value());
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(drained);
  EXPECT_EQ(left_->queued(), 0U);
}

TEST_F(ChannelTest, WhoPostsMuchToOneThatDoesNotReadBreaksTheChannel) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1} << 20}) {
    SetUp();
    std::size_t most = 0;
    std::optional<Error> failed;
    for (int i = 0; i < 1'500'000 && !failed; ++i) {
      if (auto posted = left_->Post({std::string(size, 'x'), {}}); !posted) {
        failed = std::move(posted).error();
      }
      most = std::max(most, left_->queued());
    }
    ASSERT_TRUE(failed.has_value()) << size;
    EXPECT_EQ(failed->code, Errc::kUnavailable);
    EXPECT_EQ(left_->queued(), 0U);
    EXPECT_GT(most, (std::size_t{4} << 20)) << size;
    EXPECT_LE(most, (std::size_t{64} << 20)) << size;
  }
}

TEST_F(ChannelTest, NothingWaitsForABrokenChannel) {
  ASSERT_TRUE(left_->Post({std::string(5 << 20, 'x'), {}}).has_value());
  bool drained = false;
  Spawn(loop_, [](Channel& channel, bool& done) -> Awaitable<void> {
    co_await channel.Drain();
    done = true;
  }(*left_, drained));
  loop_.poll();
  left_->Close();
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(drained);
  EXPECT_EQ(left_->queued(), 0U);
}

TEST_F(ChannelTest, WhoeverFillsTheWireLeavesOthersOfTheLoopTheirTurns) {
  constexpr int kFrames = 100;
  const std::string frame = std::string("\0\x04\0\0", 4) + std::string(1024, 'x');
  std::string all;
  for (int i = 0; i < kFrames; ++i) all += frame;
  WriteRaw(all);
  int received = 0;
  int at_turn = 0;
  Spawn(loop_, [](Channel& from, int& count) -> Awaitable<void> {
    for (auto got = co_await from.Receive(); got; got = co_await from.Receive()) ++count;
  }(*left_, received));
  asio::post(loop_, [&] { at_turn = received; });
  loop_.poll();
  EXPECT_LT(at_turn, kFrames);
  EXPECT_EQ(received, kFrames);
}

TEST_F(ChannelTest, AFrameWhoseLastByteEndsATurnIsNotGivenOutOnceItIsClosed) {
  constexpr int kOfATurn = 64;
  const std::string frame = std::string("\0\x04\0\0", 4) + std::string(1024, 'x');
  std::string all;
  for (int i = 0; i < kOfATurn; ++i) all += frame;
  WriteRaw(all);
  int received = 0;
  Spawn(loop_, [](Channel& from, int& count) -> Awaitable<void> {
    for (auto got = co_await from.Receive(); got; got = co_await from.Receive()) ++count;
  }(*left_, received));
  asio::post(loop_, [&] { left_->Close(); });
  loop_.poll();
  EXPECT_EQ(received, kOfATurn - 1);
}

TEST_F(ChannelTest, DestroyingTheChannelEndsAReceive) {
  std::optional<Result<Frame>> received;
  Spawn(loop_, Store(left_->Receive(), received));
  loop_.poll();
  EXPECT_FALSE(received.has_value());
  left_.reset();
  loop_.restart();
  loop_.poll();
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace strata::wire
