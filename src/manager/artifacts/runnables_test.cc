#include "manager/artifacts/runnables.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "manager/cells/connector.h"
#include "manager/opened.h"
#include "sandbox/testing/call_fixture.h"
#include "store/mac_key.h"
#include "store/testing.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Forms of class container whose images are not here, and no keeper: all that can be said without a
// process of another program.
class RunnablesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = StateDir::Open(home_ / "home");
    ASSERT_TRUE(dir.has_value()) << dir.error().message;
    auto store = store::Store::Open(dir->state().string(), clock_, random_);
    auto key = store::LoadOrCreateMacKey(dir->keys().string(), random_);
    auto journal = host::Journal::Open(dir->state() / "journal");
    auto content = artifact::ContentStore::Open(dir->content().string());
    ASSERT_TRUE(store && key && journal && content);
    auto cache = artifact::CodeCache::Open(dir->cache().string(), *key, {});
    auto images = artifact::ImageStore::Open({.directory = dir->images(), .unpacker = ""});
    ASSERT_TRUE(cache && images);
    parts_ = std::make_unique<Parts>(
        *this, Opened{*std::move(dir), *std::move(store), *std::move(journal), *std::move(content),
                      *std::move(cache), *std::move(images)});
  }

  // Everything that Runnables is made with.
  struct Parts {
    Parts(RunnablesTest& test, Opened from)
        : opened(std::move(from)),
          instance(opened.store->instance_id()),
          context{test.loop_, test.clock_,    test.options_, opened.dir,
                  instance,   opened.journal, test.log_},
          connector(test.loop_),
          egress(connector, registry),
          accounts(*opened.store, test.clock_, registry, test.log_, Accounts::Metering::kOff),
          compiler(test.loop_, test.options_, instance, opened.cache, opened.dir.state(),
                   test.log_),
          volumes(context, *opened.store),
          keepers(
              context, egress, accounts, [](const std::string&) {},
              [](const std::string&, const keeper::Printed&) {},
              [](const store::UsageKey&, std::chrono::nanoseconds, Bytes) {},
              [](const std::string&, const keeper::Scaled&) {},
              [](const std::string&, const keeper::Pooled&) {}),
          runnables({test.loop_, test.options_, test.log_, *opened.store, opened.content,
                     opened.images, compiler, volumes, keepers}) {}

    Opened opened;
    std::string instance;
    CellContext context;
    telemetry::Registry registry;
    Connector connector;
    KeeperEgress egress;
    Accounts accounts;
    CompileService compiler;
    Volumes volumes;
    Keepers keepers;
    Runnables runnables;
  };

  Form Deploy(const std::string& name) {
    store::NewResource wanted = store::FunctionOf(name, "/" + name);
    wanted.placement = model::Placement{.sandbox_class = model::Class::kContainer};
    auto applied = parts_->opened.store->Apply(std::span(&wanted, 1), store::DryRun::kNo);
    EXPECT_TRUE(applied.has_value()) << applied.error().message;
    auto revisions = parts_->opened.store->Revisions("shop", name);
    EXPECT_TRUE(revisions.has_value());
    return {revisions->front(), {}};
  }

  Runnables& runnables() { return parts_->runnables; }

  std::vector<Runnable> Of(std::vector<Form> forms) {
    auto made = sandbox::testing::CallFixture::RunTask(loop_, runnables().Of(std::move(forms)));
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made ? *std::move(made) : std::vector<Runnable>();
  }
  void MakeReady(std::vector<Form> forms) {
    const auto made =
        sandbox::testing::CallFixture::RunTask(loop_, runnables().MakeReady(std::move(forms)));
    EXPECT_TRUE(made.has_value()) << made.error().message;
  }

  Loop loop_;
  const testing::TempDir home_;
  ManualClock clock_;
  SeededRandom random_{1};
  Options options_;
  std::vector<std::string> lines_;
  telemetry::Logger log_ = telemetry::Logger::To(
      [this](telemetry::Level, std::string_view line) { lines_.emplace_back(line); },
      telemetry::Level::kInfo, telemetry::Format::kText, clock_);
  std::unique_ptr<Parts> parts_;
};

TEST_F(RunnablesTest, WhatNoKeeperHasIsServedByALineOfNothingUntilItWasTried) {
  const Form form = Deploy("f");
  const std::vector<Runnable> ready = Of({form});
  ASSERT_THAT(ready, SizeIs(1)) << "its calls are told to come again";
  EXPECT_TRUE(ready[0].module.ends_with("@")) << ready[0].module;
  EXPECT_THAT(runnables().lacking(), ElementsAre("shop"));
  EXPECT_THAT(runnables().untried(), ElementsAre("shop"));
  const Json missing = runnables().NotServed("shop", "f");
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0]["because"], "it is being made ready");
  EXPECT_EQ(missing[0]["class"], "container");
  EXPECT_EQ(missing[0]["tried_again"], true);
  EXPECT_TRUE(runnables().NotServed("shop", "g").is_null());
  EXPECT_TRUE(runnables().NotServed("park", "f").is_null());
}

TEST_F(RunnablesTest, WhatCannotBeHadIsLeftOutAndSaidOnce) {
  const Form form = Deploy("f");
  Of({form});
  MakeReady({form});
  EXPECT_THAT(Of({form}), IsEmpty());
  EXPECT_THAT(runnables().lacking(), ElementsAre("shop")) << "it is tried again";
  EXPECT_THAT(runnables().untried(), IsEmpty()) << "in its own time";
  MakeReady({form});
  EXPECT_THAT(Of({form}), IsEmpty());
  const Json missing = runnables().NotServed("shop", "f");
  ASSERT_EQ(missing.size(), 1U) << missing;
  EXPECT_THAT(missing[0]["because"].get<std::string>(), HasSubstr("image of shop/f@1"));
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("not served, and tried again until it is"));
}

TEST_F(RunnablesTest, WhatIsLostBesideItWaitsForNoOne) {
  const Form form = Deploy("f");
  Of({form});
  MakeReady({form});
  Of({form});
  const Form other = Deploy("g");
  EXPECT_THAT(Of({form, other}), SizeIs(1));
  EXPECT_THAT(runnables().untried(), ElementsAre("shop")) << "nobody has tried the other";
  MakeReady({form, other});
  EXPECT_THAT(Of({form, other}), IsEmpty());
  EXPECT_THAT(runnables().untried(), IsEmpty());
  EXPECT_THAT(lines_, SizeIs(2)) << "one for each";
}

TEST_F(RunnablesTest, TheImagesOfAllFormsAreKept) {
  const Form form = Deploy("f");
  Of({form});
  EXPECT_THAT(runnables().images(),
              ElementsAre(Keepers::Image{"shop", model::Class::kContainer, store::DigestOf('a')}));
  Of({});
  EXPECT_THAT(runnables().images(), IsEmpty());
  EXPECT_THAT(runnables().lacking(), IsEmpty());
}

}  // namespace
}  // namespace strata::manager
