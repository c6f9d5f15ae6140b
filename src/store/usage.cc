// What was used: totals, added to together with how far the sources of them are.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "store/rows.h"
#include "store/sqlite.h"
#include "store/state.h"
#include "store/store.h"

namespace strata::store {
namespace {

// Sum() in SQL, which would go on with a floating-point number.
#define STRATA_SUM(column) \
  " " #column " = min(" #column " + excluded." #column ", 9223372036854775807)"

Result<void> AddOne(Database& database, const UsageKey& key, const Usage& usage) {
  return database.Run(
      "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
      STRATA_SUM(calls) "," STRATA_SUM(failed) "," STRATA_SUM(starts) "," STRATA_SUM(cpu_ns) ","
      STRATA_SUM(held_ns) "," STRATA_SUM(bytes_in) "," STRATA_SUM(bytes_out)
      ", mib_ms = mib_ms + excluded.mib_ms",
      key.tenant, key.name, key.sandbox_class, usage.calls, usage.failed, usage.starts,
      usage.cpu_ns, usage.held_ns, usage.mib_ms, usage.bytes_in, usage.bytes_out,
      Nanoseconds(usage.since));
}

Result<void> AddAll(Database& database, const UsageBatch& batch) {
  for (const auto& [key, usage] : batch.more.usage) {
    if (auto added = AddOne(database, key, usage); !added) return added;
  }
  for (const auto& [whose, cpu_ns] : batch.more.process_cpu_ns) {
    auto added = database.Run(
        "INSERT INTO process_usage VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET" STRATA_SUM(cpu_ns),
        whose.first, whose.second, cpu_ns);
    if (!added) return added;
  }
  for (const auto& [name, source] : batch.sources) {
    auto noted = database.Run("INSERT OR REPLACE INTO meter_sources VALUES (?, ?, ?, ?, ?)", name,
                              source.position, source.cpu_ns, source.held_ns, source.mib_ms);
    if (!noted) return noted;
  }
  for (const std::string& name : batch.ended) {
    auto gone = database.Run("DELETE FROM meter_sources WHERE source = ?", std::string_view(name));
    if (!gone) return gone;
  }
  return {};
}

}  // namespace

std::uint64_t Sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t kMost = INT64_MAX;
  return std::min(std::min(a, kMost) + std::min(b, kMost), kMost);
}

void Add(Usage& sum, const Usage& more) {
  if (sum.since == WallTime() || more.since < sum.since) sum.since = more.since;
  sum.calls = Sum(sum.calls, more.calls);
  sum.failed = Sum(sum.failed, more.failed);
  sum.starts = Sum(sum.starts, more.starts);
  sum.cpu_ns = Sum(sum.cpu_ns, more.cpu_ns);
  sum.held_ns = Sum(sum.held_ns, more.held_ns);
  sum.mib_ms += more.mib_ms;
  sum.bytes_in = Sum(sum.bytes_in, more.bytes_in);
  sum.bytes_out = Sum(sum.bytes_out, more.bytes_out);
}

Result<void> Store::AddUsage(const UsageBatch& batch) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  if (auto added = AddAll(*state_->database, batch); !added) return added;
  return transaction->Commit();
}

Result<UsageTotals> Store::GetUsage() {
  UsageTotals totals;
  auto query = state_->database->Prepare(
      "SELECT tenant, name, class, calls, failed, starts, cpu_ns, held_ns, mib_ms,"
      " bytes_in, bytes_out, since_ns FROM usage");
  if (!query) return std::unexpected(std::move(query).error());
  for (;;) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) break;
    totals.usage.emplace(
        UsageKey{.tenant = query->Text(0), .name = query->Text(1), .sandbox_class = query->Text(2)},
        Usage{.calls = query->Unsigned(3),
              .failed = query->Unsigned(4),
              .starts = query->Unsigned(5),
              .cpu_ns = query->Unsigned(6),
              .held_ns = query->Unsigned(7),
              .mib_ms = query->Real(8),
              .bytes_in = query->Unsigned(9),
              .bytes_out = query->Unsigned(10),
              .since = TimeOf(query->Int(11))});
  }
  auto processes = state_->database->Prepare("SELECT tenant, role, cpu_ns FROM process_usage");
  if (!processes) return std::unexpected(std::move(processes).error());
  for (;;) {
    auto row = processes->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return totals;
    totals.process_cpu_ns.emplace(std::pair(processes->Text(0), processes->Text(1)),
                                  processes->Unsigned(2));
  }
}

Result<std::map<std::string, MeterSource>> Store::MeterSources() {
  std::map<std::string, MeterSource> sources;
  auto query = state_->database->Prepare(
      "SELECT source, position, cpu_ns, held_ns, mib_ms FROM meter_sources");
  if (!query) return std::unexpected(std::move(query).error());
  for (;;) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return sources;
    sources.emplace(query->Text(0), MeterSource{.position = query->Unsigned(1),
                                                .cpu_ns = query->Unsigned(2),
                                                .held_ns = query->Unsigned(3),
                                                .mib_ms = query->Real(4)});
  }
}

}  // namespace strata::store
