// manager/records/accounts.h - what calls used, made durable: each call counted once, whatever is
// killed.
//
//   ring --> Collector --> [ Accounts: in memory, a second at most ] --one transaction--> Store
//
// A transaction has the sums and how far in each cell's ring they reach; only then the ring's space
// is freed. A manager that is killed in between leaves the records where they are, and the next one
// reads them; one that is killed afterwards leaves a position, and the next one skips to it. A
// cell's ring outlives the cell here, and the manager in the cell.
//
// What is not counted: calls whose cell died before it had written their record (right after the
// last byte of the answer), those that found no room in a full ring (counted as dropped), those
// whose function only an earlier manager knew (cells/known_functions.h), and those that only the
// rings knew when a manager and a cell died together, or the cell ended by itself
// because no manager came for a minute. A keeper tells totals of its services, of which what is
// more than was stored is counted; what it had not told when it was killed is not. While the disk
// takes nothing, rings are freed all the same and what they held is kept in memory: a manager that
// is killed then loses it.
//
// CPU time of the cells themselves is counted beside: what their guests did not use is `overhead`.
//
// What a record claims is not trusted: no claim can stop the counting, or reach another tenant.
//
// Threads: one loop; Flush blocks for a disk sync, once a second while there are calls. Tested by
// accounts_test.cc and tests/crash/kill_meter_test.py.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "keeper/wire/reports.h"
#include "meter/call_record.h"
#include "store/store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace strata::manager {

// Whether guests of this class compute in cells, not in processes of their own.
bool RunsInCells(std::string_view sandbox_class) noexcept;

class Accounts {
 public:
  enum class Metering : bool { kOff, kOn };  // off: nothing is counted

  // All outlive it.
  Accounts(store::Store& store, const Clock& clock, telemetry::Registry& registry,
           telemetry::Logger& log, Metering metering);

  // Learns how far earlier managers have counted. Before anything else: on failure nothing may be
  // counted, for it might be counted twice.
  Result<void> Recover();
  // Only these cells and keepers are left; what else was known ended while no manager ran.
  void KeepOnly(const std::set<std::string>& processes);

  // Whether the sandbox of a call was there for it alone; one that stays in a cell holds memory for
  // longer than anything here tells. Calls of a keeper's service say that themselves
  // (meter::Shared).
  enum class Sandbox : std::uint8_t { kOfTheCall, kStays };
  // A call that came from `cell`.
  void Add(const std::string& cell, const store::UsageKey& whose, Sandbox sandbox,
           const meter::CallRecord& record);
  // What a service's sandboxes have used since their keeper began. The CPU time that was not
  // counted before, also not by an earlier manager.
  std::chrono::nanoseconds AddUse(const std::string& keeper, const store::UsageKey& whose,
                                  const keeper::Use& used);

  // Where the ring of a cell goes on that an earlier manager counted up to there; 0: anywhere.
  [[nodiscard]] std::uint64_t PositionOf(const std::string& cell) const;

  // What comes from `cell` was added up to `position` in its ring, and it has computed for `cpu`
  // since it began. `role` is "cell" or "front".
  void Reached(const std::string& cell, const std::string& tenant, const std::string& role,
               std::uint64_t position, std::chrono::nanoseconds cpu);
  // Nothing more comes from it, nor of what it ran. What its guests used since it was last Reached
  // counts as its own CPU time, too: then nobody knows that.
  void Ended(const std::string& cell, const std::string& tenant, const std::string& role);

  [[nodiscard]] bool Due() const;
  // Makes durable what was added. On failure it stays in memory, for the next time.
  Result<void> Flush();

  // All that was counted so far, durable or not.
  Result<store::UsageTotals> Totals();

 private:
  void Add(const store::UsageKey& whose, store::Usage more);
  template <typename Predicate>
  void Forget(Predicate gone);

  store::Store& store_;
  const Clock& clock_;
  telemetry::Logger& log_;
  telemetry::Counter& failures_;
  const bool metering_;
  // By cell, or by keeper and service, as it will be stored.
  std::map<std::string, store::MeterSource> reached_;
  std::map<std::string, std::uint64_t> guests_ns_;  // by cell, since it was last Reached
  store::UsageBatch batch_;
  TimePoint flushed_;
  bool failing_ = false;  // the last Flush did
};

}  // namespace strata::manager
