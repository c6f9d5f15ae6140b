#include "store/store.h"

#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/testing.h"

namespace strata::store {
namespace {

namespace fs = std::filesystem;
using model::Kind;
using model::ResourceKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    auto store = Store::Open(folder_.path(), clock_, random_);
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
  }

  std::vector<Applied> Apply(std::vector<NewResource> resources) {
    auto applied = store_->Apply(resources);
    if (applied) return *applied;
    ADD_FAILURE() << applied.error().message;
    return {};
  }

  Error ApplyError(std::vector<NewResource> resources) {
    auto applied = store_->Apply(resources);
    EXPECT_FALSE(applied);
    return applied ? Error{} : applied.error();
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto resources = store_->List();
    for (const StoredResource& stored : *resources) {
      names.push_back(stored.resource.key().ToString());
    }
    return names;
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, ANewStoreIsEmptyAndPrivate) {
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_EQ(*store_->ResourceVersion(), 0U);
  EXPECT_THAT(*store_->ChangesSince(0), IsEmpty());
  EXPECT_THAT(store_->instance_id(), SizeIs(32));
  for (const char* name : {"state.db", "state.db-wal"}) {
    struct stat status = {};
    ASSERT_EQ(::stat((folder_ / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(StoreTest, TheInstanceIdSurvivesAReopen) {
  const std::string before = store_->instance_id();
  Reopen();
  EXPECT_EQ(store_->instance_id(), before);
}

TEST_F(StoreTest, WhatWasAppliedIsThereAfterAReopen) {
  const auto applied = Apply({FunctionOf("f", "/a"), RouteOf("r", "/b", {{"f", 3}})});
  ASSERT_THAT(applied, SizeIs(2));
  Reopen();
  const auto stored = store_->Get({"shop", Kind::kFunction, "f"});
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->resource, FunctionOf("f", "/a").resource);
  EXPECT_EQ(stored->resource_version, 1U);
  EXPECT_EQ(stored->generation, 1U);
  EXPECT_EQ(stored->revision, 1U);
  EXPECT_EQ(stored->created, clock_.WallNow());
  const auto routes = store_->Routes();
  ASSERT_TRUE(routes);
  ASSERT_THAT(*routes, SizeIs(2));
  EXPECT_EQ((*routes)[0].path, "/a");
  EXPECT_THAT((*routes)[1].backends, ElementsAre(model::Backend{"f", 3}));
  EXPECT_EQ((*routes)[1].owner, (ResourceKey{"shop", Kind::kRoute, "r"}));
}

TEST_F(StoreTest, ListsInOrderAndByFilter) {
  Apply({RouteOf("a", "/r", {{"f", 1}}), ServiceOf("s"), FunctionOf("g", "/g"),
         FunctionOf("f", "/f"), FunctionOf("x", "", "blog")});
  EXPECT_THAT(Names(), ElementsAre("Function blog/x", "Function shop/f", "Function shop/g",
                                   "Service shop/s", "Route shop/a"));
  EXPECT_THAT(*store_->List({.tenant = "blog"}), SizeIs(1));
  EXPECT_THAT(*store_->List({.kind = Kind::kFunction, .tenant = "shop"}), SizeIs(2));
}

TEST_F(StoreTest, ApplyingTheSameAgainChangesNothing) {
  Apply({FunctionOf("f", "/a")});
  const auto again = Apply({FunctionOf("f", "/a")});
  EXPECT_EQ(again[0].outcome, Outcome::kUnchanged);
  EXPECT_FALSE(again[0].new_revision);
  EXPECT_EQ(again[0].resource.resource_version, 1U);
  EXPECT_EQ(*store_->ResourceVersion(), 1U);
}

TEST_F(StoreTest, AChangedWorkloadOrArtifactMakesARevision) {
  Apply({FunctionOf("f", "/a")});
  NewResource changed = FunctionOf("f", "/a");
  std::get<model::FunctionSpec>(changed.resource.spec).workload.env["A"] = "1";
  const auto second = Apply({changed});
  ASSERT_TRUE(second[0].new_revision);
  EXPECT_EQ(second[0].new_revision->number, 2U);
  EXPECT_EQ(second[0].resource.generation, 2U);
  changed.artifact_digest = DigestOf('b');
  const auto third = Apply({changed});
  EXPECT_EQ(third[0].outcome, Outcome::kConfigured);
  EXPECT_EQ(third[0].new_revision->number, 3U);
  EXPECT_EQ(third[0].resource.generation, 2U) << "the spec did not change";
  const auto revisions = store_->Revisions("shop", "f");
  ASSERT_THAT(*revisions, SizeIs(3));
  EXPECT_EQ((*revisions)[0], *third[0].new_revision);
  EXPECT_THAT(*store_->CurrentRevisions(), ElementsAre(*third[0].new_revision));
}

TEST_F(StoreTest, TheCurrentRevisionsOfOneTenantCanBeAskedFor) {
  Apply({FunctionOf("f", "/a")});
  const auto second = Apply({FunctionOf("f", "/a", "shop", 'b')});
  const auto other = Apply({FunctionOf("f", "/b", "park")});
  EXPECT_THAT(*store_->CurrentRevisions("shop"), ElementsAre(*second[0].new_revision));
  EXPECT_THAT(*store_->CurrentRevisions("park"), ElementsAre(*other[0].new_revision));
  EXPECT_THAT(*store_->CurrentRevisions("nobody"), IsEmpty());
  EXPECT_THAT(*store_->CurrentRevisions(), SizeIs(2));
}

TEST_F(StoreTest, AChangeOfAVariantThatIsNotTakenMakesARevision) {
  NewResource wanted = FunctionOf("f", "/a");
  wanted.variants = {{model::VariantKind::kWasm, DigestOf('a')},
                     {model::VariantKind::kImage, DigestOf('b')}};
  Apply({wanted});
  EXPECT_EQ(Apply({wanted})[0].outcome, Outcome::kUnchanged);
  wanted.variants[1].digest = DigestOf('c');
  EXPECT_EQ(Apply({wanted})[0].outcome, Outcome::kConfigured);
  const auto revisions = store_->Revisions("shop", "f");
  ASSERT_THAT(*revisions, SizeIs(2));
  EXPECT_EQ((*revisions)[0].variants, wanted.variants);
  EXPECT_EQ(*store_->ArtifactsKept(), (std::set{DigestOf('a'), DigestOf('b'), DigestOf('c')}))
      << "of every revision that is kept, and every variant";
}

TEST_F(StoreTest, AChangedTriggerMakesNoRevision) {
  Apply({FunctionOf("f", "/a")});
  const auto moved = Apply({FunctionOf("f", "/b")});
  EXPECT_EQ(moved[0].outcome, Outcome::kConfigured);
  EXPECT_FALSE(moved[0].new_revision);
  EXPECT_EQ(moved[0].resource.revision, 1U);
  ASSERT_THAT(*store_->Routes(), SizeIs(1));
  EXPECT_EQ((*store_->Routes())[0].path, "/b");
}

TEST_F(StoreTest, ADryRunAnswersAndChangesNothing) {
  const std::vector<NewResource> resources = {FunctionOf("f", "/a")};
  const auto applied = store_->Apply(resources, DryRun::kYes);
  ASSERT_TRUE(applied);
  EXPECT_EQ((*applied)[0].outcome, Outcome::kCreated);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(*store_->Routes(), IsEmpty());
  EXPECT_EQ(Apply(resources)[0].resource.resource_version, 1U);
}

TEST_F(StoreTest, ARefusedBatchLeavesNothingBehind) {
  Apply({FunctionOf("f", "/a")});
  // The conflict is in the last resource: the first two must be undone.
  const Error error = ApplyError({FunctionOf("g", "/g"), ServiceOf("s"), FunctionOf("h", "/a")});
  EXPECT_EQ(error.code, Errc::kFailedPrecondition);
  EXPECT_THAT(error.message, HasSubstr("Function shop/h"));
  EXPECT_THAT(error.message, HasSubstr("already belongs to Function shop/f"));
  EXPECT_THAT(Names(), ElementsAre("Function shop/f"));
  EXPECT_THAT(*store_->Routes(), SizeIs(1));
  EXPECT_THAT(*store_->CurrentRevisions(), SizeIs(1));
  EXPECT_EQ(*store_->ResourceVersion(), 1U);
}

TEST_F(StoreTest, TwoResourcesOfOneBatchCanSwapTheirPaths) {
  Apply({FunctionOf("f", "/a"), FunctionOf("g", "/b")});
  Apply({FunctionOf("f", "/b"), FunctionOf("g", "/a")});
  const auto routes = store_->Routes();
  ASSERT_THAT(*routes, SizeIs(2));
  EXPECT_EQ((*routes)[0].owner.name, "g");
}

TEST_F(StoreTest, TenantsShareTheListenerButNoPlaceOnIt) {
  Apply({FunctionOf("f", "/a")});
  const Error error = ApplyError({FunctionOf("g", "/a", "blog")});
  EXPECT_EQ(error.code, Errc::kFailedPrecondition);
  EXPECT_THAT(error.message, HasSubstr("already belongs to Function shop/f"));
  Apply({FunctionOf("g", "/b", "blog")});
  EXPECT_THAT(*store_->Routes(), SizeIs(2));
}

TEST_F(StoreTest, AFunctionAndAServiceCannotShareAName) {
  Apply({FunctionOf("f", "/a")});
  EXPECT_THAT(ApplyError({ServiceOf("f")}).message, HasSubstr("shop/f cannot both exist"));
}

TEST_F(StoreTest, ARouteNeedsItsBackends) {
  EXPECT_EQ(ApplyError({RouteOf("r", "/a", {{"f", 1}})}).message,
            "Route shop/r leads to the Function or Service 'f', which would not exist: "
            "change or delete what leads there first");
  Apply({RouteOf("r", "/a", {{"f", 1}}), FunctionOf("f", "")});
  const std::vector<ResourceKey> function = {{"shop", Kind::kFunction, "f"}};
  const auto removed = store_->Delete(function);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(store_->Get(function[0]));
  const std::vector<ResourceKey> both = {function[0], {"shop", Kind::kRoute, "r"}};
  EXPECT_TRUE(store_->Delete(both));
}

TEST_F(StoreTest, RefusesAResourceTwiceAndAWorkloadWithoutADigest) {
  EXPECT_EQ(ApplyError({FunctionOf("f", ""), FunctionOf("f", "")}).code, Errc::kInvalidArgument);
  NewResource no_digest = FunctionOf("f", "");
  no_digest.artifact_digest.clear();
  EXPECT_EQ(ApplyError({no_digest}).code, Errc::kInvalidArgument);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StoreTest, DeleteTakesRoutesAndRevisionsAndIsAllOrNothing) {
  Apply({FunctionOf("f", "/a"), FunctionOf("g", "/b")});
  const std::vector<ResourceKey> with_missing = {{"shop", Kind::kFunction, "f"},
                                                 {"shop", Kind::kFunction, "x"}};
  EXPECT_EQ(store_->Delete(with_missing).error().code, Errc::kNotFound);
  EXPECT_THAT(Names(), SizeIs(2));
  const std::vector<ResourceKey> one = {with_missing[0]};
  const auto removed = store_->Delete(one);
  ASSERT_TRUE(removed);
  EXPECT_EQ((*removed)[0].resource_version, 3U);
  EXPECT_THAT(Names(), ElementsAre("Function shop/g"));
  EXPECT_THAT(*store_->Routes(), SizeIs(1));
  EXPECT_THAT(*store_->Revisions("shop", "f"), IsEmpty());
}

TEST_F(StoreTest, ARevisionNumberIsNeverGivenTwice) {
  Apply({FunctionOf("f", "/a")});
  const std::string uid = store_->Get({"shop", Kind::kFunction, "f"})->uid;
  const std::vector<ResourceKey> keys = {{"shop", Kind::kFunction, "f"}};
  ASSERT_TRUE(store_->Delete(keys));
  const auto again = Apply({FunctionOf("f", "/a")});
  EXPECT_EQ(again[0].new_revision->number, 2U);
  EXPECT_NE(again[0].resource.uid, uid);
}

TEST_F(StoreTest, KeepsTheLastTenRevisions) {
  for (char digest = 'a'; digest < 'a' + 6; ++digest)
    Apply({FunctionOf("f", "/a", "shop", digest)});
  for (char digest = '0'; digest < '0' + 7; ++digest)
    Apply({FunctionOf("f", "/a", "shop", digest)});
  const auto revisions = store_->Revisions("shop", "f");
  ASSERT_THAT(*revisions, SizeIs(10));
  EXPECT_EQ(revisions->front().number, 13U);
  EXPECT_EQ(revisions->back().number, 4U);
}

TEST_F(StoreTest, RoutesOfOnePlaceMayDifferInTheirHeaders) {
  const auto with = [](const std::string& name, std::vector<model::HeaderMatch> headers) {
    NewResource wanted = RouteOf(name, "/a", {{"f", 1, {}}});
    auto& spec = std::get<model::RouteSpec>(wanted.resource.spec);
    spec.match.headers = std::move(headers);
    spec.split = model::SplitBy{"x-user"};
    spec.mirror = model::Mirror{"f", {}, 7};
    return wanted;
  };
  Apply({FunctionOf("f", "/a"), with("r", {{"x", "1"}}), with("s", {{"x", "2"}, {"y", "\"'"}})});
  EXPECT_THAT(ApplyError({with("t", {{"x", "1"}})}).message,
              HasSubstr("already belongs to Route shop/r"));
  Reopen();
  const auto routes = *store_->Routes();
  ASSERT_THAT(routes, SizeIs(3));
  EXPECT_THAT(routes[1].headers, ElementsAre(model::HeaderMatch{"x", "1"}));
  EXPECT_EQ(routes[1].split, "x-user");
  EXPECT_EQ(routes[1].mirror, (model::Mirror{"f", {}, 7}));
  EXPECT_THAT(routes[1].backends, SizeIs(1));
  EXPECT_EQ(routes[2].headers[1].value, "\"'");
}

TEST_F(StoreTest, WhatAMirrorNamesMustBeThere) {
  Apply({FunctionOf("f", "/a")});
  NewResource wanted = RouteOf("r", "/b", {{"f", 1, {}}});
  std::get<model::RouteSpec>(wanted.resource.spec).mirror = model::Mirror{"g", {}, 100};
  EXPECT_THAT(ApplyError({wanted}).message, HasSubstr("leads to the Function or Service 'g'"));
}

TEST_F(StoreTest, ARevisionThatARouteNamesIsKeptUntilNoneDoes) {
  const auto numbers = [this] {
    std::vector<std::uint64_t> list;
    for (const auto& revision : *store_->Revisions("shop", "f")) list.push_back(revision.number);
    return list;
  };
  Apply({FunctionOf("f", ""), RouteOf("r", "/", {{"f", 1, {}}, {"f", 1, {.revision = 1}}})});
  EXPECT_EQ(store_->Routes()->front().backends[1].target.ToString(), "@1");
  for (int i = 0; i < 12; ++i) {
    Apply({FunctionOf("f", "", "shop", i % 2 == 0 ? 'b' : 'c')});
  }
  EXPECT_THAT(numbers(), ElementsAre(13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 1));
  Apply({RouteOf("r", "/", {{"f", 1, {}}}), FunctionOf("f", "", "shop", 'd')});
  EXPECT_THAT(numbers(), ElementsAre(14, 13, 12, 11, 10, 9, 8, 7, 6, 5));
}

TEST_F(StoreTest, ARouteToARevisionThatIsNotKeptIsRefused) {
  Apply({FunctionOf("f", "")});
  const auto refused = ApplyError({RouteOf("r", "/", {{"f", 1, {.revision = 2}}})});
  EXPECT_EQ(refused.code, Errc::kFailedPrecondition);
  EXPECT_THAT(refused.message, HasSubstr("leads to f@2, and that revision is not kept"));
  // One of the same batch is.
  Apply({FunctionOf("f", "", "shop", 'b'), RouteOf("r", "/", {{"f", 1, {.revision = 2}}})});
  EXPECT_THAT(*store_->Routes(), SizeIs(1));
}

model::Rollout RolloutTo(model::Target canary) {
  model::Rollout rollout;
  rollout.tenant = "shop";
  rollout.name = "f";
  rollout.canary = canary;
  rollout.because = "a test";
  return rollout;
}

TEST_F(StoreTest, ARolloutIsAChangeOfItsWorkloadAndSurvivesAReopen) {
  Apply({FunctionOf("f", "/a")});
  const auto version = *store_->ResourceVersion();
  const model::Rollout rollout = RolloutTo({.sandbox_class = model::Class::kContainer});
  ASSERT_TRUE(store_->PutRollout(rollout));
  EXPECT_EQ(store_->ChangesSince(version)->size(), 1U);
  EXPECT_EQ(store_->Get({"shop", Kind::kFunction, "f"})->resource_version, version + 1);
  Reopen();
  EXPECT_THAT(*store_->Rollouts(), ElementsAre(rollout));
  EXPECT_EQ(store_->Revisions("shop", "f")->size(), 1U);

  model::Rollout of_nothing = rollout;
  of_nothing.name = "g";
  EXPECT_EQ(store_->PutRollout(of_nothing).error().code, Errc::kNotFound);
}

TEST_F(StoreTest, ANewRevisionEndsARolloutAndADeleteForgetsIt) {
  Apply({FunctionOf("f", "/a")});
  ASSERT_TRUE(store_->PutRollout(RolloutTo({.sandbox_class = model::Class::kContainer})));
  Apply({FunctionOf("f", "/b")});
  EXPECT_THAT(*store_->Rollouts(), SizeIs(1)) << "a trigger makes no revision";
  Apply({FunctionOf("f", "/b", "shop", 'b')});
  EXPECT_THAT(*store_->Rollouts(), IsEmpty());
  ASSERT_TRUE(store_->PutRollout(RolloutTo({.revision = 1})));
  const ResourceKey key{"shop", Kind::kFunction, "f"};
  ASSERT_TRUE(store_->Delete(std::span(&key, 1)));
  EXPECT_THAT(*store_->Rollouts(), IsEmpty());
}

TEST_F(StoreTest, ANewRevisionCanComeWithItsRollout) {
  Apply({FunctionOf("f", "/a")});
  NewResource next = FunctionOf("f", "/a", "shop", 'b');
  next.rollout = RolloutTo({});
  Apply({next});
  const auto rollouts = *store_->Rollouts();
  ASSERT_THAT(rollouts, SizeIs(1));
  EXPECT_EQ(rollouts[0].stable.revision, 1U);
  EXPECT_TRUE(rollouts[0].canary.current());
  EXPECT_EQ(rollouts[0].since, clock_.WallNow()) << "its first step begins when it is there";
  // Nothing is new.
  EXPECT_THAT(ApplyError({next}).message, HasSubstr("no new revision"));
  // One at a time.
  next.artifact_digest = DigestOf('c');
  EXPECT_THAT(ApplyError({next}).message, HasSubstr("has been moved meanwhile"));
  EXPECT_EQ(store_->Revisions("shop", "f")->size(), 2U);
}

TEST_F(StoreTest, ANewRevisionsRolloutBeginsInTheClassThatHasTheTraffic) {
  Apply({FunctionOf("f", "/a")});
  model::Rollout moved = RolloutTo({.sandbox_class = model::Class::kContainer});
  moved.state = model::Rollout::State::kPromoted;
  ASSERT_TRUE(store_->PutRollout(moved));
  NewResource next = FunctionOf("f", "/a", "shop", 'b');
  next.rollout = RolloutTo({});
  next.rollout->stable = moved.canary;
  Apply({next});
  const auto rollouts = *store_->Rollouts();
  ASSERT_THAT(rollouts, SizeIs(1));
  EXPECT_EQ(rollouts[0].stable, (model::Target{1, model::Class::kContainer}));
  EXPECT_TRUE(rollouts[0].canary.current());
}

TEST_F(StoreTest, TheSidesOfARolloutAreKept) {
  Apply({FunctionOf("f", "/a")});
  for (int i = 0; i < 10; ++i) {
    NewResource next = FunctionOf("f", "/a", "shop", i % 2 == 0 ? 'b' : 'c');
    if (i < 9) {
      Apply({next});
      continue;
    }
    ASSERT_TRUE(store_->PutRollout([] {
      model::Rollout ended = RolloutTo({1, model::Class::kContainer});
      ended.state = model::Rollout::State::kPromoted;
      return ended;
    }()));
    next.rollout = RolloutTo({});
    next.rollout->stable = {1, model::Class::kContainer};
    Apply({next});
  }
  EXPECT_EQ(store_->Revisions("shop", "f")->back().number, 1U);
}

TEST_F(StoreTest, WatchSeesEveryChangeInOrder) {
  Apply({FunctionOf("f", "/a"), FunctionOf("g", "/b")});
  Apply({FunctionOf("f", "/c")});
  const std::vector<ResourceKey> keys = {{"shop", Kind::kFunction, "g"}};
  ASSERT_TRUE(store_->Delete(keys));
  const auto changes = store_->ChangesSince(1);
  ASSERT_TRUE(changes) << changes.error().message;
  std::vector<std::string> lines;
  for (const Change& change : *changes) {
    lines.push_back(std::to_string(change.resource_version) + " " +
                    std::string(ChangeTypeName(change.type)) + " " +
                    change.resource.resource.metadata.name);
  }
  EXPECT_THAT(lines, ElementsAre("2 ADDED g", "3 MODIFIED f", "4 DELETED g"));
  EXPECT_THAT(*store_->ChangesSince(0, 2), SizeIs(2));
  EXPECT_THAT(*store_->ChangesSince(4), IsEmpty());
  EXPECT_EQ(store_->ChangesSince(5).error().code, Errc::kFailedPrecondition);
}

TEST_F(StoreTest, AWatchThatStayedAwayTooLongIsToldToListAgain) {
  std::vector<NewResource> many;
  for (int i = 0; i < 5001; ++i) many.push_back(FunctionOf("f" + std::to_string(i), ""));
  Apply(many);
  for (NewResource& resource : many) resource.artifact_digest = DigestOf('b');
  Apply(many);
  EXPECT_EQ(store_->ChangesSince(1).error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(store_->ChangesSince(2));
  EXPECT_EQ(*store_->ResourceVersion(), 10'002U);
}

TEST_F(StoreTest, VolumesSurviveAReopen) {
  VolumeRecord record{.tenant = "shop", .name = "data", .size = Bytes::MiB(64), .created = {}};
  ASSERT_TRUE(store_->PutVolume(record));
  record.retain = true;
  ASSERT_TRUE(store_->PutVolume(record));
  Reopen();
  const auto volumes = store_->Volumes();
  ASSERT_THAT(*volumes, SizeIs(1));
  EXPECT_EQ((*volumes)[0].size, Bytes::MiB(64));
  EXPECT_TRUE((*volumes)[0].retain);
  EXPECT_EQ(store_->DeleteVolume("other", "data").error().code, Errc::kNotFound);
  EXPECT_TRUE(store_->DeleteVolume("shop", "data"));
  EXPECT_THAT(*store_->Volumes(), IsEmpty());
}

TEST_F(StoreTest, AddressableSandboxesSurviveAReopen) {
  SandboxRecord record;
  record.id = "s-1";
  record.tenant = "shop";
  record.artifact_digest = DigestOf('a');
  record.workload.artifact = "/f.wasm";
  record.workload.limits.memory = Bytes::MiB(8);
  record.created = clock_.WallNow();
  ASSERT_TRUE(store_->PutSandboxes({&record, 1}));
  std::vector<SandboxRecord> one_taken = {record, record};
  one_taken[0].id = "s-2";
  EXPECT_EQ(store_->PutSandboxes(one_taken).error().code, Errc::kFailedPrecondition);
  Reopen();
  const auto sandboxes = store_->Sandboxes();
  ASSERT_THAT(*sandboxes, SizeIs(1));
  EXPECT_EQ((*sandboxes)[0].workload, record.workload);
  EXPECT_EQ((*sandboxes)[0].created, record.created);
}

TEST_F(StoreTest, AddressableSandboxesAreRemovedTogether) {
  std::vector<SandboxRecord> records(3);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].id = "s-" + std::to_string(i);
    records[i].tenant = "shop";
    records[i].artifact_digest = DigestOf('a');
    records[i].workload.artifact = "/f.wasm";
  }
  ASSERT_TRUE(store_->PutSandboxes(records));
  const std::vector<std::string> one_is_gone = {"s-0", "s-7", "s-2", "s-0"};
  ASSERT_TRUE(store_->DeleteSandboxes(one_is_gone));
  Reopen();
  const auto left = store_->Sandboxes();
  ASSERT_TRUE(left.has_value()) << left.error().message;
  ASSERT_THAT(*left, SizeIs(1));
  EXPECT_EQ(left->front().id, "s-1");
}

TEST_F(StoreTest, AWorkloadsAddressableSandboxesGoWithIt) {
  Apply({FunctionOf("cart", "/cart"), FunctionOf("other", "/other")});
  std::vector<SandboxRecord> records(2);
  records[0].id = "of-cart";
  records[1].id = "of-other";
  for (SandboxRecord& each : records) {
    each.tenant = "shop";
    each.function = each.id.substr(3);
    each.artifact_digest = DigestOf('a');
    each.workload.artifact = "/f.wasm";
  }
  ASSERT_TRUE(store_->PutSandboxes(records));
  const ResourceKey cart{"shop", Kind::kFunction, "cart"};
  ASSERT_TRUE(store_->Delete({&cart, 1}));
  const auto left = store_->Sandboxes();
  ASSERT_TRUE(left.has_value()) << left.error().message;
  ASSERT_THAT(*left, SizeIs(1));
  EXPECT_EQ(left->front().id, "of-other");
}

TEST_F(StoreTest, LoadsAThousandFunctions) {
  std::vector<NewResource> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back(FunctionOf("f" + std::to_string(i), "/f" + std::to_string(i)));
  }
  Apply(many);
  Reopen();
  EXPECT_THAT(*store_->List(), SizeIs(1000));
  EXPECT_THAT(*store_->CurrentRevisions(), SizeIs(1000));
  EXPECT_THAT(*store_->Routes(), SizeIs(1000));
}

}  // namespace
}  // namespace strata::store
