#include "manager/cells/known_functions.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

cell::Function Of(const std::string& name, std::uint32_t revision = 1) {
  cell::Function function;
  function.tenant = "shop";
  function.name = name;
  function.revision = revision;
  function.limits.timeout = seconds(60);
  return function;
}

class KnownFunctionsTest : public ::testing::Test {
 protected:
  // The cell switches to these; which generation that is.
  std::uint32_t Serve(std::vector<cell::Function> functions) {
    known_.Tell(++generation_, std::move(functions));
    known_.Switched(generation_, clock_.Now());
    return generation_;
  }
  // "name@revision", or "" of what is not known.
  std::string At(std::uint32_t generation, std::uint32_t index) const {
    const cell::Function* found = known_.Find(generation, index);
    return found == nullptr ? "" : found->name + "@" + std::to_string(found->revision);
  }

  ManualClock clock_;
  KnownFunctions known_;
  std::uint32_t generation_ = 0;
};

TEST_F(KnownFunctionsTest, AFunctionIsKnownByItsPlaceInEachList) {
  const std::uint32_t first = Serve({Of("a"), Of("b")});
  const std::uint32_t second = Serve({Of("x"), Of("a"), Of("b")});
  EXPECT_EQ(At(first, 1), "b@1");
  EXPECT_EQ(At(second, 1), "a@1");
  EXPECT_EQ(At(second, 3), "");
  EXPECT_EQ(At(second + 1, 0), "");
}

TEST_F(KnownFunctionsTest, NothingIsKnownBeforeTheFirstList) {
  known_.Made("sb", 0);
  EXPECT_EQ(At(0, 0), "");
}

TEST_F(KnownFunctionsTest, AListIsKnownWhileItsCallsMayRunHoweverManyFollow) {
  const std::uint32_t first = Serve({Of("a"), Of("slow")});
  for (std::uint32_t i = 0; i < 1000; ++i) Serve({Of("a", i)});
  clock_.Advance(seconds(120) + KnownFunctions::kLate);  // a call, and a copy of it
  Serve({Of("b")});
  EXPECT_EQ(At(first, 1), "slow@1");
  clock_.Advance(seconds(1));
  Serve({Of("c")});
  EXPECT_EQ(At(first, 1), "");
}

TEST_F(KnownFunctionsTest, TheTimeOfAListBeginsWhenAnotherIsServed) {
  const std::uint32_t first = Serve({Of("a")});
  clock_.Advance(minutes(60));
  Serve({Of("b")});
  EXPECT_EQ(At(first, 0), "a@1");
  known_.Tell(++generation_, {Of("c")});  // which it refuses
  clock_.Advance(minutes(60));
  EXPECT_EQ(At(generation_ - 1, 0), "b@1");
  Serve({Of("d")});
  EXPECT_EQ(At(first, 0), "");
  EXPECT_EQ(At(generation_ - 2, 0), "b@1") << "it served it until now";
  EXPECT_EQ(At(generation_ - 1, 0), "") << "it never served it";
}

TEST_F(KnownFunctionsTest, MoreListsThanMayBeAreForgottenFromTheOldestOn) {
  const std::uint32_t first = Serve({Of("a")});
  for (std::size_t i = 0; i < KnownFunctions::kMost; ++i) Serve({Of("b")});
  EXPECT_EQ(At(first, 0), "");
  EXPECT_EQ(At(first + 1, 0), "b@1");
  EXPECT_EQ(At(generation_, 0), "b@1");
}

TEST_F(KnownFunctionsTest, TheFunctionOfASandboxIsKnownAsLongAsThatLives) {
  Serve({Of("a")});
  known_.Made("one", 0);
  known_.Made("two", 0);
  // It stands elsewhere by and by, and last here.
  const std::uint32_t last = Serve({Of("x"), Of("a")});
  for (std::uint32_t i = 2; i < 20; ++i) {
    clock_.Advance(minutes(60));
    Serve({Of("a", i)});
  }
  EXPECT_EQ(At(last, 1), "a@1");
  EXPECT_EQ(At(last, 0), "") << "nobody runs that";
  known_.Gone("one");
  Serve({Of("b")});
  EXPECT_EQ(At(last, 1), "a@1");
  known_.Gone("two");
  Serve({Of("c")});
  EXPECT_EQ(At(last, 1), "");
}

TEST_F(KnownFunctionsTest, AFunctionThatComesBackIsAnotherOne) {
  const std::uint32_t first = Serve({Of("a")});
  known_.Made("sb", 0);
  Serve({});
  clock_.Advance(minutes(60));
  const std::uint32_t again = Serve({Of("x"), Of("a")});
  clock_.Advance(minutes(60));
  Serve({});
  clock_.Advance(minutes(60));
  Serve({});
  EXPECT_EQ(At(first, 0), "a@1") << "the sandbox's, which the cell has not moved";
  EXPECT_EQ(At(again, 1), "");
}

}  // namespace
}  // namespace strata::manager
