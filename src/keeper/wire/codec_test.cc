#include "keeper/wire/codec.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::keeper {
namespace {

TEST(KeeperCodecTest, APreparationIsReadAsItWasWritten) {
  const Prepare sent{.key = "k", .sandbox_class = "container", .root = "{}"};
  const auto read = DecodeToKeeper(Encode(ToKeeper(sent)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const auto& got = std::get<Prepare>(*read);
  EXPECT_EQ(got.key, "k");
  EXPECT_EQ(got.sandbox_class, "container");
  EXPECT_EQ(got.root, "{}");
}

TEST(KeeperCodecTest, AStateIsReadAsItWasWritten) {
  const auto read = DecodeToManager(Encode(ToManager(State{.keeper = "a",
                                                           .tenant = "t",
                                                           .keys = {"x", "y"},
                                                           .starting = {"z"},
                                                           .down = {{"y", "its port"}}})));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(std::get<State>(*read).keys, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(std::get<State>(*read).starting, (std::vector<std::string>{"z"}));
  ASSERT_EQ(std::get<State>(*read).down.size(), 1U);
  EXPECT_EQ(std::get<State>(*read).down[0].key, "y");
  EXPECT_EQ(std::get<State>(*read).down[0].because, "its port");
}

TEST(KeeperCodecTest, WhatWasUsedIsReadAsItWasWritten) {
  const Measured sent{.name = "web",
                      .sandbox_class = "container",
                      .used = {.cpu = std::chrono::hours(1'000),
                               .held = std::chrono::hours(100'000),
                               .kib_ms = std::uint64_t{1} << 60},
                      .memory = 3_MiB,
                      .sandboxes = 2};
  const auto read = DecodeToManager(Encode(ToManager(sent)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(std::get<Measured>(*read), sent);
}

TEST(KeeperCodecTest, AKeeperOfAnEarlierVersionDoesNotSayHowManySandboxesItMeasured) {
  const auto read =
      DecodeToManager(R"({"type":"measured","name":"web","class":"container","memory":1,)"
                      R"("used":{"cpu_ns":1,"held_ns":1,"kib_ms":1}})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(std::get<Measured>(*read).sandboxes, std::nullopt);
}

TEST(KeeperCodecTest, AScaleAndWhatCameOfItAreReadAsTheyWereWritten) {
  const model::Scale scale{.min = 1, .max = 4, .keep_alive = std::chrono::seconds(90)};
  const auto admit = DecodeToKeeper(Encode(ToKeeper(Admit{.key = "k", .scale = scale})));
  ASSERT_TRUE(admit.has_value()) << admit.error().message;
  EXPECT_EQ(std::get<Admit>(*admit).scale, scale);
  Admit first{.key = "k"};
  first.priority = model::Priority::kHigh;
  first.price = {.cpu_hour = 1e6, .gib_hour = 0, .start = 7.25e-7, .wait = 0.5};
  const auto priced = DecodeToKeeper(Encode(ToKeeper(first)));
  ASSERT_TRUE(priced.has_value()) << priced.error().message;
  EXPECT_EQ(std::get<Admit>(*priced).priority, model::Priority::kHigh);
  EXPECT_EQ(std::get<Admit>(*priced).price, first.price);
  first.price.gib_hour = -1;
  const auto negative = DecodeToKeeper(Encode(ToKeeper(first)));
  ASSERT_FALSE(negative.has_value());
  EXPECT_EQ(negative.error().message, "admit.price.gib_hour is out of range");
  const auto automatic = DecodeToKeeper(Encode(ToKeeper(Admit{.key = "k"})));
  EXPECT_EQ(std::get<Admit>(*automatic).scale, model::Scale());
  const Pooled sent{.name = "f",
                    .sandbox_class = "container",
                    .ready = 2,
                    .wanted = 3,
                    .memory = 3_MiB,
                    .warm = 4,
                    .cold = 5,
                    .refused = 6,
                    .unused = 7,
                    .problem = "none"};
  const auto pooled = DecodeToManager(Encode(ToManager(sent)));
  ASSERT_TRUE(pooled.has_value()) << pooled.error().message;
  EXPECT_EQ(std::get<Pooled>(*pooled), sent);
}

TEST(KeeperCodecTest, WhatItDoesNotKnowIsRefused) {
  for (const char* text :
       {"", "{}", "[]", R"({"type": "become_root"})", R"({"type": "attach"})",
        R"({"type": "attach", "key": 1})", R"({"type": "attach", "key": "k", "more": 1})"}) {
    EXPECT_FALSE(DecodeToKeeper(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace strata::keeper
