#include "cell/former_lists.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "route/test_support.h"

namespace strata::cell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FormerListsTest : public ::testing::Test {
 protected:
  // The cell switches to functions of these names.
  void Serve(const std::vector<std::string>& names) {
    route::PlanSpec spec;
    spec.generation = ++generation_;
    for (const std::string& name : names) {
      route::FunctionSpec function;
      function.tenant = "shop";
      function.name = name;
      spec.functions.push_back(std::move(function));
    }
    auto plan = route::Plan::Build(std::move(spec), plan_.get(), ports_);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    const auto replaced = std::exchange(plan_, *std::move(plan));
    former_.Replaced(replaced, ring_);
  }

  // What the next manager knows: "generation: name name ...", from the oldest on.
  std::vector<std::string> Told() const {
    const Former former = former_.Tell(*plan_);
    std::vector<std::string> names;
    for (const auto& function : plan_->functions()) names.push_back(function->spec().name);
    for (const Served& gone : former.functions) names.push_back(gone.name);
    std::vector<std::string> lists;
    for (const FormerList& list : former.lists) {
      std::string told = std::to_string(list.generation) + ":";
      for (const std::uint32_t place : list.places) told += " " + names.at(place);
      lists.push_back(std::move(told));
    }
    return lists;
  }

  Loop loop_;
  route::TestPorts test_ports_{loop_};
  SeededRandom random_{1};
  route::Ports ports_{loop_,       test_ports_.clock, random_,     test_ports_, test_ports_,
                      test_ports_, test_ports_,       test_ports_, "test"};
  std::shared_ptr<const route::Plan> plan_;
  RingExtent ring_;
  std::uint32_t generation_ = 0;
  FormerLists former_;
};

TEST_F(FormerListsTest, AListIsToldUntilItsRecordsAreFreed) {
  Serve({"a", "b"});
  EXPECT_THAT(Told(), IsEmpty()) << "nothing was served before";
  ring_.written = 100;
  Serve({"x", "a"});
  EXPECT_THAT(Told(), ElementsAre("1: a b"));
  ring_ = {.freed = 100, .written = 200};  // the last call of the first one ended before 200
  Serve({"a"});
  EXPECT_THAT(Told(), ElementsAre("1: a b", "2: x a"));
  ring_ = {.freed = 199, .written = 300};
  Serve({"a"});
  EXPECT_THAT(Told(), ElementsAre("1: a b", "2: x a", "3: a"));
  ring_.freed = 200;
  Serve({"a"});
  EXPECT_THAT(Told(), ElementsAre("2: x a", "3: a", "4: a"));
}

TEST_F(FormerListsTest, ACallThatStillRunsHoldsItsList) {
  Serve({"slow"});
  auto of_the_call = plan_;
  Serve({"a"});
  ring_ = {.freed = 1000, .written = 1000};
  Serve({"a"});
  Serve({"a"});
  EXPECT_THAT(Told().front(), "1: slow");
  of_the_call.reset();
  Serve({"a"});
  EXPECT_THAT(Told(), ElementsAre("4: a"));
}

TEST_F(FormerListsTest, SoDoesASandboxOfAFunctionThatLeftWithIt) {
  Serve({"a"});
  auto of_the_sandbox = plan_->functions().front();
  Serve({"x", "a"});  // where it stands last
  Serve({"b"});
  ring_ = {.freed = 1000, .written = 1000};
  Serve({"b"});
  EXPECT_THAT(Told(), ElementsAre("2: x a", "3: b"));
  of_the_sandbox.reset();
  Serve({"b"});
  EXPECT_THAT(Told(), ElementsAre("4: b"));
}

TEST_F(FormerListsTest, OfTooManyPlacesTheOldestListsAreForgotten) {
  former_ = FormerLists(5);
  ring_.written = 1;  // the manager is slow
  for (int i = 0; i < 5; ++i) Serve({"a", "b"});
  EXPECT_THAT(Told(), ElementsAre("3: a b", "4: a b"));
}

TEST_F(FormerListsTest, NoMoreFunctionsAreToldThanAFrameHolds) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMostFormerFunctions; ++i) names.push_back(std::to_string(i));
  Serve({"before"});
  Serve(names);
  Serve({"now"});
  const Former former = former_.Tell(*plan_);
  ASSERT_EQ(former.lists.size(), 1U);
  EXPECT_EQ(former.lists.front().generation, 2U);
  EXPECT_EQ(former.functions.size(), kMostFormerFunctions);
}

}  // namespace
}  // namespace strata::cell
