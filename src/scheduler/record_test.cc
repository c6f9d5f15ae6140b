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
  EXPECT_DOUBLE_EQ(wasm.cold_start_ms, 3.5);
  EXPECT_DOUBLE_EQ(wasm.p99_ms, 1.5);
  EXPECT_DOUBLE_EQ(wasm.cpu_ms, 0.25);
  EXPECT_EQ(wasm.source, "strata measure");
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

}  // namespace
}  // namespace strata::scheduler
