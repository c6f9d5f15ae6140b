#include "cell/cell.h"

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "cell/private_handler.h"
#include "http/server/listener.h"
#include "sandbox/fake/driver.h"
#include "wire/channel.h"

namespace strata::cell {
namespace {

// A Cell over the fake driver; the test is its manager and sees what it posts.
class CellTest : public ::testing::Test {
 protected:
  CellTest() : random_(1), driver_(loop_, clock_) {}

  void SetUp() override {
    Start start;
    start.cell = "test";
    start.tenant = "shop";
    auto cell = Cell::Create({.loop = loop_,
                              .clock = clock_,
                              .random = random_,
                              .driver = driver_,
                              .log = {},
                              .start = start,
                              .engine_key = "key",
                              .allowed = {{"/srv"}, {}},
                              .ring = telemetry::MakeRing(256_KiB).value(),
                              .private_listener = http::ListenUnix(dir_ / "private").value(),
                              .control_listener = http::ListenUnix(dir_ / "control").value(),
                              .post =
                                  [this](ToManager message, std::vector<Fd> fds) {
                                    posted_.push_back(std::move(message));
                                    for (Fd& fd : fds) posted_fds_.push_back(std::move(fd));
                                    return true;
                                  },
                              .denials = [] { return std::uint64_t{5}; }});
    ASSERT_TRUE(cell.has_value()) << cell.error().message;
    cell_ = std::move(*cell);
  }
  void TearDown() override { cell_.reset(); }

  Result<void> Handle(ToCell message, std::vector<Fd> fds = {}) {
    return cell_->Handle(std::move(message), std::move(fds));
  }
  // The one message that was posted since the last call.
  template <typename T>
  T Posted() {
    EXPECT_EQ(posted_.size(), 1u);
    T message = posted_.empty() ? T{} : std::get<T>(posted_.front());
    posted_.clear();
    return message;
  }

  void AddModule(const std::string& key, std::string_view script = R"({"do": "hello"})") {
    std::vector<Fd> fds;
    fds.push_back(sandbox::fake::FakeDriver::Artifact(script).value());
    ASSERT_TRUE(Handle(Modules{{key}}, std::move(fds)).has_value());
  }
  static Function MakeFunction(std::string name, std::string module) {
    Function function;
    function.tenant = "shop";
    function.name = std::move(name);
    function.module = std::move(module);
    return function;
  }
  // The answer to a configuration of these functions, without routes.
  std::string Configure(std::vector<Function> functions) {
    cell::Configure message;
    message.generation = ++generation_;
    message.functions = std::move(functions);
    EXPECT_TRUE(Handle(std::move(message)).has_value());
    const auto answer = Posted<Configured>();
    EXPECT_EQ(answer.generation, generation_);
    return answer.error;
  }
  static std::pair<Fd, Fd> Pair() {
    int pair[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    return {Fd(pair[0]), Fd(pair[1])};
  }

  State TakeState() {
    auto stock = cell_->TakeStock();
    EXPECT_TRUE(stock.has_value());
    EXPECT_EQ(stock->fds.size(), 3 + stock->state.listeners.size());
    return std::move(stock->state);
  }

  Loop loop_;
  SystemClock clock_;
  SeededRandom random_;
  sandbox::fake::FakeDriver driver_;
  const testing::TempDir dir_;
  std::vector<ToManager> posted_;
  std::vector<Fd> posted_fds_;
  std::unique_ptr<Cell> cell_;
  std::uint32_t generation_ = 0;
};

// A front, played by the test: its line to the cell and one connection over it.
class FrontedCellTest : public CellTest {
 protected:
  void SetUp() override {
    CellTest::SetUp();
    AddModule("k1");
    ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
    auto [ours, theirs] = Pair();
    line_.emplace(loop_, std::move(ours));
    std::vector<Fd> end;
    end.push_back(std::move(theirs));
    ASSERT_TRUE(Handle(ServeFront{"front"}, std::move(end)).has_value());
    auto [mine, cells] = Pair();
    connection_ = std::move(mine);
    wire::Frame frame{"c", {}};
    frame.fds.push_back(std::move(cells));
    ASSERT_TRUE(line_->Post(std::move(frame)).has_value());
  }

  // What comes back for one request, a chunked answer or a problem; the loop runs until its end.
  std::string Ask(const std::string& fields) { return AskWithoutHost("Host: h\r\n" + fields); }
  std::string AskWithoutHost(const std::string& fields) {
    const std::string text = "GET /x HTTP/1.1\r\n" + fields + "\r\n";
    EXPECT_EQ(::send(connection_.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    std::string got;
    const TimePoint limit = clock_.Now() + std::chrono::seconds(10);
    while (!got.ends_with("0\r\n\r\n") && !got.ends_with("}") && clock_.Now() < limit) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(1));
      char piece[4096];
      const ssize_t n = ::recv(connection_.get(), piece, sizeof(piece), MSG_DONTWAIT);
      if (n > 0) got.append(piece, static_cast<std::size_t>(n));
    }
    return got;
  }

  inline static const std::string kField =
      "strata-hop: shop a 1 00112233445566778899aabbccddeeff 0011223344556677 0000000000000000 0 "
      "0 http 192.0.2.7:5000\r\n";
  std::optional<wire::Channel> line_;
  Fd connection_;
};

TEST_F(FrontedCellTest, WhatAFrontHandsOnIsServedAsTheFunctionThatItNames) {
  for (int i = 0; i < 2; ++i) {
    const std::string answer = Ask(kField);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("hello"), std::string::npos) << answer;
  }
}

TEST_F(FrontedCellTest, ARequestWithoutTheHopFieldAtItsEndIsRefused) {
  EXPECT_TRUE(Ask("X-Mine: 1\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(Ask(kField + "X-Mine: 1\r\n").starts_with("HTTP/1.1 400"));
}

TEST_F(FrontedCellTest, WhatAFrontTakesFromItsClientIsTaken) {
  std::string fields;
  for (int i = 0; i < 98; ++i) fields += "X: 1\r\n";
  const std::string most(http::HeadLimits{}.bytes.count - fields.size() - 100, 'x');
  EXPECT_TRUE(Ask(fields + "X-Long: " + most + "\r\nContent-Length: 0\r\n" + kField)
                  .starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(AskWithoutHost(kField).starts_with("HTTP/1.1 200")) << "its client spoke HTTP/1.0";
}

TEST_F(FrontedCellTest, ABodysBoundIsItsFunctions) {
  const std::string ask = "Content-Length: 100000000\r\n" + kField;
  const std::string refused = Ask(ask);
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 413")) << refused;
  EXPECT_NE(refused.find("limit-request"), std::string::npos) << refused;
}

TEST_F(CellTest, ACellThatGivesUpItsListenersSaysWhenItHas) {
  auto listener = http::ListenTcp(http::TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  std::vector<Fd> fds;
  fds.push_back(std::move(*listener));
  ASSERT_TRUE(Handle(Listen{"web-0", "here"}, std::move(fds)).has_value());
  EXPECT_EQ(TakeState().listeners.size(), 1u);
  ASSERT_TRUE(Handle(StopListening{}).has_value());
  EXPECT_TRUE(TakeState().listeners.empty());
  const TimePoint limit = clock_.Now() + std::chrono::seconds(10);
  while (posted_.empty() && clock_.Now() < limit) {
    loop_.restart();
    loop_.run_one_for(std::chrono::milliseconds(1));
  }
  Posted<StoppedListening>();
}

TEST_F(CellTest, AClientThatComesAfterTheListenersHaveGoneIsGivenBack) {
  auto [client, ours] = Pair();
  const int same = ours.get();
  std::vector<Fd> fds;
  fds.push_back(std::move(ours));
  ASSERT_TRUE(Handle(TakeClient{"somebody"}, std::move(fds)).has_value());
  Posted<GiveClient>();
  ASSERT_EQ(posted_fds_.size(), 1u);
  EXPECT_EQ(posted_fds_.front().get(), same);
}

TEST_F(CellTest, AClientThatComesDuringADrainIsNoBrokenRule) {
  auto listener = http::ListenTcp(http::TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  std::vector<Fd> fds;
  fds.push_back(std::move(*listener));
  ASSERT_TRUE(Handle(Listen{"web-0", "here"}, std::move(fds)).has_value());
  Spawn(loop_, cell_->Drain(std::chrono::seconds(10)));
  loop_.poll();
  auto [client, ours] = Pair();
  std::vector<Fd> clients;
  clients.push_back(std::move(ours));
  EXPECT_TRUE(Handle(TakeClient{"somebody"}, std::move(clients)).has_value());
  loop_.run_for(std::chrono::seconds(1));
}

TEST_F(CellTest, AConfigurationNeedsItsModules) {
  EXPECT_TRUE(Configure({MakeFunction("a", "k1")}).starts_with("NOT_FOUND: "));
  EXPECT_EQ(TakeState().generation, 0u);
  AddModule("k1");
  EXPECT_EQ(Configure({MakeFunction("a", "k1")}), "");
  EXPECT_EQ(TakeState().generation, 2u);
}

TEST_F(CellTest, AfterASwitchOnlyTheNamedModulesAreLeft) {
  AddModule("k1");
  AddModule("k2");
  ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
  EXPECT_EQ(TakeState().modules, std::vector<std::string>{"k1"});
}

TEST_F(CellTest, ARefusedConfigurationKeepsModulesAndGeneration) {
  AddModule("k1");
  ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
  AddModule("k2");
  Function reaching = MakeFunction("b", "k2");
  reaching.grants.dirs = {{"/etc", "/data", model::DirGrant::Mode::kReadOnly}};
  EXPECT_TRUE(Configure({std::move(reaching)}).starts_with("FAILED_PRECONDITION: "));
  const State state = TakeState();
  EXPECT_EQ(state.generation, 1u);
  EXPECT_EQ(state.modules, (std::vector<std::string>{"k1", "k2"}));
  ASSERT_EQ(state.functions.size(), 1U);
  EXPECT_EQ(state.functions.front().name, "a");
}

TEST_F(CellTest, WhoTakesItOverIsToldTheFormOfEachFunction) {
  AddModule("k1");
  Function former = MakeFunction("a", "k1");
  former.target = "@1";
  ASSERT_EQ(Configure({MakeFunction("a", "k1"), std::move(former)}), "");
  const State state = TakeState();
  ASSERT_EQ(state.functions.size(), 2U);
  EXPECT_EQ(state.functions.front().target, "");
  EXPECT_EQ(state.functions.back().target, "@1");
}

TEST_F(CellTest, AndWhatItServedBeforeWhileRecordsMaySpeakOfThat) {
  AddModule("k1");
  ASSERT_EQ(Configure({MakeFunction("a", "k1"), MakeFunction("b", "k1")}), "");
  ASSERT_TRUE(Handle(CreateSandbox{"sb-1", 1}).has_value());
  (void)Posted<SandboxCreated>();
  AddModule("k1");
  ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
  const State state = TakeState();
  ASSERT_TRUE(state.former.has_value());
  ASSERT_EQ(state.former->lists.size(), 1U);
  EXPECT_EQ(state.former->lists.front().generation, 1U);
  EXPECT_EQ(state.former->lists.front().places, (std::vector<std::uint32_t>{0, 1}));
  ASSERT_EQ(state.former->functions.size(), 1U);
  EXPECT_EQ(state.former->functions.front().name, "b");
}

TEST_F(CellTest, TwoFunctionsOfOneNameAreRefused) {
  AddModule("k1");
  const auto error = Configure({MakeFunction("a", "k1"), MakeFunction("a", "k1")});
  EXPECT_TRUE(error.starts_with("INVALID_ARGUMENT: ")) << error;
}

TEST_F(CellTest, SandboxesAreMadeListedAndDeleted) {
  AddModule("k1");
  ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
  ASSERT_TRUE(Handle(CreateSandbox{"sb-1", 0}).has_value());
  EXPECT_EQ(Posted<SandboxCreated>().error, "");
  ASSERT_TRUE(Handle(CreateSandbox{"sb-1", 0}).has_value());
  EXPECT_TRUE(Posted<SandboxCreated>().error.starts_with("FAILED_PRECONDITION: "));
  ASSERT_TRUE(Handle(CreateSandbox{"sb-2", 9}).has_value());
  EXPECT_TRUE(Posted<SandboxCreated>().error.starts_with("NOT_FOUND: "));
  EXPECT_EQ(TakeState().sandboxes, std::vector<std::string>{"sb-1"});

  ASSERT_TRUE(Handle(GetStats{}).has_value());
  const auto stats = Posted<Stats>();
  EXPECT_EQ(stats.sandboxes, 1u);
  EXPECT_EQ(stats.images_loaded, 1u);
  EXPECT_EQ(stats.denials, 5u);

  ASSERT_TRUE(Handle(DeleteSandbox{"sb-1"}).has_value());
  EXPECT_EQ(Posted<SandboxGone>().reason, "deleted");
  EXPECT_TRUE(TakeState().sandboxes.empty());
}

TEST_F(CellTest, AnImageIsKeptForAChangedFunctionWithTheSameCode) {
  AddModule("k1");
  ASSERT_EQ(Configure({MakeFunction("a", "k1")}), "");
  ASSERT_TRUE(Handle(CreateSandbox{"sb-1", 0}).has_value());  // loads it
  posted_.clear();
  Function changed = MakeFunction("a", "k1");
  changed.revision = 2;
  ASSERT_EQ(Configure({std::move(changed)}), "");
  ASSERT_TRUE(Handle(DeleteSandbox{"sb-1"}).has_value());
  posted_.clear();
  ASSERT_TRUE(Handle(GetStats{}).has_value());
  EXPECT_EQ(Posted<Stats>().images_loaded, 1u);
  ASSERT_EQ(Configure({}), "");
  ASSERT_TRUE(Handle(GetStats{}).has_value());
  EXPECT_EQ(Posted<Stats>().images_loaded, 0u);
}

TEST_F(CellTest, DescriptorsThatDoNotFitBreakTheRules) {
  EXPECT_FALSE(Handle(Modules{{"k1"}}).has_value());
  EXPECT_FALSE(Handle(Listen{"web", "a"}).has_value());
  EXPECT_FALSE(Handle(Start{}).has_value());
  std::vector<Fd> not_listening;
  not_listening.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(Handle(Listen{"web", "a"}, std::move(not_listening)).has_value());
  EXPECT_TRUE(TakeState().listeners.empty());
}

TEST_F(CellTest, ListenersAreHandedOverWithTheState) {
  std::vector<Fd> fds;
  fds.push_back(http::ListenTcp({"127.0.0.1", 0}).value());
  ASSERT_TRUE(Handle(Listen{"web", "127.0.0.1:80"}, std::move(fds)).has_value());
  const State state = TakeState();
  ASSERT_EQ(state.listeners.size(), 1u);
  EXPECT_EQ(state.listeners[0].address, "127.0.0.1:80");
}

struct Target {
  const char* text;
  const char* tenant;
  const char* name;
  const char* rest;
};

TEST(PrivateTargetTest, NamesAFunctionOrASandboxAndTheRest) {
  for (const Target& t : {Target{"/functions/shop/a", "shop", "a", "/"},
                          Target{"/functions/shop/a/", "shop", "a", "/"},
                          Target{"/functions/shop/a/b/c?d=/e", "shop", "a", "/b/c?d=/e"},
                          Target{"/functions/shop/a?x=1", "shop", "a", "/?x=1"},
                          Target{"/sandboxes/sb-1/x", "", "sb-1", "/x"}}) {
    const auto parsed = ParsePrivateTarget(t.text);
    ASSERT_TRUE(parsed.has_value()) << t.text;
    EXPECT_EQ(parsed->tenant, t.tenant);
    EXPECT_EQ(parsed->name, t.name);
    EXPECT_EQ(parsed->rest, t.rest);
  }
}

TEST(PrivateTargetTest, EverythingElseIsNotFound) {
  for (const char* text : {"", "/", "/functions", "/functions/", "/functions/shop", "/functions//a",
                           "/sandboxes", "/sandboxes/", "/other/x", "*"}) {
    EXPECT_FALSE(ParsePrivateTarget(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace strata::cell
