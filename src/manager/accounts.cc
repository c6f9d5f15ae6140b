#include "manager/accounts.h"

#include <algorithm>
#include <utility>

#include "model/values.h"

namespace strata::manager {
namespace {

constexpr std::chrono::seconds kBatch{1};
constexpr std::chrono::seconds kIdleBatch{60};  // when only our own processes computed
// Longer between two reports of a keeper means that nobody knows what was there meanwhile.
constexpr std::chrono::seconds kLongestLoad{10};
constexpr double kMebibyte = 1048576.0;

double Milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

double MibMs(Bytes memory, std::uint64_t nanoseconds) {
  return static_cast<double>(memory.count) / kMebibyte * Milliseconds(nanoseconds);
}

}  // namespace

bool RunsInCells(std::string_view sandbox_class) noexcept {
  return sandbox_class == model::ClassName(model::Class::kWasm);
}

Accounts::Accounts(store::Store& store, const Clock& clock, telemetry::Registry& registry,
                   telemetry::Logger& log)
    : store_(store),
      clock_(clock),
      log_(log),
      failures_(registry.GetCounter("strata_meter_flush_failures_total",
                                    "Batches of usage that could not be stored yet.")),
      flushed_(clock.Now()) {}

Result<void> Accounts::Recover() {
  auto sources = store_.MeterSources();
  if (!sources) return Wrap(sources.error(), "how far usage was counted");
  reached_ = *std::move(sources);
  return {};
}

void Accounts::KeepOnly(const std::set<std::string>& cells) {
  std::erase_if(reached_, [this, &cells](const auto& entry) {
    const bool gone = !cells.contains(entry.first);
    if (gone) batch_.ended.insert(entry.first);
    return gone;
  });
}

void Accounts::Add(const store::UsageKey& whose, store::Usage more) {
  more.since = clock_.WallNow();
  store::Add(batch_.more.usage[whose], more);
}

void Accounts::Add(const std::string& cell, const store::UsageKey& whose, Sandbox sandbox,
                   const meter::CallRecord& record) {
  store::Usage usage{.calls = 1,
                     .cpu_ns = record.cpu_ns,
                     .bytes_in = record.bytes_in,
                     .bytes_out = record.bytes_out,
                     .since = {}};
  if (record.status == 0 || record.status >= 500) usage.failed = 1;
  if (record.instantiate_ns > 0) usage.starts = 1;
  if (record.instantiate_ns > 0 && sandbox == Sandbox::kOfTheCall) {
    usage.held_ns = record.instantiate_ns + record.run_ns + record.write_ns;
    usage.mib_ms = MibMs(Bytes{record.memory_peak}, usage.held_ns);
  }
  Add(whose, usage);
  if (RunsInCells(whose.sandbox_class)) {
    guests_ns_[cell] = store::Sum(guests_ns_[cell], record.cpu_ns);
  }
}

void Accounts::AddLoad(const store::UsageKey& whose, std::chrono::nanoseconds cpu, Bytes memory) {
  store::Usage usage{.cpu_ns = static_cast<std::uint64_t>(cpu.count()), .since = {}};
  const TimePoint now = clock_.Now();
  const auto [last, fresh] = loads_.try_emplace(whose, now, memory);
  if (!fresh && now - last->second.at <= kLongestLoad && last->second.memory.count > 0) {
    usage.held_ns = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - last->second.at).count());
    usage.mib_ms = MibMs(last->second.memory, usage.held_ns);
  }
  last->second = {.at = now, .memory = memory};
  Add(whose, usage);
}

std::uint64_t Accounts::PositionOf(const std::string& cell) const {
  const auto found = reached_.find(cell);
  return found == reached_.end() ? 0 : found->second.position;
}

void Accounts::Reached(const std::string& cell, const std::string& tenant, const std::string& role,
                       std::uint64_t position, std::chrono::nanoseconds cpu) {
  store::MeterSource& source = reached_[cell];
  const auto cpu_ns = std::max(static_cast<std::uint64_t>(cpu.count()), source.cpu_ns);
  batch_.more.process_cpu_ns[{tenant, role}] += cpu_ns - source.cpu_ns;
  guests_ns_.erase(cell);
  source = {.position = position, .cpu_ns = cpu_ns};
  batch_.sources[cell] = source;
}

void Accounts::Ended(const std::string& cell, const std::string& tenant, const std::string& role) {
  if (const auto guests = guests_ns_.find(cell); guests != guests_ns_.end()) {
    auto& sum = batch_.more.process_cpu_ns[{tenant, role}];
    sum = store::Sum(sum, guests->second);
    guests_ns_.erase(guests);
  }
  reached_.erase(cell);
  batch_.sources.erase(cell);
  batch_.ended.insert(cell);
}

bool Accounts::Due() const {
  const bool idle = batch_.more.usage.empty() && batch_.ended.empty();
  return clock_.Now() - flushed_ >= (idle ? Duration(kIdleBatch) : Duration(kBatch));
}

Result<void> Accounts::Flush() {
  flushed_ = clock_.Now();
  auto stored = store_.AddUsage(batch_);
  if (!stored) {
    failures_.Add();
    if (!std::exchange(failing_, true)) {
      log_.Error("what is used is kept in memory until it can be stored", stored.error());
    }
    return stored;
  }
  failing_ = false;
  batch_ = {};
  return {};
}

Result<store::UsageTotals> Accounts::Totals() {
  auto totals = store_.GetUsage();
  if (!totals) return totals;
  for (const auto& [whose, usage] : batch_.more.usage) store::Add(totals->usage[whose], usage);
  for (const auto& [whose, cpu_ns] : batch_.more.process_cpu_ns) {
    auto& sum = totals->process_cpu_ns[whose];
    sum = store::Sum(sum, cpu_ns);
  }
  return totals;
}

}  // namespace strata::manager
