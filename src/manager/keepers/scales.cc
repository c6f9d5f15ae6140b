#include "manager/keepers/scales.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/timestamp.h"

namespace strata::manager {
namespace {

telemetry::Labels LabelsOf(const store::UsageKey& whose) {
  return {{"namespace", whose.tenant}, {"function", whose.name}, {"class", whose.sandbox_class}};
}

Json NumbersOf(const keeper::Scaled& scaled) {
  return {{"ready", scaled.ready},
          {"desired", scaled.desired},
          {"max", scaled.max},
          {"paused", scaled.paused},
          {"waiting", scaled.waiting}};
}

}  // namespace

void Scales::Take(const std::string& tenant, keeper::Scaled scaled) {
  const auto [at, is_new] = by_key_.try_emplace(scaled.key);
  Entry& entry = at->second;
  entry.whose = {.tenant = tenant, .name = scaled.name, .sandbox_class = scaled.sandbox_class};
  if (!is_new && scaled.desired != entry.scaled.desired) {
    log_.Info("scaled", {{"service", tenant + "/" + scaled.name},
                         {"from", scaled.before},
                         {"to", scaled.desired},
                         {"ready", scaled.ready},
                         {"why", scaled.why}});
  }
  if (scaled.why.empty()) {
    entry.decided.clear();
  } else {
    entry.decided = Rfc3339(clock_.WallNow() - std::chrono::milliseconds(scaled.decided_ms));
  }
  Count(entry.whose, entry.scaled, scaled);
  entry.scaled = std::move(scaled);
  Show(entry.whose);
}

void Scales::Count(const store::UsageKey& whose, const keeper::Scaled& before,
                   const keeper::Scaled& now) {
  const telemetry::Labels labels = LabelsOf(whose);
  const auto more = [](std::uint64_t was, std::uint64_t is) { return is - std::min(was, is); };
  registry_
      .GetCounter("strata_keeper_cold_starts_total",
                  "Starts of a service from zero for requests that waited.", labels)
      .Add(more(before.cold_starts, now.cold_starts));
  registry_
      .GetCounter("strata_keeper_queue_refusals_total",
                  "Requests refused because too many waited for a replica.", labels)
      .Add(more(before.refused, now.refused));
}

keeper::Scaled Scales::Sum(const store::UsageKey& whose) const {
  keeper::Scaled sum;
  for (const auto& [key, entry] : by_key_) {
    if (entry.whose != whose) continue;
    sum.desired += entry.scaled.desired;
    sum.ready += entry.scaled.ready;
    sum.max += entry.scaled.max;
    sum.paused += entry.scaled.paused;
    sum.waiting += entry.scaled.waiting;
  }
  return sum;
}

void Scales::Show(const store::UsageKey& whose) {
  const keeper::Scaled sum = Sum(whose);
  const telemetry::Labels labels = LabelsOf(whose);
  const auto gauge = [&](std::string_view metric, std::string_view help, std::uint32_t value) {
    registry_.GetGauge(metric, help, labels).Set(value);
  };
  gauge("strata_keeper_replicas_desired", "Replicas that a service is to have.", sum.desired);
  gauge("strata_keeper_replicas_ready", "Replicas of a service that serve.", sum.ready);
  gauge("strata_keeper_requests_waiting", "Requests that wait for a replica.", sum.waiting);
}

std::uint32_t Scales::ReadyOf(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? 0 : found->second.scaled.ready;
}

Json Scales::Of(std::string_view key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  const keeper::Scaled& scaled = found->second.scaled;
  Json json = NumbersOf(scaled);
  if (scaled.why.empty()) return json;
  json["last"] = {{"from", scaled.before},
                  {"to", scaled.desired},
                  {"why", scaled.why},
                  {"at", found->second.decided}};
  return json;
}

Json Scales::Of(const store::UsageKey& whose) const {
  const auto is = [&whose](const auto& entry) { return entry.second.whose == whose; };
  return std::ranges::any_of(by_key_, is) ? NumbersOf(Sum(whose)) : Json();
}

void Scales::KeepOnly(const std::function<bool(const std::string& key)>& runs) {
  for (auto at = by_key_.begin(); at != by_key_.end();) {
    if (runs(at->first)) {
      ++at;
      continue;
    }
    const store::UsageKey whose = at->second.whose;
    at = by_key_.erase(at);
    Show(whose);
  }
}

}  // namespace strata::manager
