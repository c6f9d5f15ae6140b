// manager/keepers/scales.h - how many replicas each service has, wants and may have, and why: what
// keepers told last, for `strata get`, `describe` and `top`, the metrics and the log.
//
//   keeper --Scaled--> [ Scales ] --> status.scale, Registry (Prometheus), stratad.log
//
// Threads: one loop. Lifetime: clock, registry and logger outlive it. Tested by scales_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text/json.h"
#include "keeper/wire/reports.h"
#include "store/store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace strata::manager {

class Scales {
 public:
  Scales(const Clock& clock, telemetry::Registry& registry, telemetry::Logger& log)
      : clock_(clock), registry_(registry), log_(log) {}

  void Take(const std::string& tenant, keeper::Scaled scaled);

  // Of what runs as `key` now: {ready, desired, max, paused, waiting, last: {from, to, why, at}};
  // `last` is the last decision, of a service that scales. Null: nothing was told.
  [[nodiscard]] Json Of(std::string_view key) const;

  // Replicas that serve as `key` now; 0 where nothing was told.
  [[nodiscard]] std::uint32_t ReadyOf(std::string_view key) const;

  // Of all that runs of a service in a class, which may be several revisions: without `last`.
  [[nodiscard]] Json Of(const store::UsageKey& whose) const;

  // Forgets what runs no more.
  void KeepOnly(const std::function<bool(const std::string& key)>& runs);

 private:
  struct Entry {
    store::UsageKey whose;
    keeper::Scaled scaled;
    std::string decided;  // when, as people read it
  };
  void Count(const store::UsageKey& whose, const keeper::Scaled& before, const keeper::Scaled& now);
  [[nodiscard]] keeper::Scaled Sum(const store::UsageKey& whose) const;
  void Show(const store::UsageKey& whose);

  const Clock& clock_;
  telemetry::Registry& registry_;
  telemetry::Logger& log_;
  std::map<std::string, Entry, std::less<>> by_key_;
};

}  // namespace strata::manager
