#include "http/server/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "http/socket_address.h"

namespace strata::http {
namespace {

TEST(ListenerTest, ParsesAddresses) {
  const auto parsed = [](std::string_view text) {
    auto address = ParseTcpAddress(text);
    return address ? ToString(*address) : "error: " + std::string(ErrcName(address.error().code));
  };
  EXPECT_EQ(parsed("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(parsed("[::1]:0"), "[::1]:0");
  EXPECT_EQ(parsed(":80"), "0.0.0.0:80");
  for (const char* bad : {"", "80", "localhost:80", "::1:80", "127.0.0.1:", "127.0.0.1:65536",
                          "127.0.0.1:-1", "127.0.0.1:8x", "[::1:80", "300.0.0.1:80"}) {
    EXPECT_EQ(parsed(bad), "error: INVALID_ARGUMENT") << bad;
  }
}

TEST(ListenerTest, TheKernelChoosesAPort) {
  auto listener = ListenTcp(TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  EXPECT_GT(LocalPort(*listener).value(), 0);
}

TEST(ListenerTest, ATakenPortSaysWhatToDo) {
  auto first = ListenTcp(TcpAddress{});
  ASSERT_TRUE(first.has_value());
  const TcpAddress same{.port = LocalPort(*first).value()};
  auto second = ListenTcp(same);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("another port"), std::string::npos);
}

TEST(ListenerTest, AClientIsKnownByItsConnectionAlone) {
  auto listener = ListenTcp(TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  const std::uint16_t port = LocalPort(*listener).value();
  const auto where = ToSocketAddress(TcpAddress{.port = port});
  const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), where->get(), where->size), 0);
  const Fd accepted(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  const std::string address = "127.0.0.1:" + std::to_string(LocalPort(client).value());
  EXPECT_EQ(ClientOf(accepted, port).value(), address);
  const auto refused = [](const Fd& socket, std::uint16_t at) {
    auto known = ClientOf(socket, at);
    return !known && known.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused(accepted, port - 1)) << "of another listener";
  EXPECT_TRUE(refused(*listener, port)) << "the listener itself";
  EXPECT_TRUE(refused(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), port));
  EXPECT_TRUE(refused(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)), port));
}

TEST(ListenerTest, ReusePortSharesAPort) {
  auto first = ListenTcp(TcpAddress{}, PortSharing::kReusePort);
  ASSERT_TRUE(first.has_value());
  const TcpAddress same{.port = LocalPort(*first).value()};
  EXPECT_TRUE(ListenTcp(same, PortSharing::kReusePort).has_value());
  EXPECT_FALSE(ListenTcp(same).has_value());
}

TEST(ListenerTest, AUnixSocketIsPrivateAndReplacedWhenStale) {
  const testing::TempDir dir;
  const std::string path = dir / "s";
  {
    auto first = ListenUnix(path);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    auto second = ListenUnix(path);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
  }
  EXPECT_TRUE(ListenUnix(path).has_value()) << "nobody listens there any more";
}

TEST(ListenerTest, AFileInTheWayIsLeftAlone) {
  const testing::TempDir dir;
  std::ofstream(dir / "s") << "precious";
  auto listener = ListenUnix(dir / "s");
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Errc::kFailedPrecondition);
  std::string text;
  std::ifstream(dir / "s") >> text;
  EXPECT_EQ(text, "precious");
}

TEST(ListenerTest, APathThatIsTooLongIsRefused) {
  auto listener = ListenUnix("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Errc::kInvalidArgument);
}

TEST(ListenerTest, OnlyATcpSocketThatListensDoes) {
  const auto tcp = ListenTcp({});
  ASSERT_TRUE(tcp.has_value()) << tcp.error().message;
  EXPECT_TRUE(Listens(*tcp));
  const testing::TempDir dir;
  const auto local = ListenUnix((dir / "s").string());
  ASSERT_TRUE(local.has_value()) << local.error().message;
  EXPECT_FALSE(Listens(*local));
  const Fd unbound(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(Listens(unbound));
  const Fd datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(Listens(datagrams));
  EXPECT_FALSE(Listens(Fd()));
}

}  // namespace
}  // namespace strata::http
