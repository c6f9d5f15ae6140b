// manager/testing/parts_fixture.h - for tests: the parts of a manager that need no other program,
// over a STRATA_HOME of the test's own.
//
//   PartsFixture: state on disk, Keepers, Fleet, Runnables <--wire--> FakeKeeper (fake_keeper.h)
//
// Threads: one loop, which Run drives until the task has ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/pause.h"
#include "base/testing/temp_dir.h"
#include "manager/artifacts/runnables.h"
#include "manager/cells/connector.h"
#include "manager/cells/fleet.h"
#include "manager/opened.h"
#include "sandbox/testing/call_fixture.h"
#include "store/mac_key.h"
#include "store/testing.h"

namespace strata::manager {

class PartsFixture : public ::testing::Test {
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

  struct Parts {
    Parts(PartsFixture& test, Opened from)
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
              context, egress, accounts,
              [&test](const std::string& tenant) { test.lost_.push_back(tenant); },
              [](const std::string&, const keeper::Printed&) {},
              [](const store::UsageKey&, std::chrono::nanoseconds, Bytes, std::uint32_t) {},
              [](const std::string&, const keeper::Scaled&) {},
              [](const std::string&, const keeper::Pooled&) {}),
          fleet(
              context, connector,
              [](const std::string& key) { return Fail(Errc::kNotFound, "no code " + key); },
              [](const std::string&, const std::string&) {},
              [](const std::shared_ptr<CellProcess>&) {}),
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
    Fleet fleet;
    Runnables runnables;
  };

  // A form of class container whose image is not here.
  Form Deploy(const std::string& name) {
    store::NewResource wanted = store::FunctionOf(name, "/" + name);
    wanted.placement = model::Placement{.sandbox_class = model::Class::kContainer};
    auto applied = parts_->opened.store->Apply(std::span(&wanted, 1), store::DryRun::kNo);
    EXPECT_TRUE(applied.has_value()) << applied.error().message;
    auto revisions = parts_->opened.store->Revisions("shop", name);
    EXPECT_TRUE(revisions.has_value());
    return {revisions->front(), {}};
  }

  template <typename T>
  Result<T> Run(Task<T> task) {
    return sandbox::testing::CallFixture::RunTask(loop_, std::move(task));
  }

  // For what goes on by itself.
  Task<void> AMoment() {
    co_await Pause(loop_, std::chrono::milliseconds(1));
    co_return Result<void>{};
  }

  Loop loop_;
  const testing::TempDir home_;
  ManualClock clock_;
  SeededRandom random_{1};
  Options options_;
  std::vector<std::string> lines_;  // of the log
  std::vector<std::string> lost_;   // tenants whose keeper lost something
  telemetry::Logger log_ = telemetry::Logger::To(
      [this](telemetry::Level, std::string_view line) { lines_.emplace_back(line); },
      telemetry::Level::kInfo, telemetry::Format::kText, clock_);
  std::unique_ptr<Parts> parts_;
};

}  // namespace strata::manager
