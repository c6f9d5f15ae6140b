#include "kube/activator/callers.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/exchange_io.h"
#include "kube/test_support.h"

namespace strata::kube::activator {
namespace {

using std::chrono::seconds;

constexpr const char* kOperator = "system:serviceaccount:strata-system:strata-operator";

Json ReviewThatSays(bool authenticated, const char* user, const Json& audiences) {
  return {{"kind", "TokenReview"},
          {"status",
           {{"authenticated", authenticated},
            {"user", {{"username", user}}},
            {"audiences", audiences}}}};
}
Json Good() { return ReviewThatSays(true, kOperator, Json::array({"strata-activator"})); }

TEST(ReviewTest, OnlyTheOperatorsTokenForActivatorsIsTaken) {
  EXPECT_TRUE(CheckReview(Good(), kOperator).has_value());
  const Json ours = Json::array({"strata-activator"});
  for (const Json& review :
       {ReviewThatSays(false, kOperator, ours), ReviewThatSays(true, "system:anonymous", ours),
        ReviewThatSays(true, "system:serviceaccount:shop:strata-operator", ours),
        ReviewThatSays(true, kOperator, Json::array()),
        ReviewThatSays(true, kOperator, Json::array({"https://kubernetes.default.svc"})),
        Json{{"kind", "TokenReview"}}, Json::object()}) {
    const auto checked = CheckReview(review, kOperator);
    ASSERT_FALSE(checked.has_value()) << review;
    EXPECT_EQ(checked.error().code, Errc::kPermissionDenied) << review;
  }
}

// With an API server that says of each token what the test has it say.
class CallersTest : public ::testing::Test {
 protected:
  ~CallersTest() override { api_.Close(); }

  Awaitable<void> Handle(http::Exchange& exchange) {
    auto body = co_await http::ReadAll(exchange, 1_MiB);
    asked_.push_back(body ? *ParseJson(*body) : Json());
    target_ = exchange.head().target;
    Timer timer(http_.loop.get_executor());
    while (!may_answer_) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(kAwait);
    }
    auto sent =
        co_await http::Answer(exchange.sink(), status_, "application/json", DumpJson(answer_));
    static_cast<void>(sent);
  }

  using Outcome = std::optional<Result<void>>;
  static Awaitable<void> Keep(Callers& callers, std::string peer, std::optional<std::string> field,
                              std::shared_ptr<Outcome> out) {
    const std::optional<std::string_view> said = field;
    out->emplace(co_await callers.Admit(std::move(peer), said));
  }
  std::shared_ptr<Outcome> Begin(std::optional<std::string> field, std::string peer = "10.0.0.1") {
    auto out = std::make_shared<Outcome>();
    Spawn(http_.loop, Keep(callers_, std::move(peer), std::move(field), out));
    return out;
  }
  // Nothing: it is let in.
  std::optional<Errc> Refusal(std::optional<std::string> field, std::string peer = "10.0.0.1") {
    const auto out = Begin(std::move(field), std::move(peer));
    if (!http_.RunUntil([&] { return out->has_value(); })) return Errc::kInternal;
    return **out ? std::nullopt : std::optional((*out)->error().code);
  }

  std::uint16_t status_ = 201;
  Json answer_ = Good();
  bool may_answer_ = true;
  std::vector<Json> asked_;
  std::string target_;
  ApiServer api_{[this](http::Exchange& exchange) { return Handle(exchange); }};
  http::ServerHarness& http_ = api_.http;
  controller::ApiClient client_{http_.loop, api_.access()};
  Callers callers_{client_, http_.clock, kOperator};
};

TEST_F(CallersTest, TheApiServerIsAskedWhoseTheTokenIs) {
  EXPECT_EQ(Refusal("Bearer a-b._1.c"), std::nullopt);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(target_, "/apis/authentication.k8s.io/v1/tokenreviews");
  EXPECT_EQ(asked_[0]["spec"],
            (Json{{"token", "a-b._1.c"}, {"audiences", Json::array({"strata-activator"})}}));
  answer_ = ReviewThatSays(false, "", Json::array());
  EXPECT_EQ(Refusal("Bearer d.e.f"), Errc::kPermissionDenied);
  EXPECT_EQ(Refusal("Bearer d.e.f"), Errc::kPermissionDenied) << "that is not kept";
  EXPECT_EQ(asked_.size(), 3U);
}

TEST_F(CallersTest, WhatIsNoTokenIsNotAskedAbout) {
  EXPECT_EQ(Refusal(std::nullopt), Errc::kInvalidArgument);
  for (const std::string& field :
       {std::string(), std::string("a.b.c"), std::string("Basic a.b.c"), std::string("Bearer abc"),
        std::string("Bearer a.b.c d"), std::string("Bearer a.b\"c."),
        "Bearer a.b." + std::string(8192, 'c')}) {
    EXPECT_EQ(Refusal(field), Errc::kInvalidArgument) << field;
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(CallersTest, WhatIsKnownOfATokenHoldsForAMinute) {
  EXPECT_EQ(Refusal("Bearer a.b.c"), std::nullopt);
  status_ = 500;
  http_.clock.Advance(seconds(59));
  EXPECT_EQ(Refusal("Bearer a.b.c"), std::nullopt);
  EXPECT_EQ(asked_.size(), 1U);
  http_.clock.Advance(seconds(1));
  EXPECT_EQ(Refusal("Bearer a.b.c"), Errc::kUnavailable) << "nobody says whose it is";
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(CallersTest, WhereTheApiServerDoesNotSayNobodyIsLetIn) {
  for (const std::uint16_t status : {403, 404, 500}) {
    status_ = status;
    EXPECT_EQ(Refusal("Bearer a.b.c"), Errc::kUnavailable) << status;
  }
}

TEST_F(CallersTest, NoMoreThanFourOfAnAddressAreAskedAboutAtATime) {
  may_answer_ = false;
  std::vector<std::shared_ptr<Outcome>> begun;
  for (const char* each : {"1", "2", "3", "4"}) {
    begun.push_back(Begin("Bearer a.b." + std::string(each)));
  }
  ASSERT_TRUE(http_.RunUntil([&] { return asked_.size() == 4; }));
  EXPECT_EQ(Refusal("Bearer a.b.5"), Errc::kUnavailable);
  const auto elsewhere = Begin("Bearer a.b.6", "10.0.0.2");
  EXPECT_TRUE(http_.RunUntil([&] { return asked_.size() == 5; }));
  may_answer_ = true;
  EXPECT_TRUE(http_.RunUntil([&] { return elsewhere->has_value(); }));
  for (const auto& each : begun) {
    ASSERT_TRUE(http_.RunUntil([&] { return each->has_value(); }));
    EXPECT_TRUE((*each)->has_value());
  }
  EXPECT_EQ(Refusal("Bearer a.b.5"), std::nullopt);
}

}  // namespace
}  // namespace strata::kube::activator
