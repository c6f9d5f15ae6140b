#include "scheduler/record.h"

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

Json Row() {
  return {{"class", "wasm"}, {"first_ms", 3.5}, {"p50_ms", 0.5},   {"p99_ms", 1.5},
          {"cpu_ms", 0.25},  {"memory_mib", 2}, {"deploy_ms", 80}, {"calls", 200}};
}

Result<Record> Read(const Json& row) { return ReadRecord({{"classes", Json::array({row})}}); }

TEST(RecordTest, FiguresAreReadByClass) {
  const auto record = ReadRecord(
      {{"workload", "hello"},
       {"classes", Json::array({Row(), {{"class", "microvm"}, {"lacking", "no QEMU"}}})}});
  ASSERT_TRUE(record.has_value()) << record.error().message;
  ASSERT_EQ(record->size(), 1U);
  const Figures& wasm = record->at(model::Class::kWasm);
  EXPECT_DOUBLE_EQ(wasm.cold_start_ms.value_or(0), 3.5);
  EXPECT_DOUBLE_EQ(wasm.mean_ms, 0.5) << "their median is all that there is";
  EXPECT_DOUBLE_EQ(wasm.p99_ms, 1.5);
  EXPECT_DOUBLE_EQ(wasm.cpu_ms, 0.25);
  EXPECT_DOUBLE_EQ(wasm.busy_ms, 0.25);
  EXPECT_EQ(wasm.source, "strata measure");
}

TEST(RecordTest, StartingASandboxForACallKeepsAProcessorBusy) {
  Json row = Row();
  row["class"] = "container";
  const auto record = Read(row);
  ASSERT_TRUE(record.has_value());
  EXPECT_DOUBLE_EQ(record->at(model::Class::kContainer).busy_ms, 0.5);
  EXPECT_DOUBLE_EQ(record->at(model::Class::kContainer).cpu_ms, 0.25);
}

TEST(RecordTest, AStartCostsWhatStartingComputesBeyondTheGuest) {
  Json row = Row();
  row["class"] = "container";
  const auto record = Read(row);
  ASSERT_TRUE(record.has_value());
  meter::Prices prices;
  ASSERT_TRUE(prices.Set("cpu_hour=3600"));  // a dollar a second
  PriceStart(prices, model::Class::kContainer, record->at(model::Class::kContainer));
  EXPECT_DOUBLE_EQ(prices.Of(model::Class::kContainer).start, 0.00025);
  const auto wasm = Read(Row());
  ASSERT_TRUE(wasm.has_value());
  PriceStart(prices, model::Class::kWasm, wasm->at(model::Class::kWasm));
  EXPECT_DOUBLE_EQ(prices.Of(model::Class::kWasm).start, 0);
}

TEST(RecordTest, TheLastRowOfAClassCounts) {
  Json later = Row();
  later["p99_ms"] = 7;
  const auto twice = ReadRecord({{"classes", Json::array({Row(), later})}});
  ASSERT_TRUE(twice.has_value());
  EXPECT_DOUBLE_EQ(twice->at(model::Class::kWasm).p99_ms, 7);
  const auto none = ReadRecord(
      {{"classes", Json::array({Row(), {{"class", "wasm"}, {"lacking", "no engine"}}})}});
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->empty());
}

TEST(RecordTest, WhatAWorkloadNeedsItNeedsInEveryClass) {
  const Figures hello{.p50_ms = 30,
                      .mean_ms = 31,
                      .p99_ms = 40,
                      .cold_start_ms = 50,
                      .cpu_ms = 8,
                      .busy_ms = 29,
                      .memory_mib = 1};
  const Figures microvm{.p50_ms = 250,
                        .mean_ms = 260,
                        .p99_ms = 300,
                        .cold_start_ms = 350,
                        .cpu_ms = 200,
                        .busy_ms = 240,
                        .memory_mib = 90};
  Figures own{.p50_ms = 130, .mean_ms = 140, .p99_ms = 160, .cpu_ms = 108, .memory_mib = 201};
  const Figures there = Beside(microvm, Beyond(own, hello));
  EXPECT_DOUBLE_EQ(there.p50_ms, 350);
  EXPECT_DOUBLE_EQ(there.mean_ms, 369);
  EXPECT_DOUBLE_EQ(there.p99_ms, 420);
  EXPECT_DOUBLE_EQ(there.cold_start_ms.value_or(0), 470) << "a call that waits does the same work";
  EXPECT_DOUBLE_EQ(there.cpu_ms, 300);
  EXPECT_DOUBLE_EQ(there.busy_ms, 340);
  EXPECT_DOUBLE_EQ(there.memory_mib, 290);
  EXPECT_EQ(there.source, kScaled);
  own.cold_start_ms = 950;  // its own start takes most of it
  EXPECT_DOUBLE_EQ(Beside(microvm, Beyond(own, hello)).cold_start_ms.value_or(0), 1250);
  own.p99_ms = 10;
  EXPECT_DOUBLE_EQ(Beside(microvm, Beyond(own, hello)).p99_ms, 300)
      << "never less than the class itself takes";
}

TEST(RecordTest, AnythingElseIsRefused) {
  const auto with = [](const char* field, const Json& value) {
    Json row = Row();
    row[field] = value;
    return Read(row);
  };
  EXPECT_FALSE(with("p99_ms", -1).has_value());
  EXPECT_FALSE(with("p99_ms", "1").has_value());
  EXPECT_FALSE(with("p99_ms", 1e13).has_value());
  EXPECT_FALSE(with("unheard_of", 1).has_value());
  EXPECT_FALSE(with("class", "vm").has_value());
  EXPECT_FALSE(with("lacking", 1).has_value());
  Json without = Row();
  without.erase("cpu_ms");
  EXPECT_FALSE(Read(without).has_value());
  EXPECT_FALSE(ReadRecord({{"classes", Json::array({1})}}).has_value());
  EXPECT_FALSE(ReadRecord({{"classes", 1}}).has_value());
  EXPECT_FALSE(ReadRecord(Json::object()).has_value());
  EXPECT_FALSE(ReadRecord(Json::array()).has_value());
  EXPECT_FALSE(ReadRecord({{"classes", Json::array()}, {"more", 1}}).has_value());
}

TEST(RecordTest, WhatIsThereForOthersNeedsTheSchema) {
  Json json{{"classes", Json::array({Row()})}, {"rows", Json::array()}};
  EXPECT_FALSE(ReadRecord(json).has_value());
  json["schema"] = kRecordSchema;
  EXPECT_TRUE(ReadRecord(json).has_value());
  json["schema"] = "strata.dev/measurements/v9";
  EXPECT_FALSE(ReadRecord(json).has_value());
}

TEST(ElsewhereTest, WhatAProgramNeedsBeyondTheSmallOneItNeedsThereToo) {
  const Figures wasm{.mean_ms = 1, .cpu_ms = 0.5, .memory_mib = 2, .source = {}};
  const Figures container{.mean_ms = 30, .cpu_ms = 8, .memory_mib = 5, .source = {}};
  // Ten calls of 3 ms, 1.5 ms of CPU and 4 MiB each.
  const Load load{.starts = 10, .cpu_ms = 15, .held_ms = 30, .mib_ms = 120};
  const meter::Amount there = Elsewhere(load, wasm, container);
  EXPECT_DOUBLE_EQ(there.cpu_ms, 10 * (8 + 1));
  EXPECT_DOUBLE_EQ(there.mib_ms, 10 * (30 + 2) * (5 + 2.0));
  EXPECT_DOUBLE_EQ(there.starts, 10);
}

TEST(ElsewhereTest, WhatStaysWouldHaveStayedForAsLong) {
  const Figures container{.mean_ms = 30, .cpu_ms = 8, .memory_mib = 5, .source = {}};
  const Figures microvm{.mean_ms = 200, .cpu_ms = 100, .memory_mib = 90, .source = {}};
  const Load idle{.cpu_ms = 7, .held_ms = 1000, .mib_ms = 6000};
  const meter::Amount there = Elsewhere(idle, container, microvm);
  EXPECT_DOUBLE_EQ(there.cpu_ms, 7);
  EXPECT_DOUBLE_EQ(there.mib_ms, 1000 * (90 + 1.0));
  EXPECT_DOUBLE_EQ(there.starts, 0);
}

}  // namespace
}  // namespace strata::scheduler
