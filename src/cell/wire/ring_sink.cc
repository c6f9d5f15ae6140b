#include "cell/wire/ring_sink.h"

#include <bit>
#include <chrono>
#include <span>
#include <string>

#include "base/async/pause.h"
#include "base/text/byte_view.h"
#include "base/text/hex.h"
#include "cell/wire/log_line.h"
#include "sandbox/call/log_lines.h"

namespace strata::cell {
namespace {

// The manager empties the ring every few milliseconds; one that needs longer than this is gone.
constexpr int kTries = 100;
constexpr std::chrono::milliseconds kBetweenTries{10};
constexpr std::size_t kLineFields = 256;  // of a line's record, beside its text

}  // namespace

bool RingSink::TryRecord(const meter::CallRecord& record) noexcept {
  return ring_.Write(telemetry::RecordType::kCall, std::as_bytes(std::span(&record, 1)))
      .has_value();
}

Awaitable<void> RingSink::RecordLater(const meter::CallRecord& record) {
  for (int i = 0; i < kTries; ++i) {
    co_await Pause(loop_, kBetweenTries);
    if (TryRecord(record)) co_return;
  }
  ring_.CountLost(telemetry::RecordType::kCall);
  // Said at 1, 2, 4, 8, ...: loud, but no flood of its own.
  if (std::has_single_bit(++lost_calls_)) {
    log_.Error("the ring is full: call records are lost", {{"lost", lost_calls_}});
  }
}

void RingSink::RecordSpan(const telemetry::Span& span) {
  // Full: dropped and counted by the ring.
  (void)ring_.Write(telemetry::RecordType::kSpan, AsBytes(telemetry::SpanToJson(span)));
}

void RingSink::RecordMirror(const meter::MirrorRecord& record) {
  // Full: dropped and counted by the ring.
  (void)ring_.Write(telemetry::RecordType::kMirror, std::as_bytes(std::span(&record, 1)));
}

void RingSink::Write(const Line& line) {
  // A flood of lines must not cost what encoding them does.
  if (!ring_.HasRoom(telemetry::RecordType::kLog, line.text.size() + kLineFields)) {
    return ring_.CountLost(telemetry::RecordType::kLog);
  }
  const auto now = clock_.WallNow().time_since_epoch();
  LogLine entry;
  entry.generation = line.function.generation;
  entry.function = line.function.index;
  entry.sandbox = std::string(line.sandbox);
  entry.stream = sandbox::StreamName(line.stream);
  if (line.trace != nullptr) entry.trace_id = HexEncode(*line.trace);
  entry.time_ns = static_cast<std::uint64_t>(now.count());
  entry.text = std::string(line.text);
  // Full: dropped and counted by the ring.
  (void)ring_.Write(telemetry::RecordType::kLog, AsBytes(EncodeLogLine(entry)));
}

}  // namespace strata::cell
