#include "gateway/endpoints.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/test_support.h"

namespace strata::gateway {
namespace {

using std::chrono::milliseconds;

// While it lives this process opens nothing more.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

class EndpointsTest : public ::testing::Test {
 protected:
  void Add(const std::string& cell, CellLine& line) {
    endpoints_.Add("shop", cell, line.TakeTheirs());
  }
  void Settle() {
    loop_.restart();
    loop_.run_for(milliseconds(5));
    // On a busy machine that time may be over before anything ran.
    while (loop_.poll() != 0) {
    }
  }
  // Waits in the background; what comes of it is in `outcomes_`.
  void Wait(TimePoint due, model::Priority priority = model::Priority::kNormal) {
    Spawn(loop_, [](EndpointsTest& test, model::Priority rank, TimePoint until) -> Awaitable<void> {
      auto lease = co_await test.endpoints_.Acquire("shop", rank, until);
      test.outcomes_.push_back(lease ? Errc{} : lease.error().code);
      test.served_.push_back(rank);
      if (lease) test.leases_.push_back(std::move(*lease));
    }(*this, priority, due));
  }
  // Somebody who finds no descriptor is served once there is one.
  void WaitForDescriptor() {
    {
      const NoDescriptors none;
      Wait(clock_.Now() + std::chrono::hours(1));
      Settle();
      EXPECT_TRUE(outcomes_.empty());
    }
    for (int look = 0; leases_.empty() && look < 1'000; ++look) Settle();
    EXPECT_EQ(leases_.size(), 1u);
  }
  // Begins what can begin at once.
  std::vector<Endpoints::Lease> TakeAll(std::string_view tenant) {
    std::vector<Endpoints::Lease> taken;
    while (auto lease = endpoints_.TryAcquire(tenant)) taken.push_back(std::move(*lease));
    return taken;
  }

  Loop loop_{1};
  ManualClock clock_;
  Endpoints endpoints_{loop_, clock_};
  std::vector<Errc> outcomes_;
  std::vector<model::Priority> served_;
  std::vector<Endpoints::Lease> leases_;
};

TEST_F(EndpointsTest, TheCellWithTheFewestCallsIsNext) {
  CellLine one;
  CellLine two;
  Add("one", one);
  Add("two", two);
  std::vector<Endpoints::Lease> held;
  for (int i = 0; i < 4; ++i) held.push_back(std::move(*endpoints_.TryAcquire("shop")));
  Settle();
  for (CellLine* line : {&one, &two}) {
    EXPECT_TRUE(line->Accept().valid());
    EXPECT_TRUE(line->Accept().valid());
    EXPECT_FALSE(line->Accept().valid());
  }
}

TEST_F(EndpointsTest, AKeptConnectionIsUsedAgainUntilOneWasFoundClosed) {
  CellLine line;
  Add("one", line);
  const auto hold = [this] { return std::move(*endpoints_.TryAcquire("shop")); };
  {
    auto one = hold();
    auto two = hold();
    one.Keep();
    two.Keep();
  }
  Settle();
  EXPECT_TRUE(line.Accept().valid());
  EXPECT_TRUE(line.Accept().valid());
  hold().Distrust();  // and with it goes the other
  Settle();
  EXPECT_FALSE(line.Accept().valid());
  hold().Keep();
  Settle();
  EXPECT_TRUE(line.Accept().valid());
}

TEST_F(EndpointsTest, OtherTenantsCellsAreNeverTaken) {
  CellLine line;
  endpoints_.Add("blog", "one", line.TakeTheirs());
  EXPECT_FALSE(endpoints_.TryAcquire("shop").has_value());
  EXPECT_TRUE(endpoints_.TryAcquire("blog").has_value());
}

TEST_F(EndpointsTest, ACellThatClosesItsLineOrIsRemovedIsForgotten) {
  CellLine one;
  CellLine two;
  Add("one", one);
  Add("two", two);
  EXPECT_EQ(endpoints_.cells().size(), 2u);
  one.Close();
  Settle();
  EXPECT_EQ(endpoints_.cells(), std::vector<std::string>{"two"});
  endpoints_.Remove("two");
  EXPECT_TRUE(endpoints_.cells().empty());
  EXPECT_FALSE(endpoints_.TryAcquire("shop").has_value());
}

TEST_F(EndpointsTest, WhoWaitsGetsTheNextCell) {
  Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  EXPECT_TRUE(outcomes_.empty());
  CellLine line;
  Add("one", line);
  Settle();
  ASSERT_EQ(leases_.size(), 1u);
}

TEST_F(EndpointsTest, WhoWaitsGetsTheConnectionThatIsGivenBack) {
  CellLine line;
  Add("one", line);
  std::vector<Endpoints::Lease> held;
  while (auto lease = endpoints_.TryAcquire("shop")) held.push_back(std::move(*lease));
  EXPECT_EQ(held.size(), Endpoint::kMostConnections);
  Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  EXPECT_TRUE(outcomes_.empty());
  held.pop_back();
  // Nobody overtakes who waits.
  EXPECT_FALSE(endpoints_.TryAcquire("shop").has_value() && leases_.empty());
  Settle();
  EXPECT_EQ(leases_.size(), 1u);
}

TEST_F(EndpointsTest, WhoFoundNoDescriptorIsServedWhenThereIsOneAgain) {
  CellLine line;
  Add("one", line);
  WaitForDescriptor();
}

TEST_F(EndpointsTest, WhoFoundNoDescriptorNeedNotWaitForTheEndOfALongCall) {
  CellLine line;
  Add("one", line);
  const auto running = endpoints_.TryAcquire("shop");
  ASSERT_TRUE(running.has_value());
  WaitForDescriptor();
}

TEST_F(EndpointsTest, WaitingEndsAtItsTime) {
  Wait(clock_.Now() + milliseconds(1));
  Settle();
  EXPECT_EQ(outcomes_, std::vector<Errc>{Errc::kDeadlineExceeded});
}

TEST_F(EndpointsTest, TheLineOfThoseThatWaitIsBounded) {
  for (std::size_t i = 0; i <= Endpoints::kMostWaiting; ++i) {
    Wait(clock_.Now() + std::chrono::hours(1));
  }
  Settle();
  EXPECT_EQ(outcomes_, std::vector<Errc>{Errc::kResourceExhausted});
}

TEST_F(EndpointsTest, CellsOfTenantsThatCallAtOnceGetFewRequestsAhead) {
  CellLine shop;
  CellLine blog;
  Add("one", shop);
  endpoints_.Add("blog", "two", blog.TakeTheirs());
  const auto first = endpoints_.TryAcquire("blog");
  auto held = TakeAll("shop");
  EXPECT_EQ(held.size(), Endpoints::kAhead);
  Wait(clock_.Now() + std::chrono::hours(1));
  EXPECT_TRUE(endpoints_.TryAcquire("blog").has_value());
  Settle();
  EXPECT_TRUE(leases_.empty());
  held.pop_back();  // an answer
  Settle();
  EXPECT_EQ(leases_.size(), 1u);
}

TEST_F(EndpointsTest, WhatACellHasHadForLongHoldsNobodyUp) {
  CellLine shop;
  CellLine blog;
  Add("one", shop);
  endpoints_.Add("blog", "two", blog.TakeTheirs());
  const auto first = endpoints_.TryAcquire("blog");
  const auto held = TakeAll("shop");
  Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  clock_.Advance(Endpoints::kAheadFor);
  // It looks again by itself, after a pause of the loop's own.
  for (int look = 0; leases_.empty() && look < 1'000; ++look) Settle();
  EXPECT_EQ(leases_.size(), 1u);
  EXPECT_EQ(TakeAll("shop").size(), Endpoints::kAhead - 1);
}

TEST_F(EndpointsTest, EachCellHasItsOwnRequestsAhead) {
  CellLine one;
  CellLine two;
  CellLine blog;
  Add("one", one);
  Add("two", two);
  endpoints_.Add("blog", "three", blog.TakeTheirs());
  const auto first = endpoints_.TryAcquire("blog");
  EXPECT_EQ(TakeAll("shop").size(), 2 * Endpoints::kAhead);
}

TEST_F(EndpointsTest, ACellOfATenantThatCallsAloneGetsAllThatThereIs) {
  CellLine shop;
  CellLine blog;
  Add("one", shop);
  endpoints_.Add("blog", "two", blog.TakeTheirs());
  (void)endpoints_.TryAcquire("blog");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(TakeAll("shop").size(), Endpoint::kMostConnections);
}

// Fills the only cell, has calls wait, and lets them stand for a while.
TEST_F(EndpointsTest, WhoWaitedTooLongInALineThatStandsIsRefused) {
  CellLine line;
  Add("one", line);
  auto held = TakeAll("shop");
  for (int i = 0; i < 3; ++i) Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  clock_.Advance(kLineStands + milliseconds(1));
  Wait(clock_.Now() + std::chrono::hours(1));  // has not waited long
  Settle();
  held.pop_back();
  Settle();
  EXPECT_EQ(outcomes_, (std::vector<Errc>{Errc::kResourceExhausted, Errc::kResourceExhausted,
                                          Errc::kResourceExhausted, Errc{}}));
}

TEST_F(EndpointsTest, ALineThatWasEmptyAWhileAgoRefusesNobody) {
  CellLine line;
  Add("one", line);
  auto held = TakeAll("shop");
  Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  clock_.Advance(kLineStands);
  Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  held.pop_back();
  held.pop_back();
  Settle();
  EXPECT_EQ(outcomes_, (std::vector<Errc>{Errc{}, Errc{}}));
}

TEST_F(EndpointsTest, CallsOfAHigherPriorityComeFirst) {
  using enum model::Priority;
  CellLine line;
  Add("one", line);
  auto held = TakeAll("shop");
  const TimePoint due = clock_.Now() + std::chrono::hours(1);
  for (const auto rank : {kNormal, kLow, kHigh, kNormal, kHigh}) Wait(due, rank);
  Settle();
  held.clear();
  Settle();
  EXPECT_EQ(served_, (std::vector{kHigh, kHigh, kNormal, kNormal, kLow}));
}

TEST_F(EndpointsTest, AFullLineRefusesTheLowestPriority) {
  using enum model::Priority;
  const TimePoint due = clock_.Now() + std::chrono::hours(1);
  Wait(due, kLow);
  for (std::size_t i = 1; i < Endpoints::kMostWaiting; ++i) Wait(due, kNormal);
  for (int i = 0; i < 2; ++i) Wait(due, kNormal);  // the first takes the place of the low one
  Settle();
  std::ranges::sort(served_);
  EXPECT_EQ(served_, (std::vector{kLow, kNormal}));
  EXPECT_EQ(outcomes_, (std::vector<Errc>{Errc::kResourceExhausted, Errc::kResourceExhausted}));
}

TEST_F(EndpointsTest, WhoWaitedForTheFirstCellIsNotRefused) {
  for (int i = 0; i < 3; ++i) Wait(clock_.Now() + std::chrono::hours(1));
  Settle();
  clock_.Advance(std::chrono::seconds(20));
  CellLine line;
  Add("one", line);
  Settle();
  EXPECT_EQ(leases_.size(), 3u);
}

}  // namespace
}  // namespace strata::gateway
