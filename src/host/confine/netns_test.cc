// In network namespaces of the test's own threads: nothing of the host's is touched.
#include "host/confine/netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

constexpr const char* kTc = "/sbin/tc";

// Runs `test` on a thread in a namespace of its own.
void InOwnNetwork(const std::function<void()>& test) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  std::thread([&test] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    test();
  }).join();
}

int SocketAt(const char* interface, Ipv4 address, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (interface != nullptr) {
    ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, std::strlen(interface));
  }
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(address.bits);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0) << errno;
  EXPECT_EQ(::listen(fd, 1), 0);
  return fd;
}

int ConnectErrno(const Fd& network, Ipv4 address, std::uint16_t port) {
  int error = -1;
  std::thread([&] {
    EXPECT_EQ(::setns(network.get(), CLONE_NEWNET), 0);
    const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address.bits);
    error = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 ? 0 : errno;
  }).join();
  return error;
}

TEST(Ipv4Test, AnAddressReadsAsItIsWritten) {
  const auto address = ParseIpv4("198.18.0.1");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->ToString(), "198.18.0.1");
  EXPECT_TRUE(address->In({0xc6120000}, 15));
  EXPECT_FALSE(address->In({0xc6130000}, 16));
  for (const char* wrong : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "::1", "host", "1.2.3.4 "}) {
    EXPECT_FALSE(ParseIpv4(wrong).has_value()) << wrong;
  }
}

TEST(NetworkTest, ANewOneHasOnlyItsLoopback) {
  InOwnNetwork([] {
    auto made = MakeNetwork();
    ASSERT_TRUE(made.has_value()) << made.error().message;
    ASSERT_EQ(::setns(made->get(), CLONE_NEWNET), 0);
    EXPECT_TRUE(LiveInterfaces()->empty());
    const Fd loopback(SocketAt(nullptr, {INADDR_LOOPBACK}, 4000));
    EXPECT_EQ(ConnectErrno(*made, {INADDR_LOOPBACK}, 4000), 0);
  });
}

TEST(NetworkTest, WhatComesInAtOneInterfaceGoesOutOfAnotherUntilItIsStopped) {
  InOwnNetwork([] {
    auto routes = RouteSocket::Open();
    ASSERT_TRUE(routes);
    const auto in = MakeTap("in0");
    const auto out = MakeTap("out%d");
    ASSERT_TRUE(in && out);
    EXPECT_EQ(MakeTap("in0").error().code, Errc::kFailedPrecondition);
    for (const Tap* tap : {&*in, &*out}) ASSERT_TRUE(routes->RaiseLink(tap->interface));
    std::array<char, 64> frame{};
    frame[12] = '\x88';  // a protocol for experiments, to nobody
    frame[13] = '\xb5';
    std::array<char, 2048> got{};
    // Whether `frame` comes out again; other frames are the kernel's own.
    const auto comes = [&](const Tap& at) {
      ssize_t size = 0;
      while ((size = ::read(at.fd.get(), got.data(), got.size())) > 0) {
        if (size == std::ssize(frame) && got[12] == frame[12] && got[13] == frame[13]) return true;
      }
      return false;
    };
    for (int turn = 0; turn < 2; ++turn) {  // the second takes the place of the first
      const auto led = routes->Redirect(in->interface, out->interface);
      ASSERT_TRUE(led) << led.error().message;
      ASSERT_EQ(::write(in->fd.get(), frame.data(), frame.size()), frame.size());
      EXPECT_TRUE(comes(*out));
    }
    for (int turn = 0; turn < 2; ++turn) EXPECT_TRUE(routes->StopRedirect(in->interface));
    ASSERT_EQ(::write(in->fd.get(), frame.data(), frame.size()), frame.size());
    EXPECT_FALSE(comes(*out));
    EXPECT_TRUE(routes->StopRedirect("gone"));
  });
}

TEST(NetworkTest, AQueueOfAnotherKindIsLeftAlone) {
  if (::access(kTc, X_OK) != 0) GTEST_SKIP() << "needs " << kTc << " of iproute2";
  InOwnNetwork([] {
    const auto in = MakeTap();
    const auto out = MakeTap();
    ASSERT_TRUE(in.has_value() && out.has_value());
    const std::string name = in->interface;
    const auto tc = [&](const std::string& words) {
      return std::system((kTc + (" qdisc " + words) + " dev " + name + " clsact").c_str());
    };
    ASSERT_EQ(tc("add"), 0);
    auto routes = RouteSocket::Open();
    ASSERT_TRUE(routes.has_value());
    const auto led = routes->Redirect(name, out->interface);
    ASSERT_FALSE(led.has_value());
    EXPECT_EQ(led.error().code, Errc::kFailedPrecondition) << led.error().message;
    EXPECT_TRUE(routes->StopRedirect(name));
    EXPECT_EQ(tc("del"), 0);  // it is there
  });
}

TEST(NetworkTest, MakingOneLeavesTheThreadWhereItWas) {
  InOwnNetwork([] {
    auto tap = MakeTap();
    ASSERT_TRUE(tap.has_value()) << tap.error().message;
    ASSERT_TRUE(MakeNetwork().has_value());
    EXPECT_NE(::if_nametoindex(tap->interface.c_str()), 0U);
    EXPECT_TRUE(LiveInterfaces()->empty());  // it is down
  });
}

TEST(NetworkTest, ATapEndsWithItsDescriptor) {
  InOwnNetwork([] {
    auto tap = MakeTap();
    ASSERT_TRUE(tap.has_value()) << tap.error().message;
    auto routes = RouteSocket::Open();
    ASSERT_TRUE(routes.has_value());
    EXPECT_TRUE(routes->RaiseLink(tap->interface).has_value());
    EXPECT_EQ(*LiveInterfaces(), std::vector<std::string>{tap->interface});
    EXPECT_TRUE(routes->AddAddress(tap->interface, {0xc6130001}).has_value());
    EXPECT_TRUE(routes->AddRoute(tap->interface, {0xc6130002}).has_value());
    EXPECT_FALSE(routes->AddRoute(tap->interface, {0xc6130002}).has_value());
    tap->fd.Reset();
    EXPECT_TRUE(LiveInterfaces()->empty());
    EXPECT_FALSE(routes->RaiseLink(tap->interface).has_value());
    EXPECT_TRUE(routes->DeleteLink(tap->interface).has_value());
  });
}

TEST(NetworkTest, ALinkCanBeDeletedBeforeItsDescriptor) {
  InOwnNetwork([] {
    auto tap = MakeTap();
    ASSERT_TRUE(tap.has_value()) << tap.error().message;
    ASSERT_TRUE(RouteSocket::Open()->DeleteLink(tap->interface).has_value());
    EXPECT_EQ(::if_nametoindex(tap->interface.c_str()), 0U);
  });
}

TEST(NetworkTest, WhereEverythingIsDeliveredOwnPacketsStillGoByTheRoutes) {
  InOwnNetwork([] {
    auto routes = RouteSocket::Open();
    ASSERT_TRUE(routes.has_value());
    ASSERT_TRUE(routes->RaiseLink("lo").has_value());
    const auto delivered = routes->DeliverAll();
    ASSERT_TRUE(delivered.has_value()) << delivered.error().message;
    // Any address is ours to listen at, and the loopback is one of them.
    const Fd anywhere(SocketAt(nullptr, {0x08080808}, 4000));
    const Fd loopback(SocketAt(nullptr, {INADDR_LOOPBACK}, 4001));
    const Fd own(::open("/proc/thread-self/ns/net", O_RDONLY));
    EXPECT_EQ(ConnectErrno(own, {INADDR_LOOPBACK}, 4001), 0);
    EXPECT_EQ(ConnectErrno(own, {INADDR_LOOPBACK}, 4002), ECONNREFUSED);
    EXPECT_FALSE(routes->DeliverAll().has_value());
  });
}

}  // namespace
}  // namespace strata::host
