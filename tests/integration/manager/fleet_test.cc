// Cells that die, come back and change, with the real strata-cell.
#include "manager/cells/fleet.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "base/async/pause.h"
#include "base/files/files.h"
#include "http/server/listener.h"
#include "integration/manager/cells_fixture.h"

namespace strata::manager {
namespace {

using testing::AnsweringModule;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::RunUntil;
using ::testing::SizeIs;
using testing::TestCell;

constexpr std::string_view kRequest =
    "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

// An earlier manager, which cares for nothing.
class NoListener final : public CellListener {
 public:
  explicit NoListener(const std::map<std::string, Fd>& codes) : codes_(codes) {}

 private:
  void OnExit(CellProcess&, const std::string&) override {}
  void OnSandboxGone(CellProcess&, const std::string&, const std::string&) override {}
  void OnConnect(CellProcess&, cell::Connect) override {}
  void OnClient(CellProcess&, Fd) override {}
  Result<Fd> OpenModule(const std::string& key) override { return DuplicateFd(codes_.at(key)); }

  const std::map<std::string, Fd>& codes_;
};

class FleetTest : public CellsFixture {
 protected:
  static void SetUpTestSuite() {
    for (const char* text : {"old", "new"}) {
      auto compiled = testing::CompileModule(AnsweringModule(text));
      ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
      Codes().emplace(text, std::move(compiled->code));
    }
  }
  static void TearDownTestSuite() { Codes().clear(); }

  void TearDown() override { EXPECT_TRUE(Run(fleet_.Down(std::chrono::seconds(2))).has_value()); }

  // Native code by key; the key is what the module answers.
  static std::map<std::string, Fd>& Codes() {
    static std::map<std::string, Fd> codes;
    return codes;
  }

  Result<Fd> OpenModule(const std::string& key) {
    const auto found = Codes().find(key);
    if (found == Codes().end() || opens_left_ == 0) return Fail(Errc::kNotFound, "no " + key);
    --opens_left_;
    return DuplicateFd(found->second);
  }

  // One function at /hello made of `module`.
  static Configuration Serving(const std::string& module, std::uint32_t weight) {
    Configuration configuration;
    configuration.message.functions.push_back(TestCell::MakeFunction("hello", module));
    cell::Route route{.host = "*", .path = "/hello"};
    route.backends.push_back({0, weight});
    configuration.message.routes.push_back(std::move(route));
    configuration.modules = {module};
    return configuration;
  }

  // One tenant with that.
  Result<void> Reconcile(std::uint32_t generation, const std::string& module,
                         ListenerPlan::Mode mode = ListenerPlan::Mode::kDirect,
                         std::uint32_t weight = 100) {
    DesiredState desired;
    desired.listener.mode = mode;
    desired.generation = generation;
    desired.listener.tenant = "shop";
    Configuration& configuration = desired.by_tenant["shop"];
    configuration = Serving(module, weight);
    if (mode == ListenerPlan::Mode::kFront) {
      desired.listener.handed_on = {"shop"};
      desired.front.message = configuration.message;
      desired.front.message.functions.front().module.clear();
    }
    return Run(fleet_.Reconcile(std::move(desired)));
  }

  // The host of the tenant is given up, and cannot finish before it is let go on.
  std::string GiveUpAHostThatHangs() {
    Serve("old");
    EXPECT_TRUE(Reconcile(2, "old", ListenerPlan::Mode::kFront).has_value());
    const auto host = fleet_.cells().back();
    EXPECT_EQ(::kill(host->pid(), SIGSTOP), 0);
    hanging_ = host->pid();
    DesiredState nobody;
    nobody.listener.mode = ListenerPlan::Mode::kFront;
    nobody.generation = 3;
    EXPECT_TRUE(Run(fleet_.Reconcile(std::move(nobody))).has_value());
    EXPECT_EQ(fleet_.cells().size(), 1U);
    return host->name();
  }

  void ExpectNothingIsLeftOf(const std::string& cell) const {
    EXPECT_EQ(Journalled(), 0U);
    EXPECT_FALSE(std::filesystem::exists(dir_.cell_private(cell)));
    EXPECT_FALSE(std::filesystem::exists(dir_.cell_control(cell)));
  }

  void Serve(const std::string& module) {
    ASSERT_TRUE(Run(fleet_.Recover()).has_value());
    const auto served = Reconcile(1, module);
    ASSERT_TRUE(served.has_value()) << served.error().message;
    ASSERT_EQ(fleet_.cells().size(), options_.cells);
  }

  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    for (const auto& cell : fleet_.cells()) pids.push_back(cell->pid());
    return pids;
  }

  // {generation, what it answers} of each cell, asked one by one.
  std::vector<std::pair<std::uint32_t, std::string>> Served() const {
    std::vector<std::pair<std::uint32_t, std::string>> served;
    for (const auto& cell : fleet_.cells()) {
      auto answer = HttpClient(dir_.cell_private(cell->name())).Get("/functions/shop/hello");
      served.emplace_back(cell->generation(), answer ? answer->body : answer.error().message);
    }
    return served;
  }

  // Kills the only cell; it is dead when this returns, but the fleet does not know yet.
  void KillCell() {
    const pid_t pid = Pids().front();
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  }

  // A request on a new connection to the public address; nobody need accept it yet.
  Fd Ask() const {
    Fd fd = Connect();
    EXPECT_EQ(::send(fd.get(), kRequest.data(), kRequest.size(), 0),
              static_cast<ssize_t>(kRequest.size()));
    return fd;
  }

  Fd Connect() const {
    const auto address = http::ParseTcpAddress(fleet_.address());
    EXPECT_TRUE(address.has_value());
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    return fd;
  }

  // What is answered to one more request on `client`, which stays open. The manager runs meanwhile:
  // the connection may be on its way through it.
  std::string AskAgain(const Fd& client) {
    constexpr std::string_view kKept = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    (void)::send(client.get(), kKept.data(), kKept.size(), MSG_NOSIGNAL);
    pollfd readable{.fd = client.get(), .events = POLLIN, .revents = 0};
    if (!RunUntil(loop_, [&] { return ::poll(&readable, 1, 0) == 1; })) return "no answer in time";
    std::string text;
    char piece[4096];
    const auto whole = [&] {  // by its length from a host, in chunks from a front
      return text.ends_with("\r\n\r\nold") || text.ends_with("\r\n\r\nnew") ||
             text.ends_with("\r\n0\r\n\r\n");
    };
    while (!whole()) {
      const ssize_t got = ::recv(client.get(), piece, sizeof(piece), 0);
      if (got <= 0) return "closed behind '" + text + "'";
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }

  static std::string Answer(const Fd& fd) {
    std::string text;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(fd.get(), piece, sizeof(piece), 0)) > 0;) {
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }

  int opens_left_ = 1000;
  pid_t hanging_ = -1;
  NoListener earlier_{Codes()};
  Connector connector_{loop_};
  Fleet fleet_{context_, connector_, [this](const std::string& key) { return OpenModule(key); },
               [](const std::string&, const std::string&) {},
               [this](const std::shared_ptr<CellProcess>& cell) { told_.insert(cell->name()); }};
  std::set<std::string> told_;  // the cells that it told of
};

TEST_F(FleetTest, AnAdoptedCellThatIsGivenUpAtOnceIsToldOfAllTheSame) {
  // A replacement that a manager did not finish: both halves have the same socket.
  for (const char* const name : {"shop-1", "shop-2"}) {
    auto cell = Run(CellProcess::Start(context_, earlier_, name, "shop", {}));
    ASSERT_TRUE(cell.has_value()) << cell.error().message;
    auto socket = http::ListenTcp(*http::ParseTcpAddress("127.0.0.1:0"));
    ASSERT_TRUE(socket.has_value());
    const PublicSocket web{"web-0", "127.0.0.1:" + std::to_string(*http::LocalPort(*socket)),
                           std::move(*socket)};
    ASSERT_TRUE(Run((*cell)->Listen(web)).has_value());
  }
  Serve("old");
  EXPECT_EQ(told_, (std::set<std::string>{"shop-1", "shop-2"}));
}

TEST_F(FleetTest, AnAdoptedCellSaysWhatItsRecordsSpeakOf) {
  const auto earlier = Run(CellProcess::Start(context_, earlier_, "shop-1", "shop", {}));
  ASSERT_TRUE(earlier.has_value()) << earlier.error().message;
  ASSERT_TRUE(Run((*earlier)->Configure(Serving("old", 100), 1)).has_value());
  ASSERT_TRUE(Run(fleet_.Recover()).has_value());
  ASSERT_EQ(fleet_.cells().size(), 1U);
  const auto* function = fleet_.cells().front()->FindFunction(1, 0);
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function->tenant, "shop");
  EXPECT_EQ(function->name, "hello");
  EXPECT_TRUE(function->grants.http.empty());
  EXPECT_EQ(fleet_.cells().front()->FindFunction(1, 1), nullptr);
}

TEST_F(FleetTest, ACallMayTakeAsLongAsAnyConfigurationOfItsCellSaid) {
  const auto earlier = Run(CellProcess::Start(context_, earlier_, "shop-1", "shop", {}));
  ASSERT_TRUE(earlier.has_value()) << earlier.error().message;
  Configuration longer = Serving("old", 100);
  longer.message.functions.front().limits.timeout = std::chrono::minutes(5);
  ASSERT_TRUE(Run((*earlier)->Configure(std::move(longer), 1)).has_value());
  ASSERT_TRUE(Run((*earlier)->Configure(Serving("old", 100), 2)).has_value());
  EXPECT_EQ((*earlier)->longest_call(), std::chrono::minutes(5)) << "one of before may still run";
  ASSERT_TRUE(Run(fleet_.Recover()).has_value());
  ASSERT_EQ(fleet_.cells().size(), 1U);
  EXPECT_EQ(fleet_.cells().front()->longest_call(), kLongestTimeout) << "nobody knows of before";
}

TEST_F(FleetTest, WhatAnAdoptedCellRefusesAnotherIsAskedFor) {
  const auto earlier = Run(CellProcess::Start(context_, earlier_, "shop-1", "shop", {}));
  ASSERT_TRUE(earlier.has_value()) << earlier.error().message;
  ASSERT_TRUE(Run(fleet_.Recover()).has_value());
  const auto refused = Reconcile(1, "old", ListenerPlan::Mode::kDirect, 0);
  ASSERT_FALSE(refused.has_value()) << "no backend has a weight: another refuses it, too";
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(told_, SizeIs(2)) << "it may be of another version";
  ASSERT_EQ(fleet_.cells().size(), 1U);
  EXPECT_EQ(fleet_.cells().front()->name(), "shop-1") << "it serves what it served";
}

TEST_F(FleetTest, WhatACellOfItsOwnRefusesNoOtherIsAskedFor) {
  Serve("old");
  EXPECT_FALSE(Reconcile(2, "old", ListenerPlan::Mode::kDirect, 0).has_value());
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(FleetTest, ASandboxIsFoundInItsTenantsCellsAlone) {
  Serve("old");
  ASSERT_TRUE(Run(fleet_.cells().front()->CreateSandbox("sb-1", 0)).has_value());
  EXPECT_NE(fleet_.FindSandbox("shop", "sb-1"), nullptr);
  // A cell that is taken over says what it likes to the next manager.
  EXPECT_EQ(fleet_.FindSandbox("bank", "sb-1"), nullptr);
}

TEST_F(FleetTest, ADeadCellIsReplacedBehindTheSameSocket) {
  Serve("old");
  const std::string address = fleet_.address();
  const std::string name = fleet_.cells().front()->name();
  const pid_t pid = Pids().front();
  KillCell();
  const Fd waiting = Ask();  // no cell lives: only the fleet's descriptor keeps the socket open
  ASSERT_TRUE(RunUntil(loop_, [this] { return fleet_.replaced() == 1; }));

  const std::string answer = Answer(waiting);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200") && answer.ends_with("old")) << answer;
  EXPECT_EQ(fleet_.address(), address);
  EXPECT_NE(Pids().front(), pid);
  ASSERT_EQ(Journalled(), 1U);
  EXPECT_EQ(journal_.living().front().id, fleet_.cells().front()->name());
  EXPECT_FALSE(std::filesystem::exists(dir_.cell_private(name)));
  EXPECT_FALSE(std::filesystem::exists(dir_.cell_control(name)));
}

TEST_F(FleetTest, ACellThatDiesAtOnceEachTimeIsHeldBackLongerAndLonger) {
  UseScript("echo >> $SHARED/starts\n[ -e $SHARED/broken ] && exit 1\nexec " +
            std::string(STRATA_CELL_PROGRAM) + " \"$@\"\n");
  Serve("old");
  const auto starts = [this] {
    return ReadFile(shared_.path() + "/starts", 1_MiB).value_or("").size();
  };
  ASSERT_EQ(starts(), 1U);
  shared_.Write("broken", "");
  KillCell();
  const Fd waiting = Ask();
  const auto killed = std::chrono::steady_clock::now();
  ASSERT_TRUE(RunUntil(loop_, [&] { return starts() >= 8; }));
  // Seven attempts have six pauses between them: at least 10, 20, 40, ... 320 ms.
  EXPECT_GE(std::chrono::steady_clock::now() - killed, std::chrono::milliseconds(630));
  EXPECT_EQ(fleet_.replaced(), 0U);
  EXPECT_EQ(fleet_.Pick("shop"), nullptr);

  std::filesystem::remove(shared_.path() + "/broken");
  ASSERT_TRUE(RunUntil(loop_, [this] { return fleet_.replaced() == 1; }));
  EXPECT_TRUE(Answer(waiting).ends_with("old"));
  EXPECT_EQ(Journalled(), 1U) << "each failed attempt took its note back";
}

TEST_F(FleetTest, AnUpdateIsOverWhenEveryCellServesIt) {
  options_.cells = 2;
  Serve("old");
  const auto pids = Pids();
  using Expected = std::vector<std::pair<std::uint32_t, std::string>>;
  EXPECT_EQ(Served(), (Expected{{1, "old"}, {1, "old"}}));
  const auto updated = Reconcile(2, "new");
  ASSERT_TRUE(updated.has_value()) << updated.error().message;
  EXPECT_EQ(Served(), (Expected{{2, "new"}, {2, "new"}}));
  EXPECT_EQ(Pids(), pids) << "a change that a living cell can take replaces none";
}

TEST_F(FleetTest, ACellThatDiesWhileItIsToldIsReplacedByOneThatKnows) {
  Serve("old");
  ASSERT_EQ(::kill(Pids().front(), SIGSTOP), 0);
  Timer asked(loop_.get_executor(), std::chrono::milliseconds(50));
  asked.async_wait([pid = Pids().front()](auto) { ::kill(pid, SIGKILL); });
  const auto updated = Reconcile(2, "new");
  ASSERT_FALSE(updated.has_value());
  EXPECT_EQ(updated.error().code, Errc::kUnavailable);
  ASSERT_TRUE(RunUntil(loop_, [this] { return fleet_.replaced() == 1; }));
  EXPECT_EQ(Served().front().second, "new");
}

TEST_F(FleetTest, ACellThatHasAllOfItAlreadyIsNotAsked) {
  Serve("old");
  const pid_t pid = Pids().front();
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const auto again = Reconcile(2, "old");
  EXPECT_TRUE(again.has_value()) << again.error().message;
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_EQ(Served().front().first, 1U);
}

TEST_F(FleetTest, AHostBehindFrontsNeedNotHearOfRoutes) {
  Serve("old");
  ASSERT_TRUE(Reconcile(2, "old", ListenerPlan::Mode::kFront).has_value());
  ASSERT_TRUE(Reconcile(3, "old", ListenerPlan::Mode::kFront, 10).has_value());
  ASSERT_EQ(::kill(Pids().back(), SIGSTOP), 0);
  const auto moved = Reconcile(4, "old", ListenerPlan::Mode::kFront, 20);
  EXPECT_TRUE(moved.has_value()) << moved.error().message;
  ASSERT_EQ(::kill(Pids().back(), SIGCONT), 0);
  EXPECT_EQ(fleet_.cells().front()->generation(), 4U);
}

TEST_F(FleetTest, ACellThatDoesNotAnswerIsToldLaterAndHoldsNobodyUp) {
  Serve("old");
  ASSERT_EQ(::kill(Pids().front(), SIGSTOP), 0);
  const auto first = Reconcile(2, "new");
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, Errc::kDeadlineExceeded);
  EXPECT_TRUE(Reconcile(3, "new").has_value());
  EXPECT_TRUE(fleet_.behind());
  ASSERT_EQ(::kill(Pids().front(), SIGCONT), 0);
  ASSERT_TRUE(RunUntil(loop_, [this] { return !fleet_.cells().front()->silent(); }));
  EXPECT_TRUE(Reconcile(3, "new").has_value());
  EXPECT_FALSE(fleet_.behind());
  EXPECT_EQ(Served().front().second, "new");
}

TEST_F(FleetTest, AnUpdateThatFailsLeavesEachCellWithOneWholeConfiguration) {
  options_.cells = 2;
  Serve("old");
  const auto pids = Pids();
  using Expected = std::vector<std::pair<std::uint32_t, std::string>>;
  const auto missing = Reconcile(2, "missing");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_EQ(Served(), (Expected{{1, "old"}, {1, "old"}}));

  opens_left_ = 1;  // the first cell gets the code, the second does not
  const auto halfway = Reconcile(3, "new");
  ASSERT_FALSE(halfway.has_value());
  EXPECT_EQ(Served(), (Expected{{3, "new"}, {1, "old"}}));

  opens_left_ = 1000;
  ASSERT_TRUE(Reconcile(3, "new").has_value());
  EXPECT_EQ(Served(), (Expected{{3, "new"}, {3, "new"}}));
  EXPECT_EQ(Pids(), pids);
}

TEST_F(FleetTest, TheListenerGoesToFrontsAndBackWhileTheHostStays) {
  Serve("old");
  const pid_t host = Pids().front();
  const auto to_front = Reconcile(2, "old", ListenerPlan::Mode::kFront);
  ASSERT_TRUE(to_front.has_value()) << to_front.error().message;
  ASSERT_EQ(fleet_.cells().size(), 2U);
  EXPECT_TRUE(fleet_.cells().front()->is_front());
  EXPECT_TRUE(fleet_.cells().front()->listening());
  EXPECT_EQ(fleet_.cells().back()->pid(), host);
  EXPECT_FALSE(fleet_.cells().back()->listening());
  EXPECT_TRUE(Answer(Ask()).ends_with("old"));

  const auto back = Reconcile(3, "new");
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(Pids(), std::vector<pid_t>{host});
  EXPECT_TRUE(Answer(Ask()).ends_with("new"));
}

TEST_F(FleetTest, AClientsConnectionOutlivesEveryChangeOfTheListener) {
  Serve("old");
  const Fd client = Connect();
  EXPECT_THAT(AskAgain(client), HasSubstr("old"));
  for (std::uint32_t generation = 2; generation < 6; generation += 2) {
    ASSERT_TRUE(Reconcile(generation, "old", ListenerPlan::Mode::kFront).has_value());
    EXPECT_THAT(AskAgain(client), HasSubstr("old")) << "the front";
    ASSERT_TRUE(Reconcile(generation + 1, "new").has_value());
    EXPECT_THAT(AskAgain(client), HasSubstr("new")) << "the host";
  }
}

TEST_F(FleetTest, WhatFinishesByItselfIsWaitedForBeforeAllIsDown) {
  const std::string name = GiveUpAHostThatHangs();
  const auto go_on = [](Fleet& fleet, pid_t hanging, Loop& loop) -> Awaitable<void> {
    while (!fleet.cells().empty()) co_await Pause(loop, std::chrono::milliseconds(1));
    EXPECT_EQ(::kill(hanging, SIGCONT), 0);
  };
  Spawn(loop_, go_on(fleet_, hanging_, loop_));
  ASSERT_TRUE(Run(fleet_.Down(std::chrono::seconds(5))).has_value());
  ExpectNothingIsLeftOf(name);
}

TEST_F(FleetTest, WhatDoesNotFinishIsEndedBeforeAllIsDown) {
  const std::string name = GiveUpAHostThatHangs();
  const auto down = Run(fleet_.Down(std::chrono::milliseconds(500)));
  ASSERT_FALSE(down.has_value());
  EXPECT_EQ(down.error().code, Errc::kDeadlineExceeded);
  EXPECT_THAT(down.error().message, HasSubstr("killed, not finished in time: " + name));
  ExpectNothingIsLeftOf(name);
  EXPECT_EQ(::kill(hanging_, 0), -1) << "it still runs";
}

TEST_F(FleetTest, ANoteOfWhatNobodyWatchesHoldsNothingUp) {
  ASSERT_TRUE(journal_.Made({std::string(kCellKind), "lost", {}}).has_value());
  ASSERT_TRUE(WriteFileAtomic(dir_.cell_private("lost"), "").has_value());
  ASSERT_TRUE(Run(fleet_.Down(std::chrono::seconds(60))).has_value());
  ExpectNothingIsLeftOf("lost");
}

TEST_F(FleetTest, AHostKeepsTheListenerUntilAFrontIsThere) {
  UseScript("case \"$*\" in *role=front*) exit 1;; esac\nexec " + std::string(STRATA_CELL_PROGRAM) +
            " \"$@\"\n");
  Serve("old");
  EXPECT_FALSE(Reconcile(2, "new", ListenerPlan::Mode::kFront).has_value());
  EXPECT_TRUE(Answer(Ask()).ends_with("new")) << "the old way, until the new one works";
}

}  // namespace
}  // namespace strata::manager
