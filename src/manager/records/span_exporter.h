// manager/records/span_exporter.h - hands finished spans to an OpenTelemetry collector (OTLP over
// HTTP, JSON) and keeps them in logs/spans.jsonl, so that one machine needs no collector to look at
// a trace.
//
//   Collector --Span--> [ Add ] --> logs/spans.jsonl;   [ Run ] --once a second--> --otlp endpoint
//
// What came while one batch was on its way leaves with the next, at once if it is much. When the
// collector does not answer, its batch is dropped and counted, and so is what comes while thousands
// wait: traces never hold up anything else.
//
// Threads:  one loop. Lifetime: context and registry outlive it, it outlives Run.
// Errors:   none; a log that cannot be opened is said once. Tested by tests/e2e/api_test.py.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "manager/cells/cell_process.h"
#include "manager/records/rotating_file.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

namespace strata::manager {

class SpanExporter {
 public:
  SpanExporter(CellContext& context, telemetry::Registry& registry);

  void Add(telemetry::Span span);

  // Sends batches until the loop ends.
  Awaitable<void> Run();

 private:
  Task<void> Send(std::string body);

  CellContext& context_;
  telemetry::Counter& sent_;
  telemetry::Counter& dropped_;
  std::optional<RotatingFile> file_;
  std::vector<telemetry::Span> batch_;
};

}  // namespace strata::manager
