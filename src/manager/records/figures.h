// manager/records/figures.h - live figures of each function, kept from the call records of all
// cells: what `strata top` shows and the request metrics in telemetry's registry.
//
//   ring --> [ Figures::Add ] --> Top() (JSON), Registry (Prometheus), Models
//
// Figures start at zero with the manager; durable totals are the meter's, and what was learned from
// the calls is Models'.
// Threads: one loop. Lifetime: everything that it is made from outlives it. Tested by
// figures_test.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text/json.h"
#include "keeper/wire/reports.h"
#include "manager/placing/models.h"
#include "meter/call_record.h"
#include "meter/mirror_record.h"
#include "scheduler/learning/sketch.h"
#include "telemetry/metrics.h"

namespace strata::manager {

class Figures {
 public:
  Figures(const Clock& clock, telemetry::Registry& registry, Models& models)
      : clock_(clock), registry_(registry), models_(models) {}

  // Which function a call was of, and the class of its sandbox.
  struct Subject {
    std::string tenant;
    std::string function;
    std::string sandbox_class;
    friend auto operator<=>(const Subject&, const Subject&) = default;
  };
  void Add(const Subject& subject, std::uint32_t revision, const meter::CallRecord& record);

  // What the sandboxes of a service have used since the last time, and the memory that so many of
  // them use now, all together; of 0 nothing is learned.
  void AddLoad(const Subject& subject, std::chrono::nanoseconds cpu, Bytes memory,
               std::uint32_t sandboxes);

  // How the answer to a copy of a request compared; `form`: the function with its target ("f@3").
  void AddMirrored(const std::string& tenant, const std::string& form,
                   meter::MirrorOutcome outcome);
  // {"same", "different", "skipped"}: since this manager runs.
  [[nodiscard]] Json Mirrored(const std::string& tenant, const std::string& form) const;

  // How the sandboxes come that a Function has ready before its calls.
  void SetPool(const Subject& subject, keeper::Pooled pool);
  // {class, ready, wanted, memory_mib, warm, cold, refused, unused, problem?}; `warm` and `cold`
  // are calls that found a sandbox, and that waited for one, since it was deployed. Null: it has
  // none.
  [[nodiscard]] Json PoolOf(const Subject& subject) const;

  // A request of the tenant's listener that led to no function, answered with `status`.
  void AddUnrouted(const std::string& tenant, std::uint16_t status);

  // Its workload is gone; a call that ends later begins anew.
  void Forget(const std::string& tenant, const std::string& function);

  // {"functions": [{namespace, name, class, revision, requests, errors, rate, p50_ms, p99_ms,
  // cpu_ms, memory_mib, cold, memory_now_mib}]}, busiest first; the last of services only. `rate`
  // is calls per second over the last ten seconds; `cold` those that waited for a sandbox. p50 and
  // p99 are within Sketch::kError; from 2^24 calls on, older ones weigh less in them.
  [[nodiscard]] Json Top() const;

 private:
  static constexpr std::int64_t kRateWindow = 10;  // seconds

  struct Function {
    explicit Function(telemetry::Histogram& histogram) : latency(histogram) {}
    telemetry::Histogram& latency;
    scheduler::Sketch latency_ms;  // the same, finer than that histogram's buckets
    telemetry::Counter* cpu_us = nullptr;
    telemetry::Counter* received = nullptr;
    telemetry::Counter* sent = nullptr;
    telemetry::Counter* cold = nullptr;
    telemetry::Gauge* memory = nullptr;
    telemetry::Gauge* memory_now = nullptr;  // of a service
    std::map<std::pair<std::uint16_t, std::uint8_t>, telemetry::Counter*> by_outcome;
    std::uint32_t revision = 0;
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  // status 5xx, or the client never got one
    std::optional<keeper::Pooled> pool;
    std::array<std::uint32_t, kRateWindow> per_second{};
    std::int64_t last_second = 0;
  };
  Function& Find(const Subject& subject);
  void Count(Function& function);
  [[nodiscard]] std::int64_t Second() const noexcept;
  [[nodiscard]] double Rate(const Function& function) const noexcept;

  const Clock& clock_;
  telemetry::Registry& registry_;
  Models& models_;
  std::map<Subject, Function> functions_;
  using Outcomes = std::array<std::uint64_t, meter::kMirrorOutcomes>;
  std::map<std::pair<std::string, std::string>, Outcomes> mirrored_;  // by tenant and form
};

}  // namespace strata::manager
