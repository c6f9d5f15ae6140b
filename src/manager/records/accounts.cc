#include "manager/records/accounts.h"

#include <algorithm>
#include <utility>

#include "model/values.h"

namespace strata::manager {
namespace {

constexpr std::chrono::seconds kBatch{1};
constexpr std::chrono::seconds kIdleBatch{60};  // when only our own processes computed
constexpr char kOf = '/';  // in the name of a source, between a keeper and a service; in no other
constexpr double kMebibyte = 1048576.0;
constexpr double kKibPerMib = 1024.0;

double Milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

double MibMs(Bytes memory, std::uint64_t nanoseconds) {
  return static_cast<double>(memory.count) / kMebibyte * Milliseconds(nanoseconds);
}

std::uint64_t Count(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

std::uint64_t Beyond(std::uint64_t now, std::uint64_t known) {
  return now > known ? now - known : 0;
}

std::string ProcessOf(const std::string& source) { return source.substr(0, source.find(kOf)); }

}  // namespace

bool RunsInCells(std::string_view sandbox_class) noexcept {
  return sandbox_class == model::ClassName(model::Class::kWasm);
}

Accounts::Accounts(store::Store& store, const Clock& clock, telemetry::Registry& registry,
                   telemetry::Logger& log, Metering metering)
    : store_(store),
      clock_(clock),
      log_(log),
      failures_(registry.GetCounter("strata_meter_flush_failures_total",
                                    "Batches of usage that could not be stored yet.")),
      metering_(metering == Metering::kOn),
      flushed_(clock.Now()) {}

Result<void> Accounts::Recover() {
  auto sources = store_.MeterSources();
  if (!sources) return Wrap(sources.error(), "how far usage was counted");
  reached_ = *std::move(sources);
  return {};
}

template <typename Predicate>
void Accounts::Forget(Predicate gone) {
  std::erase_if(reached_, [&](const auto& entry) {
    if (!gone(ProcessOf(entry.first))) return false;
    batch_.sources.erase(entry.first);
    batch_.ended.insert(entry.first);
    return true;
  });
}

void Accounts::KeepOnly(const std::set<std::string>& processes) {
  Forget([&](const std::string& process) { return !processes.contains(process); });
}

void Accounts::Add(const store::UsageKey& whose, store::Usage more) {
  more.since = clock_.WallNow();
  store::Add(batch_.more.usage[whose], more);
}

void Accounts::Add(const std::string& cell, const store::UsageKey& whose, Sandbox sandbox,
                   const meter::CallRecord& record) {
  if (!metering_) return;
  store::Usage usage{.calls = 1,
                     .cpu_ns = record.cpu_ns,
                     .bytes_in = record.bytes_in,
                     .bytes_out = record.bytes_out,
                     .since = {}};
  if (meter::Failed(record)) usage.failed = 1;
  // A call that no guest ran for made nothing, and held nothing while it waited. Nor did one of a
  // keeper's service: what that holds comes by AddUse.
  const bool started =
      record.instantiate_ns > 0 && meter::GuestRan(record) && !meter::Shared(record);
  if (started) usage.starts = 1;
  if (started && sandbox == Sandbox::kOfTheCall) {
    usage.held_ns = record.instantiate_ns + record.run_ns + record.write_ns;
    usage.mib_ms = MibMs(Bytes{record.memory_peak}, usage.held_ns);
  }
  Add(whose, usage);
  if (RunsInCells(whose.sandbox_class)) {
    guests_ns_[cell] = store::Sum(guests_ns_[cell], record.cpu_ns);
  }
}

std::chrono::nanoseconds Accounts::AddUse(const std::string& keeper, const store::UsageKey& whose,
                                          const keeper::Use& used) {
  const std::string source = keeper + kOf + whose.name + kOf + whose.sandbox_class;
  store::MeterSource& known = reached_[source];
  const store::MeterSource now{.cpu_ns = Count(used.cpu),
                               .held_ns = Count(used.held),
                               .mib_ms = static_cast<double>(used.kib_ms) / kKibPerMib};
  const store::Usage more{.cpu_ns = Beyond(now.cpu_ns, known.cpu_ns),
                          .held_ns = Beyond(now.held_ns, known.held_ns),
                          .mib_ms = std::max(now.mib_ms - known.mib_ms, 0.0),
                          .since = {}};
  known = now;
  if (metering_ && more.cpu_ns + more.held_ns > 0) {
    batch_.sources[source] = now;
    Add(whose, more);
  }
  return std::chrono::nanoseconds(more.cpu_ns);
}

std::uint64_t Accounts::PositionOf(const std::string& cell) const {
  const auto found = reached_.find(cell);
  return found == reached_.end() ? 0 : found->second.position;
}

void Accounts::Reached(const std::string& cell, const std::string& tenant, const std::string& role,
                       std::uint64_t position, std::chrono::nanoseconds cpu) {
  if (!metering_) return;
  store::MeterSource& source = reached_[cell];
  auto& sum = batch_.more.process_cpu_ns[{tenant, role}];
  sum = store::Sum(sum, Beyond(Count(cpu), source.cpu_ns));
  guests_ns_.erase(cell);
  source = {.position = position, .cpu_ns = std::max(Count(cpu), source.cpu_ns)};
  batch_.sources[cell] = source;
}

void Accounts::Ended(const std::string& cell, const std::string& tenant, const std::string& role) {
  if (const auto guests = guests_ns_.find(cell); guests != guests_ns_.end()) {
    auto& sum = batch_.more.process_cpu_ns[{tenant, role}];
    sum = store::Sum(sum, guests->second);
    guests_ns_.erase(guests);
  }
  Forget([&](const std::string& process) { return process == cell; });
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
