// Which runtime is taken where one is slow: real ones, one of them held up.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sandbox/container/driver.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/testing/root.h"

namespace strata::sandbox::oci {
namespace {

class RuntimeChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = root_.Missing(); !missing.empty()) GTEST_SKIP() << missing;
    config_ = root_.config();
  }

  // The runtime that works here.
  [[nodiscard]] RuntimeChoice Quick() const {
    return {.name = "quick", .program = config_.runtime, .arguments = config_.runtime_arguments};
  }
  // The same, that many seconds later.
  [[nodiscard]] RuntimeChoice After(const std::string& seconds) const {
    RuntimeChoice choice = Quick();
    choice.name = "slow";
    choice.program = STRATA_SLOW_RUNTIME;
    choice.arguments.insert(choice.arguments.begin(),
                            {"--wait=" + seconds, "--then=" + config_.runtime.string()});
    return choice;
  }
  static RuntimeChoice Broken() {
    return {.name = "broken", .program = STRATA_SLOW_RUNTIME, .arguments = {}};
  }

  const testing::GuestRoot root_{container::ChooseRuntime};
  Config config_;
};

TEST_F(RuntimeChoiceTest, OneThatIsSlowIsTakenOnlyIfNoneIsFaster) {
  const std::vector<RuntimeChoice> both = {After("3"), Quick()};
  auto found = FirstThatWorks(config_, both);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->engine, "quick");

  const std::vector<RuntimeChoice> slow = {After("3"), Broken()};
  found = FirstThatWorks(config_, slow);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->engine, "slow");
}

TEST_F(RuntimeChoiceTest, OneThatHangsCostsNoOther) {
  const std::vector<RuntimeChoice> choices = {After("1000"), Quick()};
  const auto found = FirstThatWorks(config_, choices);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->engine, "quick");
}

TEST_F(RuntimeChoiceTest, WhereNoneWorksEachSaysWhy) {
  RuntimeChoice absent = Broken();
  absent.program = "/nonexistent/runtime";
  const std::vector<RuntimeChoice> choices = {absent, Broken(), absent};
  auto found = FirstThatWorks(config_, choices);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kUnsupported);
  EXPECT_NE(found.error().message.find("broken: "), std::string::npos) << found.error().message;

  found = FirstThatWorks(config_, {&absent, 1});
  ASSERT_FALSE(found.has_value());
  EXPECT_NE(found.error().message.find("/nonexistent/runtime"), std::string::npos)
      << found.error().message;
}

}  // namespace
}  // namespace strata::sandbox::oci
