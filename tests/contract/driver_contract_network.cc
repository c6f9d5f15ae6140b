// The part of the contract about grants.http in classes whose guests connect by themselves: what is
// granted is reached by its name, and nothing else is. The connector is the test's own.
#include <sys/socket.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/contract/driver_contract.h"
#include "tests/contract/served.h"

namespace strata::sandbox::contract {
namespace {

using model::ExitReason;
using testing::CallFixture;

constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kOtherPort = 81;
constexpr std::uint16_t kInsidePort = 7000;

const model::Grants kGrants = {
    .http = {{"api.example", kPort}, {"closed.example", kPort}, {"93.184.216.34", kPort}}};

// The network beyond: answers each request with its destination.
class FakeNetwork final : public Connector {
 public:
  explicit FakeNetwork(Loop& loop) : loop_(loop) {}

  Task<Fd> Connect(std::string_view host, std::uint16_t port) override {
    const std::string to = std::string(host) + ":" + std::to_string(port);
    asked.push_back(to);
    if (host == "closed.example") co_return Fail(Errc::kUnavailable, "nobody is there");
    std::array<int, 2> ends = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      co_return FailErrno("socketpair", errno);
    }
    Spawn(loop_, Answer(Fd(ends[1]), to));
    co_return Fd(ends[0]);
  }
  void Account(const Traffic& more) override {
    traffic.sent += more.sent;
    traffic.received += more.received;
    traffic.connections += more.connections;
    traffic.denied += more.denied;
  }

  std::vector<std::string> asked;
  Traffic traffic;

 private:
  static Awaitable<void> Answer(Fd connection, std::string to) {
    Timer timer(co_await asio::this_coro::executor);
    std::string text;
    while (!text.ends_with("\r\n\r\n")) {
      std::array<char, 64> part;
      const ssize_t got = ::recv(connection.get(), part.data(), part.size(), 0);
      if (got == 0) co_return;
      if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(kAwait);
    }
    Send(connection, to + " says hello");
  }

  Loop& loop_;
};

// What the guest's program `args` prints beside the server.
Awaitable<std::string> Output(Served& served, std::vector<std::string> args) {
  Pipe out = MakePipe();
  args.insert(args.begin(), "/bin/guest");
  Program program{.args = std::move(args), .out = std::move(out.write)};
  (void)co_await RunBeside(*served, std::move(program));
  co_return ReadAll(out.read);
}

Awaitable<std::string> Dial(Served& served, std::string host, std::uint16_t port) {
  std::vector<std::string> args = {"dial", std::move(host), std::to_string(port)};
  co_return co_await Output(served, std::move(args));
}

// Until the sandbox ends, which has to stay until `over`.
Awaitable<void> Listen(Served& served, std::shared_ptr<bool> over) {
  Program program{.args = {"/bin/guest", "listen", std::to_string(kInsidePort)}};
  (void)co_await RunBeside(*served, std::move(program));
  *over = true;
}

using NetworkScenario = std::function<Awaitable<void>(Served&, FakeNetwork&)>;

// Runs `scenario` in a server that has kGrants, or checks that the class has no servers.
void WithNetwork(DriverContract& contract, NetworkScenario scenario, LogSink* lines = nullptr) {
  if (!contract.harness_->connects()) return WithServer(contract, nullptr);
  FakeNetwork network(contract.loop_);
  Spec spec = ServerSpec("box-1", lines);
  spec.grants = kGrants;
  spec.effects.connector = &network;
  WithServer(
      contract,
      [&](Served& served) -> Awaitable<void> {
        const bool ready = co_await served.Ready();
        EXPECT_TRUE(ready);
        co_await scenario(served, network);
      },
      spec);
}

}  // namespace

TEST_P(ServerContractTest, AGrantedNameIsReached) {
  WithNetwork(*this, [](Served& served, FakeNetwork& network) -> Awaitable<void> {
    const std::string answer = co_await Dial(served, "API.example", kPort);
    EXPECT_EQ(answer, "api.example:80 says hello");
    EXPECT_EQ(network.asked, std::vector<std::string>{"api.example:80"});
  });
}

TEST_P(ServerContractTest, AGrantedAddressIsReached) {
  WithNetwork(*this, [](Served& served, FakeNetwork&) -> Awaitable<void> {
    const std::string answer = co_await Dial(served, "93.184.216.34", kPort);
    EXPECT_EQ(answer, "93.184.216.34:80 says hello");
  });
}

TEST_P(DriverContractTest, ACallReachesWhatItsGrantsSay) {
  if (!harness_->connects()) return WithServer(*this, nullptr);
  FakeNetwork network(loop_);
  for (const auto& [host, answer] : {std::pair("api.example", "api.example:80 says hello"),
                                     std::pair("other.example", "no such name")}) {
    CallFixture fixture(loop_, clock_);
    Spec spec{.id = "box-1", .grants = kGrants, .env = {{"FETCH", std::string(host) + ":80"}}};
    spec.effects.connector = &network;
    CallOnce(Guest::kFetch, spec, fixture);
    EXPECT_EQ(fixture.sink.text(), answer);
  }
}

TEST_P(DriverContractTest, CallsOfOneSandboxHaveOneNetwork) {
  if (!harness_->connects()) return WithServer(*this, nullptr);
  FakeNetwork network(loop_);
  Spec spec{.id = "box-1", .grants = kGrants, .env = {{"FETCH", "api.example:80"}}};
  spec.effects.connector = &network;
  auto sandbox = Make(Guest::kFetch, spec);
  for (int i = 0; i < 2; ++i) {
    CallFixture fixture(loop_, clock_);
    fixture.body.End();
    ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kReturned, "");
    EXPECT_EQ(fixture.sink.text(), "api.example:80 says hello");
  }
}

TEST_P(ServerContractTest, AnotherNameDoesNotExistAndIsLogged) {
  Lines lines;
  WithNetwork(
      *this,
      [&lines](Served& served, FakeNetwork& network) -> Awaitable<void> {
        for (const char* name :
             {"other.example", "example", "api.example.com", "www.api.example"}) {
          const std::string answer = co_await Dial(served, name, kPort);
          EXPECT_EQ(answer, "no such name") << name;
        }
        EXPECT_TRUE(network.asked.empty());
        EXPECT_TRUE(lines.Has("denied: name other.example"));
        EXPECT_EQ(network.traffic.denied, 4U);
      },
      &lines);
}

TEST_P(ServerContractTest, WhatIsNotGrantedIsRefusedAndLogged) {
  Lines lines;
  WithNetwork(
      *this,
      [&lines](Served& served, FakeNetwork& network) -> Awaitable<void> {
        struct To {
          const char* host;
          std::uint16_t port;
        };
        // Other ports, an address, the metadata address, the gateway's own ports, a private
        // network.
        for (const To& to : {To{"api.example", kOtherPort}, To{"93.184.216.34", kOtherPort},
                             To{"93.184.216.35", kPort}, To{"169.254.169.254", kPort},
                             To{"198.19.0.1", kPort}, To{"198.19.0.1", 53}, To{"10.0.0.1", 22}}) {
          const std::string answer = co_await Dial(served, to.host, to.port);
          EXPECT_EQ(answer, "connect: ECONNREFUSED") << to.host << ":" << to.port;
        }
        EXPECT_TRUE(network.asked.empty());
        for (const char* denied : {"tcp api.example:81", "tcp 169.254.169.254:80"}) {
          while (!lines.Has(std::string("denied: ") + denied)) co_await served.Pause();
        }
        EXPECT_GE(network.traffic.denied, 6U);
      },
      &lines);
}

TEST_P(ServerContractTest, OtherProtocolsLeadNowhere) {
  WithNetwork(*this, [](Served& served, FakeNetwork& network) -> Awaitable<void> {
    for (const char* address : {"93.184.216.34", "8.8.8.8"}) {
      std::vector<std::string> args = {"datagram", address, std::to_string(kPort)};
      const std::string answer = co_await Output(served, std::move(args));
      // A class may not tell its guest of the refusal.
      EXPECT_TRUE(answer == "datagram: ECONNREFUSED" || answer == "datagram: EAGAIN") << answer;
    }
    EXPECT_TRUE(network.asked.empty());
  });
}

TEST_P(ServerContractTest, AnotherSandboxIsNotReached) {
  WithNetwork(*this, [](Served& served, FakeNetwork&) -> Awaitable<void> {
    Spec spec = ServerSpec("box-2");
    spec.grants.http = {{"private.example", kPort}};
    Served other(served.contract(), served.contract().Make(Guest::kServer, spec));
    const bool ready = co_await other.Ready();
    EXPECT_TRUE(ready);
    const auto over = std::make_shared<bool>(false);
    Spawn(served.contract().loop_, Listen(other, over));
    // The second sandbox's address, as it sees itself.
    std::string own;
    while (own != "inside") own = co_await Dial(other, "198.19.0.3", kInsidePort);
    const std::string answer = co_await Dial(served, "198.19.0.3", kInsidePort);
    EXPECT_EQ(answer, "connect: ECONNREFUSED");
    const std::string name = co_await Dial(served, "private.example", kPort);
    EXPECT_EQ(name, "no such name");
    co_await other.Finish();
    while (!*over) co_await other.Pause();
  });
}

TEST_P(ServerContractTest, AFailingDestinationResetsTheConnection) {
  Lines lines;
  WithNetwork(
      *this,
      [&lines](Served& served, FakeNetwork&) -> Awaitable<void> {
        const std::string answer = co_await Dial(served, "closed.example", kPort);
        EXPECT_TRUE(answer.ends_with("ECONNRESET") || answer.ends_with("EPIPE")) << answer;
        EXPECT_TRUE(lines.Has("connect to closed.example:80: nobody is there"));
      },
      &lines);
}

TEST_P(ServerContractTest, WhatMovesIsAccounted) {
  if (!harness_->connects()) return WithServer(*this, nullptr);
  FakeNetwork network(loop_);
  CallFixture fixture(loop_, clock_);
  Spec spec{.id = "box-1", .grants = kGrants, .env = {{"FETCH", "api.example:80"}}};
  spec.effects.connector = &network;
  CallOnce(Guest::kFetch, spec, fixture);
  const Traffic wanted{.sent = 18, .received = 25, .connections = 1, .denied = 0};
  EXPECT_EQ(network.traffic, wanted);
}

TEST_P(ServerContractTest, ACopyOfASavedServerHasANetworkOfItsOwn) {
  WithNetwork(*this, [](Served& served, FakeNetwork& network) -> Awaitable<void> {
    auto saved = co_await (*served).Snapshot();
    if (!served.contract().harness_->snapshots()) {
      EXPECT_TRUE(!saved && saved.error().code == Errc::kUnsupported);
      co_return;
    }
    if (!saved) co_return ADD_FAILURE() << saved.error().message;
    Spec spec = ServerSpec("box-2");
    EXPECT_FALSE((*saved)->Create(spec).has_value());  // it has a network card
    spec.grants = kGrants;
    spec.effects.connector = &network;
    auto made = (*saved)->Create(spec);
    if (!made) co_return ADD_FAILURE() << made.error().message;
    Served copy(served.contract(), std::move(*made));
    const bool ready = co_await copy.Ready();
    EXPECT_TRUE(ready);
    for (Served* each : {&copy, &served}) {
      const std::string answer = co_await Dial(*each, "api.example", kPort);
      EXPECT_EQ(answer, "api.example:80 says hello");
    }
    co_await copy.Finish();
  });
}

TEST_P(ServerContractTest, WithoutAGrantThereIsNoNetwork) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const std::string name = co_await Dial(served, "api.example", kPort);
    EXPECT_EQ(name, "no name server");
    const std::string address = co_await Dial(served, "93.184.216.34", kPort);
    EXPECT_TRUE(address.starts_with("connect: ") && address.ends_with("UNREACH")) << address;
  });
}

}  // namespace strata::sandbox::contract
