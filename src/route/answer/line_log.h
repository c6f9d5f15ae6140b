// route/answer/line_log.h - names what a guest prints with the sandbox and the call it belongs to,
// on its way to the LineSink.
//
//   driver --whole lines--> [ LineLog ] --Line--> LineSink (ports.h) --> cell/wire/ring_sink.h
//
// Between calls a line has the sandbox and the last function, but no trace.
//
// Threads:  the loop's. Lifetime: belongs to one sandbox and outlives it; the LineSink outlives
//           both.
// Errors:   none. Tested by request_path_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "route/ports.h"

namespace strata::route {

class LineLog final : public sandbox::LogSink {
 public:
  LineLog(LineSink& sink, std::string sandbox_id) : sink_(sink), sandbox_(std::move(sandbox_id)) {}

  [[nodiscard]] const std::string& sandbox() const noexcept { return sandbox_; }

  // Lines from now on belong to this call. `trace` is borrowed until End().
  void Begin(FunctionId function, const telemetry::TraceId& trace) noexcept {
    function_ = function;
    trace_ = &trace;
  }
  void End() noexcept { trace_ = nullptr; }

  void Write(sandbox::Stream stream, std::string_view text) override {
    sink_.Write({function_, sandbox_, stream, trace_, text});
  }

 private:
  LineSink& sink_;
  std::string sandbox_;
  FunctionId function_;
  const telemetry::TraceId* trace_ = nullptr;
};

}  // namespace strata::route
