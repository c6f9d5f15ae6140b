// cell/wire/ring_sink.h - everything that leaves a cell by the shared-memory ring: call records,
// guests' lines, spans.
//
//   route (RecordSink, LineSink) --> [ RingSink --> telemetry::RingWriter ] --> manager
//
// Lines and spans are dropped when the ring is getting full; the ring counts them. A call record
// waits for room at the end of its call, up to a second, so that callers are slowed down instead of
// going unmetered; one that still found none is lost, counted by the ring, and said on the cell's
// log.
//
// Threads: one loop. Lifetime: loop, clock and logger outlive it. Tested by ring_sink_test.cc.
#pragma once

#include <cstdint>
#include <utility>

#include "base/async/task.h"
#include "base/clock.h"
#include "route/ports.h"
#include "telemetry/log.h"
#include "telemetry/ring.h"

namespace strata::cell {

class RingSink final : public route::RecordSink, public route::LineSink {
 public:
  RingSink(Loop& loop, const Clock& clock, telemetry::RingWriter ring, telemetry::Logger log)
      : loop_(loop), clock_(clock), ring_(std::move(ring)), log_(std::move(log)) {}

  bool TryRecord(const meter::CallRecord& record) noexcept override;
  Awaitable<void> RecordLater(const meter::CallRecord& record) override;
  void RecordSpan(const telemetry::Span& span) override;
  void RecordMirror(const meter::MirrorRecord& record) override;
  void Write(const Line& line) override;

  // How far the ring is filled, and emptied for good.
  [[nodiscard]] std::uint64_t written() const noexcept { return ring_.written(); }
  [[nodiscard]] std::uint64_t freed() const noexcept { return ring_.freed(); }
  // Records of all kinds that found no room.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return ring_.dropped(); }
  [[nodiscard]] std::uint64_t lost_calls() const noexcept { return lost_calls_; }

 private:
  Loop& loop_;
  const Clock& clock_;
  telemetry::RingWriter ring_;
  telemetry::Logger log_;
  std::uint64_t lost_calls_ = 0;
};

}  // namespace strata::cell
