// With real interfaces, in network namespaces of the test's own threads; guests are threads in the
// namespaces that Join makes. What every class promises is in tests/contract.
#include "sandbox/egress/egress.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "host/confine/netns.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::egress {
namespace {

using testing::CallFixture;

// Nobody is beyond; it keeps who was asked for.
class Nobody final : public Connector {
 public:
  Task<Fd> Connect(std::string_view host, std::uint16_t port) override {
    asked.push_back(std::string(host) + ":" + std::to_string(port));
    co_return Fail(Errc::kUnavailable, "nobody is there");
  }
  void Account(const Traffic& more) override { denied += more.denied; }
  std::vector<std::string> asked;
  std::uint64_t denied = 0;
};

class EgressTest : public ::testing::Test {
 protected:
  // Runs `test` on a thread whose network is its own, as a keeper's is.
  void InOwnNetwork(const std::function<void(const std::shared_ptr<Egress>&)>& test) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (!FindPlugins()) GTEST_SKIP() << "no CNI plugins";
    std::thread([&] {
      ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
      test(std::make_shared<Egress>(loop_));
    }).join();
  }
  static bool FindPlugins() { return ::access("/usr/lib/cni/ptp", X_OK) == 0; }

  Spec SpecFor(const std::string& id) {
    return {
        .id = id, .grants = {.http = {{"api.example", 80}}}, .effects = {.connector = &nobody_}};
  }

  Result<Egress::Joined> Join(const std::shared_ptr<Egress>& egress, const std::string& id) {
    std::optional<Result<Egress::Joined>> joined;
    EXPECT_TRUE(CallFixture::RunTask(loop_, JoinTo(joined, egress, SpecFor(id))).has_value());
    return std::move(*joined);
  }
  static Task<void> JoinTo(std::optional<Result<Egress::Joined>>& to,
                           std::shared_ptr<Egress> egress, Spec spec) {
    to.emplace(co_await egress->Join(std::move(spec)));
    co_return Result<void>{};
  }

  // Does `action` in the sandbox's namespace while the loop runs here.
  void Inside(const Egress::Joined& joined, const std::function<void()>& action) {
    std::atomic<bool> over = false;
    std::thread guest([&] {
      EXPECT_EQ(::setns(joined.network.get(), CLONE_NEWNET), 0);
      action();
      over = true;
    });
    while (!over) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(5));
    }
    guest.join();
  }

  Loop loop_;
  Nobody nobody_;
};

// What is expected to come may take long where the machine is busy; what is not must not come soon.
constexpr timeval kLong{.tv_sec = 20, .tv_usec = 0};
constexpr timeval kSoon{.tv_sec = 0, .tv_usec = 300'000};

// 0: the handshake was completed.
int TryConnect(const char* from, const char* to, std::uint16_t port,
               const timeval& patience = kLong) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (from != nullptr) {
    ::setsockopt(fd.get(), SOL_IP, IP_TRANSPARENT, &on, sizeof(on));
    ::inet_pton(AF_INET, from, &address.sin_addr);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return errno;
  }
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, to, &address.sin_addr);
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ? 0
                                                                                          : errno;
}

// Asks for the name "x", with `from` as its own address, and waits for the answer.
void AskForName(const char* from, const timeval& patience) {
  const Fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_IP, IP_TRANSPARENT, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, from, &address.sin_addr);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  address.sin_port = htons(53);
  ::inet_pton(AF_INET, "198.19.0.1", &address.sin_addr);
  constexpr char kQuery[] = "\0\1\1\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\1";
  ::sendto(fd.get(), kQuery, sizeof(kQuery) - 1, 0, reinterpret_cast<sockaddr*>(&address),
           sizeof(address));
  char answer[64];
  (void)::recv(fd.get(), answer, sizeof(answer), 0);
}

TEST_F(EgressTest, AnInterfaceLeadsToOurNamespaceAndEndsWithItsOutlet) {
  InOwnNetwork([this](const std::shared_ptr<Egress>& egress) {
    auto joined = Join(egress, "box-1");
    ASSERT_TRUE(joined.has_value()) << joined.error().message;
    EXPECT_EQ(host::LiveInterfaces()->size(), 1U);
    Inside(*joined, [] { EXPECT_EQ(*host::LiveInterfaces(), std::vector<std::string>{"eth0"}); });
    joined->outlet.reset();
    EXPECT_TRUE(host::LiveInterfaces()->empty());
    Inside(*joined, [] { EXPECT_TRUE(host::LiveInterfaces()->empty()); });
  });
}

TEST_F(EgressTest, ATapLeadsToOurNamespaceAndEndsWithItsOutlet) {
  InOwnNetwork([this](const std::shared_ptr<Egress>& egress) {
    auto plugged = egress->Plug(SpecFor("box-1"));
    ASSERT_TRUE(plugged.has_value()) << plugged.error().message;
    EXPECT_EQ(plugged->address, kFirstSandbox);
    EXPECT_EQ(host::LiveInterfaces()->size(), 1U);
    plugged->outlet.reset();
    EXPECT_TRUE(host::LiveInterfaces()->empty());
  });
}

TEST_F(EgressTest, OnlyTheGrantedDestinationAnswers) {
  InOwnNetwork([this](const std::shared_ptr<Egress>& egress) {
    auto joined = Join(egress, "box-1");
    ASSERT_TRUE(joined.has_value()) << joined.error().message;
    Inside(*joined, [] {
      EXPECT_EQ(TryConnect(nullptr, "198.18.0.1", 80), 0);
      EXPECT_EQ(TryConnect(nullptr, "198.18.0.1", 81), ECONNREFUSED);
      EXPECT_EQ(TryConnect(nullptr, "198.18.0.2", 80), ECONNREFUSED);
      EXPECT_EQ(TryConnect(nullptr, "169.254.169.254", 80), ECONNREFUSED);
    });
    EXPECT_EQ(nobody_.asked, std::vector<std::string>{"api.example:80"});
  });
}

TEST_F(EgressTest, APacketWithAnothersAddressIsDropped) {
  InOwnNetwork([this](const std::shared_ptr<Egress>& egress) {
    auto first = Join(egress, "box-1");
    auto second = Join(egress, "box-2");
    ASSERT_TRUE(first.has_value() && second.has_value());
    Inside(*second, [] {
      EXPECT_EQ(TryConnect("198.19.0.3", "198.18.0.1", 80), 0);
      for (const char* other : {"198.19.0.2", "198.19.0.9", "10.1.2.3", "198.18.0.1"}) {
        EXPECT_EQ(TryConnect(other, "198.18.0.1", 80, kSoon), EINPROGRESS) << other;  // no answer
      }
    });
    EXPECT_EQ(nobody_.asked.size(), 1U);
    // A datagram needs no answer to have an effect.
    Inside(*second, [] {
      for (const char* other : {"198.19.0.2", "198.19.0.9", "10.1.2.3"}) AskForName(other, kSoon);
    });
    EXPECT_EQ(nobody_.denied, 0U);
    Inside(*second, [] { AskForName("198.19.0.3", kLong); });
    EXPECT_EQ(nobody_.denied, 1U);
  });
}

TEST_F(EgressTest, AProcessWithANetworkOfItsOwnGivesNoneAway) {
  InOwnNetwork([](const std::shared_ptr<Egress>& egress) {
    auto tap = host::MakeTap();
    ASSERT_TRUE(tap.has_value());
    ASSERT_TRUE(host::RouteSocket::Open()->RaiseLink(tap->interface).has_value());
    const std::vector<model::HttpGrant> grants = {{"api.example", 80}};
    const auto can = egress->CheckJoin(grants);
    ASSERT_FALSE(can.has_value());
    EXPECT_EQ(can.error().code, Errc::kUnsupported);
    EXPECT_TRUE(can.error().message.contains(tap->interface));
    EXPECT_EQ(host::LiveInterfaces()->size(), 1U);
  });
}

TEST_F(EgressTest, WithoutPluginsAGrantIsRefusedAndNothingMade) {
  InOwnNetwork([this](const std::shared_ptr<Egress>&) {
    const strata::testing::TempDir empty;
    const auto egress = std::make_shared<Egress>(loop_, empty.path());
    const std::vector<model::HttpGrant> grants = {{"api.example", 80}};
    const auto can = egress->CheckJoin(grants);
    ASSERT_FALSE(can.has_value());
    EXPECT_EQ(can.error().code, Errc::kFailedPrecondition) << "somebody may install them";
    EXPECT_FALSE(Join(egress, "box-1").has_value());
    EXPECT_TRUE(host::LiveInterfaces()->empty());
    for (const char* name : {"ptp", "static"}) {
      std::filesystem::create_symlink("/bin/true", empty / name);
    }
    EXPECT_TRUE(egress->CheckJoin(grants).has_value()) << "they are looked for again";
  });
}

}  // namespace
}  // namespace strata::sandbox::egress
