#include "measure/record.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::measure {
namespace {

Json Figures(const std::string& name, double p50) {
  return {{"class", name}, {"first_ms", 3}, {"p50_ms", p50},
          {"p99_ms", 4},   {"cpu_ms", 0.5}, {"memory_mib", 2}};
}

Json Whole() {
  return {{"schema", "strata.dev/measurements/v2"},
          {"measured", "2026-11-27T17:30:00Z"},
          {"strata", "1.0"},
          {"mode", "quick"},
          {"seconds", 12.5},
          {"host",
           {{"kernel", "6.18"},
            {"machine", "x86_64"},
            {"processor", "AMD"},
            {"processors", 2},
            {"memory_mib", 1024},
            {"load", 0.5}}},
          {"versions", {{"runc", "1.1.5"}}},
          {"workload", "hello"},
          {"classes", Json::array({Figures("wasm", 1), Figures("container", 30)})},
          {"rows",
           Json::array(
               {{{"row", "cold_start"}, {"in", "wasm"}, {"unit", "ms"}, {"samples", {2.5, 1.25}}},
                {{"row", "epoll_wakeup"},
                 {"in", "process"},
                 {"unit", "ns"},
                 {"samples", Json::array()},
                 {"lacking", "no epoll"}}})}};
}

std::string Refusal(const Json& json) {
  const auto read = ReadRecord(json);
  return read ? "" : read.error().message;
}

TEST(MeasurementRecordTest, WhatIsWrittenIsRead) {
  const auto read = ReadRecord(Whole());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(ToJson(*read), Whole());
  EXPECT_EQ(read->prior.size(), 2U);
  ASSERT_NE(read->Find("cold_start", "wasm"), nullptr);
  EXPECT_EQ(read->Find("cold_start", "wasm")->samples.size(), 2U);
  EXPECT_EQ(read->Find("cold_start", "microvm"), nullptr);
}

TEST(MeasurementRecordTest, WhatWasWrittenBeforeThereWasASchemaIsAPriorWithoutRows) {
  const Json old{{"workload", "hello"}, {"classes", Json::array({Figures("wasm", 1)})}};
  const auto read = ReadRecord(old);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->prior.size(), 1U);
  EXPECT_TRUE(read->rows.empty());
  EXPECT_TRUE(read->measured.empty());
  EXPECT_EQ(ToJson(*read), old);
}

TEST(MeasurementRecordTest, AnotherSchemaIsRefusedWithWhatToDo) {
  Json later = Whole();
  later["schema"] = "strata.dev/measurements/v3";
  EXPECT_NE(Refusal(later).find("measurements/v3"), std::string::npos);
  EXPECT_NE(Refusal(later).find("strata measure --record"), std::string::npos);
}

TEST(MeasurementRecordTest, AnythingElseIsRefusedByName) {
  const auto without = [](const char* key) {
    Json json = Whole();
    json.erase(key);
    return Refusal(json);
  };
  for (const char* key : {"measured", "host", "rows", "versions", "workload", "mode", "classes"}) {
    EXPECT_NE(without(key).find(key), std::string::npos) << key << ": " << without(key);
  }
  EXPECT_NE(without("schema"), "");
  const auto with = [](const char* pointer, const Json& value) {
    Json json = Whole();
    json[Json::json_pointer(pointer)] = value;
    return Refusal(json);
  };
  EXPECT_NE(with("/more", 1).find("more"), std::string::npos);
  EXPECT_NE(with("/host/more", 1).find("more"), std::string::npos);
  EXPECT_NE(with("/rows/0/more", 1).find("more"), std::string::npos);
  EXPECT_NE(with("/rows/0/samples/0", "1").find("cold_start"), std::string::npos);
  EXPECT_NE(with("/rows/0/samples", 1).find("samples"), std::string::npos);
  EXPECT_NE(with("/rows/0/unit", 1).find("unit"), std::string::npos);
  EXPECT_NE(with("/rows/0/unit", "s").find("cold_start in wasm: its unit must be 'ms', not 's'"),
            std::string::npos);
  EXPECT_NE(with("/rows/0/row", "foo").find("'foo' is none"), std::string::npos);
  EXPECT_NE(with("/rows/0/row", "latency_p99").find("none"), std::string::npos)
      << "it is made of another";
  EXPECT_NE(with("/rows/0/in", "bar\x1b").find("'bar\\x1b' is no class"), std::string::npos);
  EXPECT_NE(with("/rows/1", Whole()["rows"][0]).find("cold_start in wasm is there twice"),
            std::string::npos);
  EXPECT_NE(with("/host/processors", -1).find("processors"), std::string::npos);
  EXPECT_NE(with("/versions/runc", 1).find("runc"), std::string::npos);
  EXPECT_NE(with("/measured", "").find("measured"), std::string::npos);
  EXPECT_NE(with("/rows/0", 1), "");
  EXPECT_NE(with("/host", 1), "");
  EXPECT_NE(Refusal(1), "");
}

TEST(MeasurementRecordTest, SamplesAreRoundedToSixDigits) {
  Json json = Whole();
  json["rows"][0]["samples"] = {0.123456789, 123456789, -2.00000049, 0, 1.25e-307};
  const auto read = ReadRecord(json);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(ToJson(*read)["rows"][0]["samples"].dump(),
            "[0.123457,123457000.0,-2.0,0.0,1.25e-307]");
}

TEST(MeasurementRecordTest, MergingKeepsWhatTheNewerDidNotLookAt) {
  auto older = ReadRecord(Whole());
  Json json = Whole();
  json["measured"] = "2026-11-28T00:00:00Z";
  json["classes"] = Json::array({Figures("wasm", 7), Figures("microvm", 250)});
  json["rows"][0]["samples"] = {9};
  json["rows"].erase(1);
  auto newer = ReadRecord(json);
  ASSERT_TRUE(older.has_value() && newer.has_value());
  const Record merged = Merge(*older, *newer);
  EXPECT_EQ(merged.measured, "2026-11-28T00:00:00Z");
  EXPECT_EQ(merged.classes,
            Json::array({Figures("wasm", 7), Figures("container", 30), Figures("microvm", 250)}));
  EXPECT_EQ(merged.prior.size(), 3U);
  EXPECT_EQ(merged.prior.at(model::Class::kWasm).p50_ms, 7);
  ASSERT_EQ(merged.rows.size(), 2U);
  EXPECT_EQ(merged.Find("cold_start", "wasm")->samples, std::vector<double>{9});
  EXPECT_NE(merged.Find("epoll_wakeup", "process"), nullptr);
}

TEST(MeasurementRecordTest, AnOldRecordReplacesFiguresAndTheirRows) {
  auto older = ReadRecord(Whole());
  auto newer = ReadRecord({{"workload", "own"}, {"classes", Json::array({Figures("wasm", 7)})}});
  ASSERT_TRUE(older.has_value() && newer.has_value());
  const Record merged = Merge(*older, *newer);
  EXPECT_EQ(merged.prior.at(model::Class::kWasm).p50_ms, 7);
  EXPECT_EQ(merged.Find("cold_start", "wasm"), nullptr) << "they are of other figures";
  EXPECT_TRUE(ReadRecord(ToJson(merged)).has_value());
}

}  // namespace
}  // namespace strata::measure
