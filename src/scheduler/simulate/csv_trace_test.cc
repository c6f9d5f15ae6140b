#include "scheduler/simulate/csv_trace.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::scheduler::simulate {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

// `text`, at most `piece` bytes at once.
class Text final : public Input {
 public:
  explicit Text(std::string text, std::size_t piece = 1000)
      : text_(std::move(text)), piece_(piece) {}
  Result<std::size_t> Read(std::span<char> to) override {
    const std::size_t count = std::min({to.size(), text_.size() - at_, piece_});
    std::memcpy(to.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

class Broken final : public Input {
 public:
  Result<std::size_t> Read(std::span<char>) override { return Fail(Errc::kUnavailable, "gone"); }
};

constexpr const char* kTwo =
    "start_ms,function,memory_mib,duration_ms\r\n"
    "0,a b,64,10\n"
    "2.5,c,1,7\n"
    "2.5,a b,96.5,30";

Error ErrorOf(const std::string& text) {
  Text input(text);
  auto functions = ScanCsv(input);
  EXPECT_FALSE(functions.has_value()) << text;
  return functions ? Error{} : functions.error();
}

TEST(CsvTraceTest, TheFirstReadingLearnsWhatFunctionsNeed) {
  Text input(kTwo);
  const auto found = ScanCsv(input);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->calls, 3U);
  ASSERT_EQ(found->functions.size(), 2U);
  const Function& first = found->functions[found->index.at("a b")];
  EXPECT_DOUBLE_EQ(first.work_ms, 20);
  EXPECT_DOUBLE_EQ(first.work_p99_ms, 30);
  EXPECT_EQ(first.memory, Bytes::KiB(98'816));
  EXPECT_EQ(first.slo, model::Slo());
}

TEST(CsvTraceTest, TheSecondStreamsTheCallsHoweverTheBytesCome) {
  for (const std::size_t piece : {1UL, 2UL, 7UL, 1000UL}) {
    Text once(kTwo, piece);
    auto found = ScanCsv(once);
    ASSERT_TRUE(found.has_value());
    CsvTrace trace(std::make_unique<Text>(kTwo, piece),
                   std::make_shared<const CsvFunctions>(std::move(*found)));
    std::vector<Call> calls;
    for (auto call = trace.Next(); call && *call; call = trace.Next()) calls.push_back(**call);
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[1].at, microseconds(2500));
    EXPECT_EQ(calls[1].work, microseconds(7000));
    EXPECT_EQ(calls[0].function, calls[2].function);
    EXPECT_NE(calls[0].function, calls[1].function);
  }
}

TEST(CsvTraceTest, AFileWithoutMemoryTakesNone) {
  Text input("function,start_ms,duration_ms\nf,1,2\n");
  const auto found = ScanCsv(input);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->functions.front().memory, Bytes{});
}

TEST(CsvTraceTest, AFunctionMayAskForSomethingAndSayWhetherItHasAVariant) {
  Text input(
      "\xef\xbb\xbf"
      "function,start_ms,duration_ms,p99_ms,cold_start_ms,security,wasm\n"
      "a,0,2,99.5,250,high,true\nb,0,2,,,,\na,1,2,99.5,250,high,true\nc,2,2,,,low,false\n");
  const auto found = ScanCsv(input);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  const Function& a = found->functions[0];
  EXPECT_EQ(a.slo.p99, milliseconds(100));
  EXPECT_EQ(a.slo.cold_start, milliseconds(250));
  EXPECT_EQ(a.requires_.security, model::Level::kHigh);
  EXPECT_EQ(a.wasm, true);
  const Function& b = found->functions[1];
  EXPECT_EQ(b.slo, model::Slo());
  EXPECT_EQ(b.requires_, model::Requires());
  EXPECT_EQ(b.wasm, std::nullopt);
  EXPECT_EQ(found->functions[2].wasm, false);
}

TEST(CsvTraceTest, WhatIsWrongIsRefusedWithItsLine) {
  const std::string head = "function,start_ms,duration_ms\n";
  EXPECT_THAT(ErrorOf("").message, HasSubstr("no call"));
  EXPECT_THAT(ErrorOf(head).message, HasSubstr("no call"));
  EXPECT_THAT(ErrorOf("function,start_ms\n").message,
              HasSubstr("line 1: no column is called duration_ms"));
  EXPECT_THAT(ErrorOf("function,start_ms,duration_ms,colour\n").message,
              HasSubstr("no column 'colour'"));
  EXPECT_THAT(ErrorOf("function,start_m,duration_ms\n").message, HasSubstr("mean 'start_ms'"));
  EXPECT_THAT(ErrorOf("function,start_ms,start_ms,duration_ms\n").message,
              HasSubstr("two columns"));
  EXPECT_THAT(ErrorOf(head + "f,1\n").message, HasSubstr("line 2: 3 fields were named, it has 2"));
  EXPECT_THAT(ErrorOf(head + "f,1,2\n\n").message, HasSubstr("line 3"));
  EXPECT_THAT(ErrorOf(head + "f,1,2\nf,0.5,2\n").message, HasSubstr("line 3: it starts before"));
  EXPECT_THAT(ErrorOf(head + ",1,2\n").message, HasSubstr("no name"));
  EXPECT_THAT(ErrorOf(head + "\"f\",1,2\n").message, HasSubstr("no name"));
  for (const char* number : {"", "-1", "nan", "inf", "1e13", "0x10", " 1", "1s", "1e999"}) {
    EXPECT_THAT(ErrorOf(head + "f,1," + number + "\n").message, HasSubstr("line 2: duration_ms"));
  }
  const std::string asks = "function,start_ms,duration_ms,p99_ms,security,wasm\n";
  EXPECT_THAT(ErrorOf(asks + "f,1,2,0,,\n").message, HasSubstr("p99_ms is no number above 0"));
  EXPECT_THAT(ErrorOf(asks + "f,1,2,,High,\n").message, HasSubstr("none of low, medium, high"));
  EXPECT_THAT(ErrorOf(asks + "f,1,2,,,yes\n").message, HasSubstr("neither true nor false"));
  EXPECT_THAT(ErrorOf(asks + "f,1,2,5,,\nf,1,2,6,,\n").message,
              HasSubstr("line 3: an earlier line asks for something else for f"));
  EXPECT_THAT(ErrorOf(head + std::string(200'000, 'f')).message, HasSubstr("longer than 1024"));
  EXPECT_EQ(ErrorOf(head + "f\n").code, Errc::kInvalidArgument);
}

TEST(CsvTraceTest, AFileThatCannotBeReadIsNoEmptyFile) {
  Broken input;
  const auto found = ScanCsv(input);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kUnavailable);
}

TEST(CsvTraceTest, AFileThatHasChangedIsNoticed) {
  Text once(kTwo);
  auto found = ScanCsv(once);
  ASSERT_TRUE(found.has_value());
  CsvTrace trace(std::make_unique<Text>("function,start_ms,duration_ms\nnew,1,2\n"),
                 std::make_shared<const CsvFunctions>(std::move(*found)));
  const auto call = trace.Next();
  ASSERT_FALSE(call.has_value());
  EXPECT_EQ(call.error().code, Errc::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::scheduler::simulate
