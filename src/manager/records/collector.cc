#include "manager/records/collector.h"

#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/compile.h>
#include <fmt/format.h>

#include "base/files/files.h"
#include "base/text/hex.h"
#include "base/timestamp.h"
#include "cell/wire/log_line.h"
#include "meter/call_record.h"
#include "model/rules.h"
#include "model/values.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBusy{20};
constexpr milliseconds kIdle{100};
constexpr Bytes kAccessLogLimit = 64_MiB;
constexpr Bytes kFunctionLogLimit = 8_MiB;
constexpr Bytes kChunk = 256_KiB;
constexpr Bytes kPortion = 64_KiB;  // some 300 calls, a millisecond
constexpr int kPortions = 16;       // of one ring, before it is the next one's turn

// A fixed, zero-padded field of a record as text.
template <std::size_t N>
std::string_view FieldText(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

struct Kind {
  telemetry::RecordType type;
  const char* name;
};
constexpr std::array kKinds = {
    Kind{telemetry::RecordType::kCall, "call"}, Kind{telemetry::RecordType::kLog, "log"},
    Kind{telemetry::RecordType::kSpan, "span"}, Kind{telemetry::RecordType::kMirror, "mirror"}};

const char* RoleOf(const CellProcess& cell) { return cell.is_front() ? "front" : "cell"; }

telemetry::Counter& LogBytesDropped(telemetry::Registry& registry, const char* log) {
  return registry.GetCounter("strata_manager_log_dropped_bytes_total",
                             "Log text that could not be written; the disk may be full.",
                             {{"log", log}});
}

}  // namespace

Collector::Collector(CellContext& context, Figures& figures, Accounts& accounts,
                     telemetry::Registry& registry, SpanFn on_span, CallFn on_call,
                     AccountFn account)
    : context_(context),
      figures_(figures),
      accounts_(accounts),
      on_span_(std::move(on_span)),
      on_call_(std::move(on_call)),
      account_(std::move(account)),
      bad_records_(registry.GetCounter("strata_manager_bad_records_total",
                                       "Ring records that did not decode.")),
      access_dropped_(LogBytesDropped(registry, "access")),
      lines_dropped_(LogBytesDropped(registry, "functions")),
      new_lines_(context.loop) {
  for (const Kind& kind : kKinds) {
    dropped_[static_cast<std::size_t>(kind.type)] = &registry.GetCounter(
        "strata_manager_records_dropped_total",
        "Records that found no room in their cell's ring: a call that no other figure counts, a "
        "guest's line, a span, what came of a copy of a request.",
        {{"kind", kind.name}});
  }
  auto log = RotatingFile::Open(context.dir.logs() / "access.log", kAccessLogLimit);
  if (log) {
    access_log_.emplace(std::move(*log));
  } else {
    context.log.Error("no access log", log.error());
  }
}

Awaitable<void> Collector::Run() {
  Promise<std::monostate> never(context_.loop);
  for (;;) {
    std::size_t handled = 0;
    bool full = false;
    for (auto at = attached_.begin(); at != attached_.end();) {
      CellProcess& cell = *at->first;
      std::size_t got = 0;
      for (int portion = 0; portion < kPortions; ++portion) {
        const std::size_t some = Drain(cell, at->second);
        if (some == 0) break;
        got += some;
        co_await asio::post(context_.loop, kAwait);  // others of the loop are not made to wait
      }
      handled += got;
      full = full || cell.ring().holds_much();
      if (got == 0 && !cell.alive()) {
        Account(cell);
        accounts_.Ended(cell.name(), cell.tenant(), RoleOf(cell));
        at = attached_.erase(at);
      } else {
        ++at;
      }
    }
    FinishLines();
    if (full || accounts_.Due()) Persist();
    (void)co_await never.Wait(handled > 0 ? kBusy : kIdle);
  }
}

void Collector::DrainAll() {
  for (auto& [cell, seen] : attached_) {
    // What comes meanwhile is left for later: a cell may write as fast as it is read.
    const std::uint64_t until = cell->ring().written();
    while (cell->ring().end() < until && Drain(*cell, seen) > 0) continue;
  }
  FinishLines();
}

// Lines of a manager that is killed before this are written by the next one, some a second time.
void Collector::FinishLines() {
  FlushAccessLog();
  for (const auto& [cell, seen] : attached_) cell->ring().NoteHandled();
}

void Collector::Attach(std::shared_ptr<CellProcess> cell) {
  // What an earlier manager counted, which was killed before it could free it.
  const std::uint64_t counted = accounts_.PositionOf(cell->name());
  if (counted > cell->ring().end()) {
    if (auto skipped = cell->ring().SkipTo(counted); !skipped) {
      bad_records_.Add();
      context_.log.Error("a cell's ring went back", skipped.error());
    }
  }
  attached_.try_emplace(std::move(cell));
}

std::set<std::string> Collector::cells() const {
  std::set<std::string> names;
  for (const auto& [cell, seen] : attached_) names.insert(cell->name());
  return names;
}

void Collector::Account(CellProcess& cell) {
  // Of an adopted one that has ended nobody knows it; its ring ends with us.
  if (const auto cpu = cell.cpu_time()) {
    accounts_.Reached(cell.name(), cell.tenant(), RoleOf(cell), cell.ring().end(), *cpu);
  }
}

void Collector::Persist() {
  for (const auto& [cell, seen] : attached_) Account(*cell);
  account_();
  (void)accounts_.Flush();
  for (const auto& [cell, seen] : attached_) cell->ring().Commit();
}

void Collector::CountDropped(const CellProcess& cell, Dropped& seen) {
  for (const Kind& kind : kKinds) {
    const auto index = static_cast<std::size_t>(kind.type);
    const std::uint64_t now = cell.ring().dropped(kind.type);
    // A cell that counts backwards lies; nothing is added for it.
    if (now > seen[index]) dropped_[index]->Add(now - seen[index]);
    seen[index] = now;
  }
}

std::size_t Collector::Drain(CellProcess& cell, Dropped& seen) {
  CountDropped(cell, seen);
  auto records = cell.ring().Read(kPortion);
  if (!records) {
    bad_records_.Add();
    context_.log.Error("a cell broke its ring", records.error());
    return 0;
  }
  for (const telemetry::Record& record : *records) Handle(cell, record);
  return records->size();
}

void Collector::Handle(CellProcess& cell, const telemetry::Record& record) {
  // By a manager that was killed before it had counted it.
  const bool again = record.position < cell.ring().handled();
  switch (record.type) {
    case telemetry::RecordType::kCall:
      HandleCall(cell, record.payload, again);
      break;
    case telemetry::RecordType::kLog:
      if (!again) HandleLog(cell, record.payload);
      break;
    case telemetry::RecordType::kSpan:
      if (!again) HandleSpan(cell, record.payload);
      break;
    case telemetry::RecordType::kMirror:
      if (!again) HandleMirror(cell, record.payload);
      break;
    case telemetry::RecordType::kAudit:
      bad_records_.Add();  // no cell of this version writes any
      break;
  }
}

void Collector::HandleCall(CellProcess& cell, std::string_view payload, bool again) {
  meter::CallRecord record;
  if (payload.size() != sizeof(record)) {
    bad_records_.Add();
    return;
  }
  std::memcpy(&record, payload.data(), sizeof(record));
  const bool routed = record.revision != meter::kNoRevision;
  const auto* found = routed ? cell.FindFunction(record.generation, record.revision) : nullptr;
  if ((routed && found == nullptr) || !meter::Possible(record)) {
    bad_records_.Add();
    return;
  }
  if (routed) {
    const cell::Function& function = *found;
    accounts_.Add(
        cell.name(),
        {.tenant = function.tenant, .name = function.name, .sandbox_class = function.sandbox_class},
        function.service ? Accounts::Sandbox::kStays : Accounts::Sandbox::kOfTheCall, record);
    if (again) return;
    figures_.Add({function.tenant, function.name, function.sandbox_class}, function.revision,
                 record);
    on_call_(function, record);
    LogAccess(cell, record, function.tenant, &function);
  } else if (!again) {
    figures_.AddUnrouted(cell.tenant(), record.status);
    LogAccess(cell, record, cell.tenant(), nullptr);
  }
}

void Collector::LogAccess(const CellProcess& cell, const meter::CallRecord& record,
                          std::string_view tenant, const cell::Function* function) {
  if (!context_.options.observe.access_log) return;
  // Method and path come from a client: DumpJson escapes what could fake a line.
  fmt::format_to(
      std::back_inserter(access_lines_),
      FMT_COMPILE(
          R"({{"ts":"{}","namespace":"{}","function":"{}","class":"{}","revision":{},"method":{},"path":{},)"
          R"("status":{},"exit":"{}","queue_us":{},"instantiate_us":{},"run_us":{},"write_us":{},)"
          R"("cpu_us":{},"memory_kib":{},"bytes_in":{},"bytes_out":{},"cold":{},"cut_off":{},"trace_id":"{}",)"
          R"("cell":"{}"}})"
          "\n"),
      Rfc3339(FromEpoch(record.wall_start_ns)), tenant, function == nullptr ? "" : function->name,
      function == nullptr ? "" : function->sandbox_class,
      function == nullptr ? 0 : function->revision, DumpJson(FieldText(record.method)),
      DumpJson(FieldText(record.path)), record.status,
      model::ExitReasonName(static_cast<model::ExitReason>(record.exit)), record.queue_ns / 1000,
      record.instantiate_ns / 1000, record.run_ns / 1000, record.write_ns / 1000,
      record.cpu_ns / 1000, record.memory_peak >> 10, record.bytes_in, record.bytes_out,
      meter::Cold(record), record.cut_off == 1,
      HexEncode(std::as_bytes(std::span(record.trace_id))), cell.name());
  if (access_lines_.size() > kChunk.count) FlushAccessLog();
}

void Collector::FlushAccessLog() {
  if (access_log_) access_dropped_.Add(access_log_->Append(access_lines_));
  access_lines_.clear();
}

void Collector::HandleLog(CellProcess& cell, std::string_view payload) {
  auto line = cell::DecodeLogLine(payload);
  if (!line) {
    bad_records_.Add();
    return;
  }
  const auto* function = cell.FindFunction(line->generation, line->function);
  if (function == nullptr) {
    bad_records_.Add();
    return;
  }
  RotatingFile* file = LogOf(function->tenant, function->name);
  if (file == nullptr) return;
  Json json{{"ts", Rfc3339(FromEpoch(line->time_ns))},
            {"stream", line->stream},
            {"class", function->sandbox_class},
            {"revision", function->revision},
            {"text", line->text}};
  if (!line->trace_id.empty()) json["trace_id"] = line->trace_id;
  if (!line->sandbox.empty()) json["sandbox"] = line->sandbox;
  AppendLine(*file, json);
}

void Collector::TakeLine(const std::string& tenant, const keeper::Printed& line) {
  RotatingFile* file = LogOf(tenant, line.name);
  if (file == nullptr) return;
  AppendLine(*file, {{"ts", Rfc3339(context_.clock.WallNow())},
                     {"stream", line.stream},
                     {"class", line.sandbox_class},
                     {"sandbox", line.sandbox},
                     {"text", line.text}});
}

void Collector::AppendLine(RotatingFile& file, const Json& line) {
  lines_dropped_.Add(file.Append(DumpJson(line) + "\n"));
  new_lines_.Notify();
}

void Collector::HandleMirror(CellProcess& cell, std::string_view payload) {
  meter::MirrorRecord record;
  if (payload.size() != sizeof(record)) {
    bad_records_.Add();
    return;
  }
  std::memcpy(&record, payload.data(), sizeof(record));
  const auto* function = cell.FindFunction(record.generation, record.function);
  if (function == nullptr || record.outcome >= meter::kMirrorOutcomes) {
    bad_records_.Add();
    return;
  }
  figures_.AddMirrored(function->tenant, function->name + function->target,
                       static_cast<meter::MirrorOutcome>(record.outcome));
}

void Collector::HandleSpan(const CellProcess& cell, std::string_view payload) {
  auto span = telemetry::SpanFromJson(payload);
  const auto is_anothers = [&cell](const auto& attribute) {
    return attribute.first == "strata.namespace" && attribute.second != cell.tenant();
  };
  if (!span || (!cell.is_front() && std::ranges::any_of(span->attributes, is_anothers))) {
    bad_records_.Add();
    return;
  }
  on_span_(std::move(*span));
}

// Both names are DNS labels: neither holds a dot or a slash.
std::filesystem::path Collector::LogFile(std::string_view tenant, std::string_view function) const {
  return context_.dir.logs() / "functions" /
         (std::string(tenant) + "." + std::string(function) + ".log");
}

bool Collector::HasLog(std::string_view tenant, std::string_view function) const {
  std::error_code ignored;
  return std::filesystem::exists(LogFile(tenant, function), ignored);
}

RotatingFile* Collector::LogOf(const std::string& tenant, const std::string& function) {
  const auto found = logs_.find({tenant, function});
  if (found != logs_.end()) return &found->second;
  // Whoever said so, no other name becomes a file's.
  if (model::DnsLabelProblem(tenant) || model::DnsLabelProblem(function)) return nullptr;
  const auto path = LogFile(tenant, function);
  auto made = MakeDirectories(path.parent_path());
  auto file = RotatingFile::Open(path, kFunctionLogLimit);
  if (!made || !file) {
    context_.log.Error("no function log", made ? file.error() : made.error());
    return nullptr;
  }
  return &logs_.emplace(std::pair(tenant, function), std::move(*file)).first->second;
}

Result<RotatingFile::Chunk> Collector::ReadLog(std::string_view tenant, std::string_view function,
                                               std::uint64_t offset) {
  RotatingFile* file = LogOf(std::string(tenant), std::string(function));
  if (file == nullptr) return Fail(Errc::kUnavailable, "the function's log cannot be opened");
  return file->Read(offset, kChunk);
}

Result<std::uint64_t> Collector::LogTail(std::string_view tenant, std::string_view function,
                                         std::uint32_t lines) {
  RotatingFile* file = LogOf(std::string(tenant), std::string(function));
  if (file == nullptr) return Fail(Errc::kUnavailable, "the function's log cannot be opened");
  return file->TailOffset(lines);
}

Awaitable<void> Collector::WaitForLogs(milliseconds patience) {
  co_await new_lines_.Wait(patience);
}

}  // namespace strata::manager
