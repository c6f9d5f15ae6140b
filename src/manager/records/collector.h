// manager/records/collector.h - empties the cells' rings: call records become figures and access
// log lines, guests' output becomes function logs, spans go to the exporter.
//
//   cell --ring--> [ Collector ] --> figures, logs/access.log, logs/functions/T.F.log, spans
//
// A ring is drained every 20 ms while it has something and every 100 ms otherwise, and once more
// after its cell has ended, so nothing that a cell managed to write is lost. That is done in
// portions, between which the loop does what else it has to do. A record is freed in the ring only
// once what it says is durable in the accounts (accounts.h), where it counts once. After kill -9 of
// the manager the lines of the last drain may come again.
//
// What found no room, in a ring or on the disk, is counted in the metrics; serving goes on.
//
// What a cell writes is not trusted: records that do not decode are counted and skipped, a function
// is only ever logged under the names that this manager gave the cell.
//
// Threads: one loop. Tested by collector_test.cc, tests/e2e and tests/crash.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/broadcast.h"
#include "keeper/wire/messages.h"
#include "manager/cells/cell_process.h"
#include "manager/records/accounts.h"
#include "manager/records/figures.h"
#include "manager/records/rotating_file.h"
#include "telemetry/metrics.h"
#include "telemetry/ring.h"
#include "telemetry/trace.h"

namespace strata::manager {

class Collector {
 public:
  using SpanFn = std::function<void(telemetry::Span span)>;
  using CallFn =
      std::function<void(const cell::Function& function, const meter::CallRecord& record)>;
  using AccountFn = std::function<void()>;

  // `account`: tells the accounts of processes that have no ring, each time before they are stored.
  Collector(CellContext& context, Figures& figures, Accounts& accounts,
            telemetry::Registry& registry, SpanFn on_span, CallFn on_call, AccountFn account);

  // Empties the ring of this cell from now on, until it has ended and nothing is left there.
  void Attach(std::shared_ptr<CellProcess> cell);
  // The names of those.
  [[nodiscard]] std::set<std::string> cells() const;

  // Drains until the loop ends.
  Awaitable<void> Run();
  // Drains everything that is there now. A cell that writes on cannot hold it: what is read here is
  // not free for its writer before Persist(), so no more comes than a ring has room for.
  void DrainAll();
  // Makes what was drained durable in the accounts, and frees it in the rings; also when it could
  // not be made so (accounts.h): serving goes on.
  void Persist();

  // A line that a service's sandbox printed.
  void TakeLine(const std::string& tenant, const keeper::Printed& line);

  // Whether there is a log of a function, which may be deleted by now. Both names are DNS labels,
  // as of whatever writes one: they become the name of a file.
  [[nodiscard]] bool HasLog(std::string_view tenant, std::string_view function) const;
  // The log of a function; it is empty when it never wrote anything.
  Result<RotatingFile::Chunk> ReadLog(std::string_view tenant, std::string_view function,
                                      std::uint64_t offset);
  Result<std::uint64_t> LogTail(std::string_view tenant, std::string_view function,
                                std::uint32_t lines);
  // Ends when some function wrote a line, or after `patience`.
  Awaitable<void> WaitForLogs(std::chrono::milliseconds patience);

 private:
  // What a cell's ring had dropped when it was last looked at, by telemetry::RecordType.
  using Dropped = std::array<std::uint64_t, telemetry::kRecordTypes>;

  std::size_t Drain(CellProcess& cell, Dropped& seen);
  void Account(CellProcess& cell);
  void CountDropped(const CellProcess& cell, Dropped& seen);
  void Handle(CellProcess& cell, const telemetry::Record& record);
  // `again`: the line that it makes is written already.
  void HandleCall(CellProcess& cell, std::string_view payload, bool again);
  // `function`: null for a request that led to none.
  void LogAccess(const CellProcess& cell, const meter::CallRecord& record, std::string_view tenant,
                 const cell::Function* function);
  void HandleLog(CellProcess& cell, std::string_view payload);
  void HandleSpan(const CellProcess& cell, std::string_view payload);
  void HandleMirror(CellProcess& cell, std::string_view payload);
  void AppendLine(RotatingFile& file, const Json& line);
  [[nodiscard]] std::filesystem::path LogFile(std::string_view tenant,
                                              std::string_view function) const;
  RotatingFile* LogOf(const std::string& tenant, const std::string& function);
  void FlushAccessLog();
  void FinishLines();

  CellContext& context_;
  Figures& figures_;
  Accounts& accounts_;
  SpanFn on_span_;
  CallFn on_call_;
  AccountFn account_;
  telemetry::Counter& bad_records_;
  std::array<telemetry::Counter*, telemetry::kRecordTypes>
      dropped_{};  // null: not written by cells
  telemetry::Counter& access_dropped_;
  telemetry::Counter& lines_dropped_;
  std::map<std::shared_ptr<CellProcess>, Dropped> attached_;
  std::optional<RotatingFile> access_log_;
  std::string access_lines_;
  std::map<std::pair<std::string, std::string>, RotatingFile> logs_;
  Broadcast new_lines_;
};

}  // namespace strata::manager
