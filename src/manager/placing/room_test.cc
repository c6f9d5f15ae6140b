#include "manager/placing/room.h"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/process/memory.h"

namespace strata::manager {
namespace {

// What the kernel says is free where `room` is for workloads.
Bytes Free(Bytes room) { return host::kKeptFree + room; }

model::Resource FunctionOf(Bytes memory) {
  model::FunctionSpec spec;
  spec.workload.limits.memory = memory;
  model::Resource resource;
  resource.spec = spec;
  return resource;
}

model::Resource ServiceOf(Bytes memory, std::uint32_t replicas) {
  model::ServiceSpec spec;
  spec.workload.limits.memory = memory;
  spec.replicas = replicas;
  model::Resource resource;
  resource.spec = spec;
  return resource;
}

TEST(RoomTest, TheHostKeepsSome) {
  for (const auto room : {RoomBeside, RoomWith}) {
    EXPECT_EQ(room(host::kKeptFree, {}), Bytes{0});
    EXPECT_EQ(room(Bytes::MiB(1), {}), Bytes{0});
    EXPECT_EQ(room(Bytes{host::kKeptFree.count + 5}, {}), Bytes{5});
  }
}

TEST(RoomTest, WhatRunsMayBeReplacedByAsMuchHoweverShortMemoryIs) {
  const model::Resource function = FunctionOf(Bytes::MiB(64));
  EXPECT_EQ(RoomBeside(Bytes{0}, {&function}), Bytes::MiB(64));
  const model::Resource service = ServiceOf(Bytes::MiB(64), 3);
  EXPECT_EQ(RoomBeside(Bytes{0}, {&service}), Bytes::MiB(192));
}

TEST(RoomTest, ANewRevisionThatNeedsMoreMustFitBesideTheOldOne) {
  const model::Resource service = ServiceOf(Bytes::MiB(64), 3);
  const Bytes free = Free(Bytes::MiB(200));
  EXPECT_EQ(RoomBeside(free, {&service}), Bytes::MiB(200)) << "the old one still runs";
  EXPECT_EQ(RoomWith(free, {&service}), Bytes::MiB(392)) << "it is its own";
}

TEST(RoomTest, ReplicasForTheLoadAreNoRoomForAnotherRevision) {
  model::Resource one = ServiceOf(Bytes::MiB(64), 1);
  std::get<model::ServiceSpec>(one.spec).scale = model::Scale{.min = 1, .max = 20};
  EXPECT_EQ(RoomBeside(Bytes{0}, {&one, 10}), Bytes::MiB(64));
  EXPECT_EQ(RoomBeside(Free(Bytes::MiB(100)), {&one, 10}), Bytes::MiB(100));
  EXPECT_EQ(RoomBeside(Bytes{0}, {nullptr, 3}), Bytes{0}) << "nothing is deployed";
}

TEST(RoomTest, WhereNothingSaysWhatIsFreeEverythingFits) {
  const model::Resource function = FunctionOf(Bytes::MiB(1024));
  EXPECT_EQ(RoomWith(Bytes{UINT64_MAX}, {&function}), Bytes{UINT64_MAX});
  EXPECT_EQ(RoomBeside(Bytes{UINT64_MAX}, {&function}), Bytes{UINT64_MAX - host::kKeptFree.count});
}

TEST(RoomTest, OnlyWhatGrowsIsAskedForRoom) {
  const model::Resource two = ServiceOf(Bytes::MiB(64), 2);
  model::Resource nine = ServiceOf(Bytes::MiB(64), 9);
  nine.metadata = {.name = "web", .tenant = "shop"};
  EXPECT_TRUE(CheckGrowth(two, {&two}, Bytes{0}).has_value()) << "it runs already";
  EXPECT_TRUE(CheckGrowth(two, {&nine}, Bytes{0}).has_value()) << "it holds less";
  EXPECT_TRUE(CheckGrowth(nine, {&two}, Bytes::MiB(576)).has_value());
  const auto refused = CheckGrowth(nine, {&two}, Bytes::MiB(575));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(refused.error().message,
              ::testing::HasSubstr("9 replicas need 576 MiB, and this host has 575 for them; "
                                   "replicas: 8 would do"));
}

TEST(RoomTest, WhatRunsForItsLoadIsNoGrowthOfWhatStays) {
  model::Resource one = ServiceOf(Bytes::MiB(64), 1);
  std::get<model::ServiceSpec>(one.spec).scale = model::Scale{.min = 1, .max = 20};
  model::Resource ten = one;
  std::get<model::ServiceSpec>(ten.spec).scale->min = 10;
  EXPECT_FALSE(CheckGrowth(ten, {&one, 9}, Bytes{0}).has_value());
  EXPECT_TRUE(CheckGrowth(ten, {&one, 10}, Bytes{0}).has_value()) << "it starts nothing";
  EXPECT_EQ(RoomWith(Bytes{0}, {&one, 10}), Bytes::MiB(640));
  EXPECT_EQ(RoomWith(Bytes{0}, {&ten, 3}), Bytes::MiB(640)) << "some are still to come";
  EXPECT_EQ(RoomWith(Bytes{0}, {nullptr, 3}), Bytes{0}) << "nobody knows how large they are";
}

TEST(RoomTest, AServiceHoldsItsLeastReplicasAndAtLeastOne) {
  EXPECT_EQ(HeldOf(FunctionOf(Bytes::MiB(1))), 1U);
  EXPECT_EQ(HeldOf(ServiceOf(Bytes::MiB(1), 4)), 4U);
  model::Resource service = ServiceOf(Bytes::MiB(1), 1);
  std::get<model::ServiceSpec>(service.spec).scale = model::Scale{.min = 2, .max = 9};
  EXPECT_EQ(HeldOf(service), 2U);
  std::get<model::ServiceSpec>(service.spec).scale = model::Scale{.min = 0, .max = 9};
  EXPECT_EQ(HeldOf(service), 1U);
}

}  // namespace
}  // namespace strata::manager
