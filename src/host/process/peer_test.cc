#include "host/process/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <gtest/gtest.h>

#include "base/files/fd.h"

namespace strata::host {
namespace {

TEST(PeerTest, SaysWhoMadeTheOtherEnd) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd one(ends[0]);
  const Fd two(ends[1]);
  const auto peer = PeerOf(one.get());
  ASSERT_TRUE(peer) << peer.error().message;
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
}

TEST(PeerTest, RefusesSocketsWithoutALocalPeer) {
  const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(PeerOf(tcp.get()));
  EXPECT_FALSE(PeerOf(-1));
}

}  // namespace
}  // namespace strata::host
