#include "host/process/fdpass.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

struct Pair {
  Fd one;
  Fd two;
};

Pair NewPair(int type) {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::size_t OpenDescriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

ino_t Inode(int fd) {
  struct stat status = {};
  EXPECT_EQ(::fstat(fd, &status), 0);
  return status.st_ino;
}

class FdPassTest : public ::testing::TestWithParam<int> {
 protected:
  Pair pair_ = NewPair(GetParam());
  std::array<std::byte, 64> buffer_ = {};
};

INSTANTIATE_TEST_SUITE_P(Types, FdPassTest, ::testing::Values(SOCK_STREAM, SOCK_SEQPACKET),
                         [](const auto& info) {
                           return info.param == SOCK_STREAM ? "Stream" : "Packet";
                         });

TEST_P(FdPassTest, CarriesBytesAndDescriptorsInOrder) {
  const Pair first = NewPair(SOCK_STREAM);
  const std::array fds = {first.one.get(), first.two.get()};
  ASSERT_EQ(*SendWithFds(pair_.one.get(), AsBytes("hello"), fds), 5U);
  auto received = ReceiveWithFds(pair_.two.get(), buffer_);
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->state, Received::State::kData);
  EXPECT_EQ(AsText(ByteView(buffer_).first(received->size)), "hello");
  ASSERT_EQ(received->fds.size(), 2U);
  EXPECT_EQ(Inode(received->fds[0].get()), Inode(first.one.get()));
  EXPECT_EQ(Inode(received->fds[1].get()), Inode(first.two.get()));
  EXPECT_NE(::fcntl(received->fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_P(FdPassTest, CarriesAsManyAsPromisedAndRefusesMore) {
  std::vector<int> fds(kMaxPassedFds, pair_.one.get());
  ASSERT_TRUE(SendWithFds(pair_.one.get(), AsBytes("x"), fds));
  EXPECT_EQ(ReceiveWithFds(pair_.two.get(), buffer_)->fds.size(), kMaxPassedFds);
  fds.push_back(pair_.one.get());
  const auto refused = SendWithFds(pair_.one.get(), AsBytes("x"), fds);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
}

TEST_P(FdPassTest, SaysWhenNothingIsThereAndWhenThePeerIsGone) {
  EXPECT_EQ(ReceiveWithFds(pair_.two.get(), buffer_)->state, Received::State::kWouldBlock);
  pair_.one.Reset();
  EXPECT_EQ(ReceiveWithFds(pair_.two.get(), buffer_)->state, Received::State::kClosed);
  const auto sent = SendWithFds(pair_.two.get(), AsBytes("x"), {});
  ASSERT_FALSE(sent) << "and no SIGPIPE";
  EXPECT_EQ(sent.error().code, Errc::kUnavailable);
}

TEST_P(FdPassTest, AFullSocketTakesNothing) {
  const std::string chunk(4096, 'x');
  Result<std::size_t> sent = 1;
  while (sent && *sent > 0) sent = SendWithFds(pair_.one.get(), AsBytes(chunk), {});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(*sent, 0U);
}

TEST_P(FdPassTest, AnEmptyMessageIsRefused) { EXPECT_FALSE(SendWithFds(pair_.one.get(), {}, {})); }

TEST_P(FdPassTest, CutOffDescriptorsAreAnErrorAndNothingLeaks) {
  const std::vector<int> fds(50, pair_.one.get());
  ASSERT_TRUE(SendWithFds(pair_.one.get(), AsBytes("x"), fds));
  const std::size_t open_before = OpenDescriptors();
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Room for a few more, not for fifty.
  const rlimit tight = {.rlim_cur = open_before + 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const auto received = ReceiveWithFds(pair_.two.get(), buffer_);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kResourceExhausted);
  EXPECT_EQ(OpenDescriptors(), open_before);
}

TEST(FdPassPacketTest, APacketLongerThanTheBufferIsAnErrorAndNothingLeaks) {
  const Pair pair = NewPair(SOCK_SEQPACKET);
  const std::array fds = {pair.one.get()};
  ASSERT_TRUE(SendWithFds(pair.one.get(), AsBytes("too long"), fds));
  const std::size_t open_before = OpenDescriptors();
  std::array<std::byte, 3> small;
  const auto received = ReceiveWithFds(pair.two.get(), small);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kResourceExhausted);
  EXPECT_EQ(OpenDescriptors(), open_before);
}

TEST(FdPassStreamTest, OneReceiveNeverJoinsTheDescriptorsOfTwoMessages) {
  const Pair pair = NewPair(SOCK_STREAM);
  const std::array fds = {pair.one.get()};
  ASSERT_TRUE(SendWithFds(pair.one.get(), AsBytes("first"), fds));
  ASSERT_TRUE(SendWithFds(pair.one.get(), AsBytes("second"), fds));
  std::array<std::byte, 64> buffer;
  auto one = ReceiveWithFds(pair.two.get(), buffer);
  EXPECT_EQ(AsText(ByteView(buffer).first(one->size)), "first");
  EXPECT_EQ(one->fds.size(), 1U);
  auto two = ReceiveWithFds(pair.two.get(), buffer);
  EXPECT_EQ(AsText(ByteView(buffer).first(two->size)), "second");
  EXPECT_EQ(two->fds.size(), 1U);
}

}  // namespace
}  // namespace strata::host
