// Without a cell, so that all that is left to be told is the store.
#include "manager/cells/sandbox_ends.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/cells/together.h"
#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class SandboxEndsTest : public PartsFixture {
 protected:
  void SetUp() override {
    PartsFixture::SetUp();
    ends_ = std::make_unique<SandboxEnds>(loop_, store(), parts_->fleet, sandboxes_);
  }

  store::Store& store() { return *parts_->opened.store; }

  // Ids of `count` sandboxes that there are now.
  std::vector<std::string> Make(const std::string& name, int count) {
    std::vector<std::string> ids;
    std::vector<store::SandboxRecord> records;
    for (int i = 0; i < count; ++i) {
      ids.push_back(name + std::to_string(i));
      records.push_back({.id = ids.back(),
                         .tenant = "shop",
                         .function = "",
                         .artifact_digest = store::DigestOf('a'),
                         .workload = {},
                         .created = {}});
      records.back().workload.artifact = "/f.wasm";
      sandboxes_.emplace(ids.back(), records.back());
    }
    EXPECT_TRUE(store().PutSandboxes(records).has_value());
    return ids;
  }

  // What became of each, all asked for in the same round of the loop.
  std::vector<Result<void>> EndTogether(const std::vector<std::string>& ids) {
    std::vector<Result<void>> ended(ids.size());
    std::vector<Task<void>> all;
    for (std::size_t i = 0; i < ids.size(); ++i) all.push_back(EndOne(ids[i], ended[i]));
    EXPECT_TRUE(Run(Together(loop_, std::move(all))).has_value());
    return ended;
  }
  Task<void> EndOne(std::string id, Result<void>& ended) {
    ended = co_await ends_->End(id);
    co_return Result<void>{};
  }

  // Of the log that every commit adds to.
  std::uintmax_t Written() {
    return std::filesystem::file_size(parts_->opened.dir.state() / "state.db-wal");
  }

  SandboxEnds::Sandboxes sandboxes_;
  std::unique_ptr<SandboxEnds> ends_;
};

TEST_F(SandboxEndsTest, ThoseThatEndAtOnceShareACommit) {
  const auto alone = Make("alone-", 16);
  const auto together = Make("together-", 16);
  const auto before = Written();
  for (const std::string& id : alone) EXPECT_TRUE(Run(ends_->End(id)).has_value());
  const auto one_by_one = Written() - before;
  for (const auto& ended : EndTogether(together)) EXPECT_TRUE(ended.has_value());
  const auto at_once = Written() - before - one_by_one;
  EXPECT_LT(4 * at_once, one_by_one);
  EXPECT_THAT(*store().Sandboxes(), IsEmpty());
  EXPECT_THAT(sandboxes_, IsEmpty());
}

TEST_F(SandboxEndsTest, OfTwoWhoEndTheSameOneTheSecondFindsNothing) {
  const auto ids = Make("one-", 1);
  const auto ended = EndTogether({ids[0], ids[0], "nobody"});
  EXPECT_TRUE(ended[0].has_value());
  for (const std::size_t i : {1, 2}) {
    ASSERT_FALSE(ended[i].has_value());
    EXPECT_EQ(ended[i].error().code, Errc::kNotFound);
  }
}

TEST_F(SandboxEndsTest, WhatIsNotAskedToEndStays) {
  const auto ids = Make("two-", 2);
  EXPECT_TRUE(Run(ends_->End(ids[0])).has_value());
  const auto left = store().Sandboxes();
  ASSERT_TRUE(left.has_value()) << left.error().message;
  ASSERT_THAT(*left, SizeIs(1));
  EXPECT_EQ(left->front().id, ids[1]);
  EXPECT_TRUE(sandboxes_.contains(ids[1]));
  EXPECT_TRUE(Run(ends_->End(ids[1])).has_value()) << "one after the other, too";
}

}  // namespace
}  // namespace strata::manager
