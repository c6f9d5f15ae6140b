#include "sandbox/fake/driver.h"

#include <gtest/gtest.h>

#include "sandbox/testing/call_fixture.h"

// What every driver promises is in tests/contract; here is only what is the fake's own.
namespace strata::sandbox::fake {
namespace {

using testing::CallFixture;

class FakeDriverTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sandbox> Make(std::string_view script) {
    auto artifact = FakeDriver::Artifact(script);
    auto image = driver.Prepare(std::move(artifact).value());
    EXPECT_TRUE(image.has_value()) << image.error().message;
    return std::move((*image)->Create(Spec{.id = "box"})).value();
  }

  Loop loop;
  ManualClock clock;
  FakeDriver driver{loop, clock};
};

TEST_F(FakeDriverTest, AnswersWithAScriptedHeadAndBody) {
  auto sandbox = Make(R"({"do":"answer","status":404,"body":"no","headers":{"x-a":"b"}})");
  CallFixture fixture(loop, clock);
  auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, model::ExitReason::kReturned);
  EXPECT_EQ(fixture.sink.status(), 404);
  EXPECT_EQ(fixture.sink.header("x-a"), "b");
  EXPECT_EQ(fixture.sink.text(), "no");
}

TEST_F(FakeDriverTest, ADelayPassesOnTheInjectedClock) {
  auto sandbox = Make(R"({"do":"hello","delay_ms":5000})");
  CallFixture fixture(loop, clock);
  testing::After(loop, std::chrono::milliseconds(1),
                 [&] { clock.Advance(std::chrono::seconds(5)); });
  auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->usage.wall, std::chrono::seconds(5));
}

TEST_F(FakeDriverTest, CountsWhatWasAskedOfIt) {
  auto sandbox = Make(R"({"do":"hello"})");
  EXPECT_EQ(driver.metrics().sandboxes_live, 1U);
  sandbox->Stop();
  sandbox.reset();
  EXPECT_EQ(driver.metrics().sandboxes_live, 0U);
  EXPECT_EQ(driver.metrics().sandboxes, 1U);
  EXPECT_EQ(driver.metrics().stops, 1U);
}

struct BadScript {
  const char* label;
  const char* text;
};
class FakeDriverBadScriptTest : public FakeDriverTest,
                                public ::testing::WithParamInterface<BadScript> {};

TEST_P(FakeDriverBadScriptTest, IsAnInvalidArgument) {
  auto artifact = FakeDriver::Artifact(GetParam().text);
  auto image = driver.Prepare(std::move(artifact).value());
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Scripts, FakeDriverBadScriptTest,
                         ::testing::Values(BadScript{"Empty", ""}, BadScript{"NoJson", "do: echo"},
                                           BadScript{"NoAction", "{}"},
                                           BadScript{"UnknownAction", R"({"do":"dance"})"},
                                           BadScript{"UnknownField", R"({"do":"echo","x":1})"},
                                           BadScript{"WrongType", R"({"do":"echo","bytes":"1"})"}),
                         [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::sandbox::fake
