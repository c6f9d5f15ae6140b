#include "cell/wire/ring_sink.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cell/wire/log_line.h"

namespace strata::cell {
namespace {

// Counts how often it is asked for the time of day, as every line that is encoded does.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const noexcept override { return {}; }
  [[nodiscard]] WallTime WallNow() const noexcept override {
    ++asked;
    return {};
  }

  mutable std::size_t asked = 0;
};

class RingSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto fd = telemetry::MakeRing(256_KiB);
    ASSERT_TRUE(fd.has_value());
    auto writer = telemetry::RingWriter::Open(fd->get());
    ASSERT_TRUE(writer.has_value());
    auto reader = telemetry::RingReader::Open(fd->get());
    ASSERT_TRUE(reader.has_value());
    reader_.emplace(std::move(*reader));
    sink_.emplace(loop_, clock_, std::move(*writer), telemetry::Logger());
  }

  std::vector<telemetry::Record> Read() {
    auto records = reader_->Read();
    EXPECT_TRUE(records.has_value());
    reader_->Commit();
    return std::move(*records);
  }

  static Awaitable<void> Later(RingSink& sink, const meter::CallRecord& record, bool& done) {
    co_await sink.RecordLater(record);
    done = true;
  }

  Loop loop_;
  CountingClock clock_;
  std::optional<telemetry::RingReader> reader_;
  std::optional<RingSink> sink_;
};

TEST_F(RingSinkTest, ACallRecordArrivesAsItIs) {
  meter::CallRecord record;
  record.status = 204;
  record.cpu_ns = 12345;
  ASSERT_TRUE(sink_->TryRecord(record));
  const auto records = Read();
  ASSERT_EQ(records.size(), 1u);
  ASSERT_EQ(records[0].payload.size(), sizeof(record));
  meter::CallRecord arrived;
  std::memcpy(&arrived, records[0].payload.data(), sizeof(arrived));
  EXPECT_EQ(arrived.status, 204);
  EXPECT_EQ(arrived.cpu_ns, 12345U);
}

TEST_F(RingSinkTest, ALineNamesItsFunctionSandboxAndTrace) {
  telemetry::TraceId trace{};
  trace[0] = std::byte{0x0a};
  sink_->Write({{7, 3}, "web-0-1", sandbox::Stream::kStderr, &trace, "oops"});
  const auto records = Read();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].type, telemetry::RecordType::kLog);
  const auto line = DecodeLogLine(records[0].payload);
  ASSERT_TRUE(line.has_value()) << line.error().message;
  EXPECT_EQ(line->generation, 7u);
  EXPECT_EQ(line->function, 3u);
  EXPECT_EQ(line->sandbox, "web-0-1");
  EXPECT_EQ(line->stream, "stderr");
  EXPECT_EQ(line->trace_id, "0a000000000000000000000000000000");
  EXPECT_EQ(line->text, "oops");
}

TEST_F(RingSinkTest, WhenItIsFullLinesAreDroppedAndRecordsWait) {
  const meter::CallRecord record;
  while (sink_->TryRecord(record)) continue;
  const auto before = sink_->dropped();
  sink_->Write({{1, 1}, "", sandbox::Stream::kStdout, nullptr, "lost"});
  EXPECT_GT(sink_->dropped(), before);

  bool done = false;
  Spawn(loop_, Later(*sink_, record, done));
  loop_.poll();
  EXPECT_FALSE(done);
  Read();  // room again
  loop_.restart();
  loop_.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(sink_->lost_calls(), 0u);
}

TEST_F(RingSinkTest, ALineThatFindsNoRoomIsNotEncoded) {
  constexpr std::size_t kLines = 10'000;
  for (std::size_t i = 0; i < kLines; ++i) {
    sink_->Write({{1, 1}, "web-0-1", sandbox::Stream::kStderr, nullptr, ""});
  }
  const std::size_t encoded = clock_.asked;
  EXPECT_EQ(Read().size(), encoded);
  EXPECT_LT(encoded, kLines / 2);
  EXPECT_EQ(sink_->dropped(), kLines - encoded);
}

}  // namespace
}  // namespace strata::cell
