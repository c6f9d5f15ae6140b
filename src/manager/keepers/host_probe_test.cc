// With a shell script as the program, which counts how often it is asked.
#include "manager/keepers/host_probe.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using model::Class;
using scheduler::ClassSet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostProbeTest : public PartsFixture {
 protected:
  void SetUp() override {
    PartsFixture::SetUp();
    const std::filesystem::path program = home_ / "keeper";
    const std::string folder = home_.path().string();
    std::ofstream(program) << "#!/bin/sh\necho >>" + folder + "/runs\nwhile [ -e " + folder +
                                  "/busy ]; do sleep 0.01; done\nexec cat " + folder + "/answer\n";
    std::filesystem::permissions(program, std::filesystem::perms{0755});
    options_.keeper_program = program;
    probe_.emplace(parts_->context);
  }

  // What the program answers from now on.
  void Has(bool appkernel) {
    const Json container = {{"name", "class-container"}, {"available", true}, {"detail", "ran"}};
    const Json other = {{"name", "class-appkernel"},
                        {"available", appkernel},
                        {"detail", "appkernel: none is installed"}};
    std::ofstream(home_ / "answer") << DumpJson({{"checks", {container, other}}});
  }
  void Breaks() { std::filesystem::remove(home_ / "answer"); }

  std::ptrdiff_t runs() {
    std::ifstream counted(home_ / "runs");
    return std::count(std::istreambuf_iterator<char>(counted), {}, '\n');
  }

  // Why appkernel is lacking, by the answer for who wants `wanted`.
  std::optional<std::string> Lacking(ClassSet wanted) {
    const auto found = Run(probe_->Found(wanted));
    EXPECT_TRUE(found.has_value());
    return found ? WhyLacking(*found, Class::kAppkernel) : std::nullopt;
  }

  template <typename IsDone>
  void Await(IsDone done) {
    for (int i = 0; i < 5000 && !done(); ++i) (void)Run(AMoment());
    ASSERT_TRUE(done());
  }

  std::optional<HostProbe> probe_;
};

TEST_F(HostProbeTest, AClassThatWasMissingIsFoundAMinuteLater) {
  Has(false);
  EXPECT_FALSE(probe_->known());
  EXPECT_EQ(Lacking({Class::kAppkernel}), "none is installed");
  EXPECT_TRUE(probe_->known());
  Has(true);
  clock_.Advance(HostProbe::kAskAgain);
  EXPECT_EQ(Lacking({Class::kAppkernel}), "none is installed");
  EXPECT_EQ(runs(), 1);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Lacking({Class::kAppkernel}), std::nullopt);
  EXPECT_EQ(runs(), 2);
}

TEST_F(HostProbeTest, OnlyWhatLacksWhatIsWantedIsAskedForAgain) {
  Has(false);
  EXPECT_EQ(Lacking({Class::kContainer}), "none is installed");
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Lacking({Class::kContainer}), "none is installed");
  EXPECT_EQ(runs(), 1);
  Has(true);
  EXPECT_EQ(Lacking(ClassSet::All()), std::nullopt);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Lacking(ClassSet::All()), std::nullopt);
  EXPECT_EQ(runs(), 2);
}

TEST_F(HostProbeTest, AnOldAnswerStandsWhereAskingAgainFails) {
  Has(false);
  (void)Lacking(ClassSet::All());
  Breaks();
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Lacking(ClassSet::All()), "none is installed");
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("is not found out again")));
  EXPECT_EQ(Lacking(ClassSet::All()), "none is installed");
  EXPECT_EQ(runs(), 2) << "the one that failed is not repeated at once";
}

TEST_F(HostProbeTest, WithoutAnAnswerAFailureIsOne) {
  const auto found = Run(probe_->Found(ClassSet::All()));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kUnavailable);
  EXPECT_FALSE(probe_->known());
  Has(true);
  EXPECT_EQ(Lacking(ClassSet::All()), std::nullopt);
}

TEST_F(HostProbeTest, WhomTheOldAnswerDoesForWaitsForNoNewOne) {
  Has(false);
  (void)Lacking(ClassSet::All());
  Has(true);
  clock_.Advance(std::chrono::hours(1));
  std::ofstream(home_ / "busy").close();
  std::optional<Result<Json>> renewed;
  Spawn(loop_, [](HostProbe& probe, std::optional<Result<Json>>& to) -> Awaitable<void> {
    const auto all = ClassSet::All();
    auto found = co_await probe.Found(all);
    to.emplace(std::move(found));
  }(*probe_, renewed));
  Await([this] { return runs() == 2; });
  EXPECT_EQ(Lacking({Class::kContainer}), "none is installed");
  EXPECT_FALSE(renewed.has_value());
  std::filesystem::remove(home_ / "busy");
  Await([&] { return renewed.has_value(); });
  ASSERT_TRUE(renewed->has_value());
  EXPECT_EQ(WhyLacking(**renewed, Class::kAppkernel), std::nullopt);
}

}  // namespace
}  // namespace strata::manager
