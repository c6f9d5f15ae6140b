#include "manager/records/figures.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <utility>

#include "model/values.h"

namespace strata::manager {

using telemetry::Labels;

namespace {

constexpr double kMebibyte = 1048576.0;
constexpr double kMostWeight = 1 << 24;  // to which a sketch's bin counts

Labels LabelsOf(const Figures::Subject& subject) {
  return {{"namespace", subject.tenant},
          {"function", subject.function},
          {"class", subject.sandbox_class}};
}

}  // namespace

Figures::Function& Figures::Find(const Subject& subject) {
  const auto found = functions_.find(subject);
  if (found != functions_.end()) return found->second;
  const Labels labels = LabelsOf(subject);
  Function made(registry_.GetHistogram("strata_route_duration_seconds", "Whole duration of a call.",
                                       telemetry::DurationBuckets(), labels));
  made.cpu_us =
      &registry_.GetTimeCounter("strata_meter_cpu_seconds_total", "CPU time of guests.", labels);
  made.received = &registry_.GetCounter("strata_meter_received_bytes_total",
                                        "Request body bytes that guests read.", labels);
  made.cold = &registry_.GetCounter("strata_route_cold_calls_total",
                                    "Calls that waited for their sandbox to be made.", labels);
  made.sent = &registry_.GetCounter("strata_meter_sent_bytes_total",
                                    "Response body bytes that guests wrote.", labels);
  made.memory = &registry_.GetGauge("strata_meter_memory_peak_bytes",
                                    "Highest linear memory of any call.", labels);
  return functions_.emplace(subject, std::move(made)).first->second;
}

void Figures::Add(const Subject& subject, std::uint32_t revision, const meter::CallRecord& record) {
  Function& entry = Find(subject);
  telemetry::Counter*& outcome = entry.by_outcome[{record.status, record.exit}];
  if (outcome == nullptr) {
    const auto exit = static_cast<model::ExitReason>(record.exit);
    outcome = &registry_.GetCounter(
        "strata_route_requests_total",
        "Calls that ended, by HTTP status (0: the client left) and the guest's fate.",
        {{"namespace", subject.tenant},
         {"function", subject.function},
         {"class", subject.sandbox_class},
         {"status", std::to_string(record.status)},
         {"exit", std::string(model::ExitReasonName(exit))}});
  }
  outcome->Add();
  entry.revision = std::max(entry.revision, revision);
  ++entry.requests;
  if (meter::Failed(record)) ++entry.errors;
  entry.cold->Add(meter::Cold(record) ? 1 : 0);
  const auto took_ns = static_cast<double>(meter::TookNs(record));
  entry.latency.Observe(took_ns / 1e9);
  if (entry.latency_ms.weight() >= kMostWeight) entry.latency_ms.Fade(0.5);
  entry.latency_ms.Add(took_ns / 1e6);
  models_.Learn({subject.tenant, subject.function, subject.sandbox_class, revision}, record);
  entry.cpu_us->Add(record.cpu_ns / 1000);
  entry.received->Add(record.bytes_in);
  entry.sent->Add(record.bytes_out);
  entry.memory->Set(std::max(entry.memory->value(), static_cast<double>(record.memory_peak)));
  Count(entry);
}

void Figures::AddLoad(const Subject& subject, std::chrono::nanoseconds cpu, Bytes memory,
                      std::uint32_t sandboxes) {
  Function& entry = Find(subject);
  if (entry.memory_now == nullptr) {
    entry.memory_now = &registry_.GetGauge(
        "strata_meter_memory_bytes", "Memory of a service's sandboxes now.", LabelsOf(subject));
  }
  entry.cpu_us->Add(static_cast<std::uint64_t>(cpu.count()) / 1000);
  const auto bytes = static_cast<double>(memory.count);
  entry.memory_now->Set(bytes);
  entry.memory->Set(std::max(entry.memory->value(), bytes));
  const Bytes each{sandboxes == 0 ? 0 : memory.count / sandboxes};
  models_.LearnLoad(subject.tenant, subject.function, subject.sandbox_class, cpu, each);
}

void Figures::AddMirrored(const std::string& tenant, const std::string& form,
                          meter::MirrorOutcome outcome) {
  ++mirrored_[{tenant, form}][static_cast<std::size_t>(outcome)];
  registry_
      .GetCounter("strata_route_mirrored_total",
                  "Copies of requests, by how their answer compared with the real one.",
                  {{"namespace", tenant},
                   {"function", form},
                   {"outcome", std::string(meter::MirrorOutcomeName(outcome))}})
      .Add();
}

Json Figures::Mirrored(const std::string& tenant, const std::string& form) const {
  const auto found = mirrored_.find({tenant, form});
  Json json;
  for (std::size_t i = 0; i < meter::kMirrorOutcomes; ++i) {
    json[std::string(meter::MirrorOutcomeName(static_cast<meter::MirrorOutcome>(i)))] =
        found == mirrored_.end() ? 0 : found->second[i];
  }
  return json;
}

void Figures::SetPool(const Subject& subject, keeper::Pooled pool) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    registry_.GetGauge(name, help, LabelsOf(subject)).Set(value);
  };
  gauge("strata_keeper_pool_sandboxes", "Sandboxes that wait for calls.", pool.ready);
  gauge("strata_keeper_pool_bytes", "Memory that sandboxes hold while they wait for calls.",
        static_cast<double>(pool.memory.count));
  gauge("strata_keeper_pool_unused", "Sandboxes that were made ahead and ended without a call.",
        static_cast<double>(pool.unused));
  gauge("strata_keeper_pool_refused", "Calls that no sandbox could be started for.",
        static_cast<double>(pool.refused));
  Find(subject).pool = std::move(pool);
}

Json Figures::PoolOf(const Subject& subject) const {
  const auto found = functions_.find(subject);
  if (found == functions_.end() || !found->second.pool) return nullptr;
  const keeper::Pooled& pool = *found->second.pool;
  Json json{{"class", pool.sandbox_class},
            {"ready", pool.ready},
            {"wanted", pool.wanted},
            {"memory_mib", static_cast<double>(pool.memory.count) / kMebibyte},
            {"warm", pool.warm},
            {"cold", pool.cold},
            {"refused", pool.refused},
            {"unused", pool.unused}};
  if (!pool.problem.empty()) json["problem"] = pool.problem;
  return json;
}

void Figures::AddUnrouted(const std::string& tenant, std::uint16_t status) {
  registry_
      .GetCounter("strata_route_unrouted_total",
                  "Requests that led to no function, by the HTTP status of their refusal.",
                  {{"namespace", tenant}, {"status", std::to_string(status)}})
      .Add();
}

void Figures::Forget(const std::string& tenant, const std::string& function) {
  std::erase_if(functions_, [&](const auto& entry) {
    return entry.first.tenant == tenant && entry.first.function == function;
  });
  registry_.Remove({{"namespace", tenant}, {"function", function}});
  std::erase_if(mirrored_, [&](const auto& entry) {
    const auto& [its_tenant, form] = entry.first;
    if (its_tenant != tenant || form.substr(0, form.find('@')) != function) return false;
    registry_.Remove({{"namespace", tenant}, {"function", form}});
    return true;
  });
}

void Figures::Count(Function& function) {
  const std::int64_t now = Second();
  // Seconds that passed since the last call had none.
  for (std::int64_t s = std::max(function.last_second + 1, now - kRateWindow + 1); s <= now; ++s) {
    function.per_second[static_cast<std::size_t>(s % kRateWindow)] = 0;
  }
  function.last_second = now;
  ++function.per_second[static_cast<std::size_t>(now % kRateWindow)];
}

std::int64_t Figures::Second() const noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
}

double Figures::Rate(const Function& function) const noexcept {
  std::uint64_t calls = 0;
  for (std::int64_t s = Second() - kRateWindow + 1; s <= function.last_second; ++s) {
    calls += function.per_second[static_cast<std::size_t>(s % kRateWindow)];
  }
  return static_cast<double>(calls) / static_cast<double>(kRateWindow);
}

Json Figures::Top() const {
  std::multimap<double, Json, std::greater<>> rows;  // equal ones stay in the order of names
  for (const auto& [subject, function] : functions_) {
    const double rate = Rate(function);
    const auto row =
        rows.emplace(rate, Json{{"namespace", subject.tenant},
                                {"name", subject.function},
                                {"class", subject.sandbox_class},
                                {"revision", function.revision},
                                {"requests", function.requests},
                                {"errors", function.errors},
                                {"rate", rate},
                                {"p50_ms", function.latency_ms.Quantile(0.50)},
                                {"p99_ms", function.latency_ms.Quantile(0.99)},
                                {"cpu_ms", static_cast<double>(function.cpu_us->value()) / 1e3},
                                {"memory_mib", function.memory->value() / kMebibyte},
                                {"cold", function.cold->value()}});
    if (function.memory_now == nullptr) continue;
    row->second["memory_now_mib"] = function.memory_now->value() / kMebibyte;
  }
  Json functions = Json::array();
  for (auto& row : rows) functions.push_back(std::move(row.second));
  return Json{{"functions", std::move(functions)}};
}

}  // namespace strata::manager
