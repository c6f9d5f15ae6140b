#include "keeper/service/health.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>

#include "base/files/fd.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;

TEST(VerdictTest, ChangesAfterAsManyOutcomesInARow) {
  const model::Probe probe{.success_threshold = 2, .failure_threshold = 3};
  Verdict verdict(probe, false);
  EXPECT_FALSE(verdict.Take(true));
  EXPECT_FALSE(verdict.Take(false));
  EXPECT_FALSE(verdict.Take(true));
  EXPECT_TRUE(verdict.Take(true));
  EXPECT_TRUE(verdict.well());
  EXPECT_FALSE(verdict.Take(false));
  EXPECT_FALSE(verdict.Take(false));
  EXPECT_FALSE(verdict.Take(true));
  EXPECT_FALSE(verdict.Take(false));
  EXPECT_FALSE(verdict.Take(false));
  EXPECT_TRUE(verdict.Take(false));
  EXPECT_FALSE(verdict.well());
}

TEST(StatusOfAnswerTest, IsTotal) {
  EXPECT_EQ(StatusOfAnswer("HTTP/1.1 200"), 200);
  EXPECT_EQ(StatusOfAnswer("HTTP/1.0 503 no"), 503);
  for (const char* bytes :
       {"", "HTTP/1.1 20", "HTTP/2.0 200", "HTTP/1.1 2x0", "HTTP/1.1 099", "HTTP/1.1-200",
        "HTTP/1.1  20", "HTTP/1.1 -20", "garbage, a lot of it"}) {
    EXPECT_EQ(StatusOfAnswer(bytes), 0) << bytes;
  }
}

// A program that has ended with `code`, or never ends unless it is told to.
class ScriptedExecution final : public sandbox::Execution {
 public:
  ScriptedExecution(Loop& loop, std::optional<int> code, bool& ended)
      : timer_(loop.get_executor(), TimePoint::max()), code_(code), ended_(ended) {}
  Task<int> Wait() override {
    boost::system::error_code ignored;
    if (!code_) co_await timer_.async_wait(asio::redirect_error(kAwait, ignored));
    co_return code_.value_or(137);
  }
  void Resize(host::TerminalSize) noexcept override {}
  void End() noexcept override {
    ended_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  const std::optional<int> code_;
  bool& ended_;
};

// A server that says `answer` to whoever connects, and then nothing more.
class ScriptedSandbox final : public sandbox::Sandbox {
 public:
  explicit ScriptedSandbox(Loop& loop) : loop_(loop) {}

  Task<model::Exit> Invoke(sandbox::Call&) override { co_return Fail(Errc::kUnsupported, ""); }
  Task<TypedResult> InvokeExport(std::string_view, std::span<const sandbox::Value>,
                                 TimePoint) override {
    co_return Fail(Errc::kUnsupported, "");
  }
  Task<Fd> Dial(std::uint16_t port) override {
    dialled = port;
    if (refuses) co_return Fail(Errc::kUnavailable, "nobody listens");
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    peer = Fd(ends[1]);
    EXPECT_EQ(::write(peer.get(), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
    co_return Fd(ends[0]);
  }
  Task<std::shared_ptr<sandbox::Execution>> Exec(sandbox::Program program) override {
    command = program.args;
    co_return std::make_shared<ScriptedExecution>(loop_, exit_code, ended);
  }
  void Stop() noexcept override {}
  [[nodiscard]] model::Usage usage() const override { return {}; }

  bool refuses = false;
  std::string answer;
  std::optional<int> exit_code;
  bool ended = false;  // a program that was told to
  std::uint16_t dialled = 0;
  std::vector<std::string> command;
  Fd peer;

 private:
  Loop& loop_;
};

class HealthCheckTest : public ::testing::Test {
 protected:
  HealthCheckTest() {
    auto made = std::make_unique<ScriptedSandbox>(loop_);
    sandbox_ = made.get();
    replica_->sandbox = std::move(made);
  }

  // "well", or why not.
  std::string Try(model::Probe probe) {
    probe_ = std::move(probe);
    HealthCheck check(loop_, probe_, replica_, 8080);
    std::string found;
    const auto run = [](HealthCheck& of, std::string& to) -> Awaitable<void> {
      const auto outcome = co_await of.Try();
      to = outcome ? "well" : outcome.error().message;
    };
    Spawn(loop_, run(check, found));
    loop_.restart();
    loop_.run();
    return found;
  }

  Loop loop_{1};
  model::Probe probe_;
  std::shared_ptr<Replica> replica_ = std::make_shared<Replica>("web-0-1", nullptr);
  ScriptedSandbox* sandbox_ = nullptr;
};

TEST_F(HealthCheckTest, AnAnswerSaysItByItsStatus) {
  const model::Probe probe{.http_get = model::HttpGet{.path = "/ready"}};
  sandbox_->answer = "HTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_EQ(Try(probe), "well");
  EXPECT_EQ(sandbox_->dialled, 8080);
  std::array<char, 512> part{};
  const ssize_t got = ::read(sandbox_->peer.get(), part.data(), part.size());
  ASSERT_GT(got, 0);
  EXPECT_TRUE(std::string_view(part.data(), static_cast<std::size_t>(got))
                  .starts_with("GET /ready HTTP/1.1\r\nHost: localhost\r\n"));
  sandbox_->answer = "HTTP/1.1 503 no\r\n\r\n";
  EXPECT_EQ(Try(probe), "/ready answered 503");
  sandbox_->answer = "SSH-2.0-whatever";
  EXPECT_EQ(Try(probe), "no HTTP answer from /ready");
}

TEST_F(HealthCheckTest, AConnectionIsEnoughAtThePortThatIsNamed) {
  EXPECT_EQ(Try({.tcp_socket = model::TcpSocket{.port = 9000}}), "well");
  EXPECT_EQ(sandbox_->dialled, 9000);
  sandbox_->refuses = true;
  EXPECT_EQ(Try({.tcp_socket = model::TcpSocket{}}), "nobody listens");
}

TEST_F(HealthCheckTest, AProgramSaysItByItsExitCode) {
  const model::Probe probe{.exec = model::ExecAction{.command = {"/bin/check", "-q"}}};
  sandbox_->exit_code = 0;
  EXPECT_EQ(Try(probe), "well");
  EXPECT_EQ(sandbox_->command, (std::vector<std::string>{"/bin/check", "-q"}));
  sandbox_->exit_code = 3;
  EXPECT_EQ(Try(probe), "/bin/check ended with exit code 3");
  EXPECT_FALSE(sandbox_->ended);
}

TEST_F(HealthCheckTest, WhatTakesTooLongHasFailedAndIsEnded) {
  const milliseconds soon(20);
  EXPECT_EQ(Try({.http_get = model::HttpGet{}, .timeout = soon}), "no answer within 20 ms");
  EXPECT_EQ(Try({.exec = model::ExecAction{.command = {"/bin/check"}}, .timeout = soon}),
            "no answer within 20 ms");
  EXPECT_TRUE(sandbox_->ended);
}

}  // namespace
}  // namespace strata::keeper
