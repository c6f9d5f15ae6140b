#include "sandbox/remote/service.h"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/async/broadcast.h"
#include "base/lines/standing_line.h"
#include "base/lines/usual_time.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/connection.h"
#include "sandbox/testing/call_fixture.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {
namespace {

using std::chrono::milliseconds;
using testing::CallFixture;

std::pair<Fd, Fd> MakeSockets() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

// A cell's way to a service, with a keeper that hands connections out and a service that answers
// whatever comes over them.
class ServiceLineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto [cell, keeper] = MakeSockets();
    auto image = driver_.Prepare(std::move(cell));
    ASSERT_TRUE(image.has_value());
    image_ = std::move(*image);
    keeper_.emplace(loop_, std::move(keeper));
    Spawn(loop_, BeKeeper());
  }

  void TearDown() override {
    image_.reset();
    RunUntil([this] { return over_ && answering_ == 0; });
  }

  Awaitable<void> BeKeeper() {
    while (true) {
      auto frame = co_await keeper_->Receive();
      if (!frame) break;
      const auto message = DecodeToServer(frame->text);
      EXPECT_TRUE(message.has_value());
      if (const auto* dial = std::get_if<Dial>(&*message)) {
        dialled_.push_back(dial->id);
        if (full_) {
          const ToClient full = Dialled{.id = dial->id, .error = "", .full = true};
          EXPECT_TRUE(keeper_->Post({Encode(full), {}}).has_value());
        } else if (!waits_) {
          HandOut(dial->id);
        }
      } else if (const auto* closed = std::get_if<Closed>(&*message)) {
        EXPECT_TRUE(closed_.insert(closed->id).second);
      } else {
        busy_.push_back(std::get<Busy>(*message));
      }
    }
    over_ = true;
  }

  void HandOut(std::uint64_t id) {
    auto [cell, service] = MakeSockets();
    ++answering_;
    Spawn(loop_, BeService(std::make_unique<Connection>(loop_, std::move(service))));
    std::vector<Fd> fds;
    fds.push_back(std::move(cell));
    EXPECT_TRUE(keeper_->Post({Encode(ToClient(Dialled{.id = id})), std::move(fds)}).has_value());
    if (retires_) SendRetire();
  }

  void SendRetire() { EXPECT_TRUE(keeper_->Post({Encode(ToClient(Retire{})), {}}).has_value()); }

  Awaitable<void> BeService(std::unique_ptr<Connection> connection) {
    while (true) {
      const auto got = co_await connection->Receive();
      if (!got || *got == 0) break;
      if (closes_) break;
      clock_.Advance(takes_);
      if (mute_) continue;
      if (hold_) co_await hold_->Wait(std::chrono::minutes(1));
      EXPECT_TRUE(
          (co_await connection->Send("HTTP/1.1 204 No Content\r\n" +
                                     std::string(parts_ ? "Connection: close\r\n" : "") + "\r\n"))
              .has_value());
      if (parts_) break;
    }
    --answering_;
  }

  // One request: what became of it.
  Result<model::Exit> Ask(milliseconds within = std::chrono::seconds(60)) {
    auto sandbox = image_->Create(Spec{.id = "turn-1"});
    CallFixture fixture(loop_, clock_, "GET");
    fixture.call.deadline = clock_.Now() + within;
    fixture.body.End();
    auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
    lost_ = (*sandbox)->holder_lost();
    return exit;
  }

  // A request beside others.
  struct Asking {
    Asking(ServiceLineTest& test, milliseconds within)
        : sandbox(test.image_->Create(Spec{.id = "turn-2"}).value()),
          fixture(test.loop_, test.clock_, "GET") {
      fixture.call.deadline = test.clock_.Now() + within;
      fixture.body.End();
      Spawn(test.loop_, Run());
    }
    Awaitable<void> Run() { exit = co_await sandbox->Invoke(fixture.call); }
    std::unique_ptr<Sandbox> sandbox;
    CallFixture fixture;
    std::optional<Result<model::Exit>> exit;
  };

  template <typename Condition>
  void RunUntil(Condition condition) {
    loop_.restart();
    while (!condition() && loop_.run_one() > 0) {
    }
  }

  Loop loop_{1};
  ManualClock clock_;
  ServiceDriver driver_{loop_, clock_};
  std::shared_ptr<Image> image_;
  std::optional<wire::Channel> keeper_;
  milliseconds takes_{0};          // the service, for an answer
  bool retires_ = false;           // the keeper, whatever it has just handed out
  bool closes_ = false;            // the service, instead of an answer
  bool mute_ = false;              // the service: only a deadline ends what it was asked
  bool parts_ = false;             // the service, from whom it has answered
  bool waits_ = false;             // the keeper, before it hands anything out
  bool full_ = false;              // so it says
  std::optional<Broadcast> hold_;  // the service, before it answers
  bool over_ = false;
  bool lost_ = false;          // the keeper, as the last sandbox says
  std::size_t answering_ = 0;  // connections
  std::vector<std::uint64_t> dialled_;
  std::set<std::uint64_t> closed_;
  std::vector<Busy> busy_;
};

TEST_F(ServiceLineTest, AConnectionIsKeptForTheNextRequest) {
  ASSERT_TRUE(Ask().has_value());
  ASSERT_TRUE(Ask().has_value());
  EXPECT_EQ(dialled_.size(), 1U);
  EXPECT_TRUE(closed_.empty());
}

TEST_F(ServiceLineTest, WhatIsRetiredIsClosedAndThatIsTold) {
  ASSERT_TRUE(Ask().has_value());
  SendRetire();
  RunUntil([this] { return !closed_.empty(); });
  EXPECT_TRUE(closed_.contains(dialled_.front()));
  ASSERT_TRUE(Ask().has_value());
  EXPECT_EQ(dialled_.size(), 2U);
}

TEST_F(ServiceLineTest, WhatIsRetiredOnItsWayServesTheRequestItWasMadeFor) {
  retires_ = true;
  ASSERT_TRUE(Ask().has_value());
  RunUntil([this] { return !closed_.empty(); });
  ASSERT_TRUE(Ask().has_value());
  EXPECT_EQ(dialled_.size(), 2U);
}

TEST_F(ServiceLineTest, WhatComesForNobodyIsClosedAndThatIsTold) {
  waits_ = true;
  const auto exit = Ask(milliseconds(1));
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kUnavailable);
  RunUntil([this] { return !dialled_.empty(); });
  HandOut(dialled_.front());
  RunUntil([this] { return !closed_.empty(); });
  EXPECT_TRUE(closed_.contains(dialled_.front()));
}

TEST_F(ServiceLineTest, AServiceThatClosesInsteadOfAnsweringHadTheRequest) {
  closes_ = true;
  const auto exit = Ask();
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, model::ExitReason::kStopped);
  EXPECT_EQ(exit->detail, "the service closed before it answered");
  EXPECT_FALSE(lost_);
}

TEST_F(ServiceLineTest, AKeeperThatIsGoneIsTold) {
  keeper_->Close();
  const auto exit = Ask();
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kUnavailable);
  EXPECT_TRUE(lost_);
}

TEST_F(ServiceLineTest, WhatIsStoppedBeforeItHasAConnectionAsksNothing) {
  waits_ = true;
  Asking stopped(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 1; });
  stopped.sandbox->Stop();
  mute_ = true;  // no answer would end it
  HandOut(dialled_.front());
  RunUntil([&stopped] { return stopped.exit.has_value(); });
  ASSERT_TRUE(stopped.exit->has_value());
  EXPECT_EQ((*stopped.exit)->reason, model::ExitReason::kStopped);
  mute_ = false;
  ASSERT_TRUE(Ask().has_value());
  EXPECT_EQ(dialled_.size(), 1U) << "its connection is the next one's";
}

TEST_F(ServiceLineTest, WhenThereAreNoMoreARequestWaitsForTheNextThatIsFree) {
  hold_.emplace(loop_);
  Asking first(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 1 && answering_ == 1; });
  full_ = true;
  Asking second(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 2; });
  while (loop_.poll() > 0) {  // it hears that there are no more
  }
  Asking third(*this, std::chrono::minutes(1));
  while (!third.exit) {
    hold_->Notify();
    loop_.run_one();
  }
  for (const Asking* each : {&first, &second, &third}) {
    ASSERT_TRUE(each->exit && each->exit->has_value());
  }
  EXPECT_EQ(dialled_.size(), 2U) << "who finds others in line asks for none";
  EXPECT_TRUE(closed_.empty());
}

TEST_F(ServiceLineTest, WhenTheOneThatIsWaitedForIsClosedAnotherIsAskedFor) {
  hold_.emplace(loop_);
  parts_ = true;
  Asking first(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 1 && answering_ == 1; });
  full_ = true;
  Asking second(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 2; });
  full_ = false;
  while (!second.exit) {
    hold_->Notify();
    loop_.run_one();
  }
  EXPECT_TRUE(second.exit->has_value());
  EXPECT_EQ(dialled_.size(), 3U);
}

TEST_F(ServiceLineTest, WhoWaitsForAFreeOneUntilItsDeadlineIsToldThatAllWereInUse) {
  hold_.emplace(loop_);
  Asking first(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 1 && answering_ == 1; });
  full_ = true;
  Asking second(*this, milliseconds(20));
  RunUntil([&] { return second.exit.has_value(); });
  EXPECT_EQ(second.exit->error().code, Errc::kResourceExhausted);
  while (!first.exit) {
    hold_->Notify();
    loop_.run_one();
  }
}

TEST_F(ServiceLineTest, WhoHasLessTimeLeftThanRequestsTakeDoesNotWaitForAFreeOne) {
  takes_ = milliseconds(200);
  for (std::size_t i = 0; i < UsualTime::kFew; ++i) ASSERT_TRUE(Ask().has_value());
  hold_.emplace(loop_);
  Asking first(*this, std::chrono::minutes(1));
  while (loop_.poll() > 0) {  // it has the one connection
  }
  full_ = true;
  Asking hasty(*this, milliseconds(150));
  RunUntil([&] { return hasty.exit.has_value(); });
  ASSERT_FALSE(hasty.exit->has_value());
  EXPECT_EQ(hasty.exit->error().code, Errc::kResourceExhausted);
  EXPECT_THAT(hasty.exit->error().message,
              ::testing::HasSubstr("less time left than the 200 ms that such requests take"));
  Asking patient(*this, std::chrono::minutes(1));
  while (!first.exit || !patient.exit) {
    hold_->Notify();
    loop_.run_one();
  }
  EXPECT_TRUE(patient.exit->has_value());
}

TEST_F(ServiceLineTest, RequestsThatLastUntilTheirDeadlineKeepNoOtherFromWaiting) {
  takes_ = milliseconds(200);
  mute_ = true;
  for (std::size_t i = 0; i < UsualTime::kFew; ++i) {
    const auto cut = Ask(milliseconds(2));
    ASSERT_TRUE(cut.has_value());
    EXPECT_NE(cut->reason, model::ExitReason::kReturned);
  }
  takes_ = milliseconds(0);
  mute_ = false;
  hold_.emplace(loop_);
  Asking first(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == UsualTime::kFew + 1 && answering_ == 1; });
  full_ = true;
  Asking second(*this, milliseconds(150));
  while (!first.exit || !second.exit) {
    hold_->Notify();
    loop_.run_one();
  }
  EXPECT_TRUE(second.exit->has_value());
}

TEST_F(ServiceLineTest, WhoWaitsTooLongInALineThatStandsIsRefused) {
  hold_.emplace(loop_);
  takes_ = milliseconds(200);
  Asking first(*this, std::chrono::minutes(1));
  RunUntil([this] { return dialled_.size() == 1 && answering_ == 1; });
  full_ = true;
  std::vector<std::unique_ptr<Asking>> later;
  for (int i = 0; i < 10; ++i) {
    later.push_back(std::make_unique<Asking>(*this, std::chrono::minutes(1)));
    while (loop_.poll() > 0) {  // it is in line
    }
  }
  while (!later.back()->exit) {
    hold_->Notify();
    loop_.run_one();
  }
  std::vector<bool> served;
  for (const auto& each : later) served.push_back(each->exit && each->exit->has_value());
  EXPECT_EQ(served, (std::vector{true, true, true, true, true, true, false, false, false, true}));
  for (const auto& each : {&later[6], &later[8]}) {
    ASSERT_TRUE((*each)->exit.has_value());
    EXPECT_EQ((*each)->exit->error().code, Errc::kResourceExhausted);
    EXPECT_EQ((*each)->exit->error().message, kLineStood);
  }
}

TEST_F(ServiceLineTest, HowBusyItIsIsToldUntilItIsNot) {
  takes_ = milliseconds(500);
  ASSERT_TRUE(Ask().has_value());
  RunUntil([this] { return !busy_.empty(); });
  EXPECT_EQ(busy_.front().mean_milli, 1000U);
  clock_.Advance(milliseconds(1500));
  RunUntil([this] { return busy_.size() == 2; });
  EXPECT_EQ(busy_.back().mean_milli, 250U);  // one for half a second of two
  EXPECT_EQ(busy_.back().idle_ms, 1500U);
  RunUntil([this] { return busy_.size() == 3; });
  EXPECT_EQ(busy_.back().mean_milli, 0U);
}

}  // namespace
}  // namespace strata::sandbox::remote
