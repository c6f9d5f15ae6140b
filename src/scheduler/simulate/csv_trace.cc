#include "scheduler/simulate/csv_trace.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "base/text/strings.h"
#include "scheduler/simulate/generator.h"
#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kMostName = 256;
constexpr std::size_t kMostShown = 64;
constexpr double kMost = 1e12;
// Of nanoseconds that are still far from overflowing when one is added to another: 73 years.
constexpr double kMostMs = 2.3e12;
static_assert(kMost < kMostMs);

enum Column : std::size_t {
  kFunction,
  kStart,
  kDuration,
  kMemory,
  kP99,
  kColdStart,
  kSecurity,
  kWasm
};
constexpr std::array<std::string_view, 8> kNames = {"function",   "start_ms", "duration_ms",
                                                    "memory_mib", "p99_ms",   "cold_start_ms",
                                                    "security",   "wasm"};
constexpr std::size_t kNeeded = 3;  // of them
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The text before the next comma, which `line` then no longer has.
std::string_view CutField(std::string_view& line) {
  const std::size_t comma = line.find(',');
  const std::string_view field = line.substr(0, comma);
  line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  return field;
}

std::size_t CountFields(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count(line, ',')) + 1;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMostName && std::ranges::all_of(text, [](char each) {
    return static_cast<unsigned char>(each) >= 0x20 && each != 0x7f && each != '"';
  });
}

std::optional<std::chrono::milliseconds> Milliseconds(std::string_view text) {
  const auto number = ReadNumber(text, kMost);
  if (!number || *number == 0) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(*number)));
}

std::optional<model::Level> LevelFromName(std::string_view name) {
  for (const model::Level each : {model::Level::kLow, model::Level::kMedium, model::Level::kHigh}) {
    if (model::LevelName(each) == name) return each;
  }
  return std::nullopt;
}

std::optional<bool> Truth(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

CsvReader::Demands DemandsOf(const Function& function) {
  return {.security = function.requires_.security, .slo = function.slo, .wasm = function.wasm};
}

}  // namespace

std::unexpected<Error> CsvReader::Wrong(const std::string& what) const {
  return Fail(Errc::kInvalidArgument, "line " + std::to_string(number_) + ": " + what);
}

// Without its end, "\n" or "\r\n".
Result<std::optional<std::string_view>> CsvReader::Line() {
  std::size_t end = buffer_.find('\n', used_);
  while (end == std::string::npos && !ended_) {
    buffer_.erase(0, used_);
    used_ = 0;
    const std::size_t had = buffer_.size();
    if (had > kMostLine) break;
    buffer_.resize(had + kChunk);
    auto got = input_.Read(std::span(buffer_).subspan(had));
    buffer_.resize(had + (got ? std::min(*got, kChunk) : 0));
    if (!got) return std::unexpected(std::move(got).error());
    ended_ = *got == 0;
    end = buffer_.find('\n', had);
  }
  if (end == std::string::npos) end = buffer_.size();
  if (ended_ && used_ == buffer_.size()) return std::nullopt;
  ++number_;
  std::string_view line = std::string_view(buffer_).substr(used_, end - used_);
  if (line.size() > kMostLine) return Wrong("longer than " + std::to_string(kMostLine) + " bytes");
  used_ = std::min(end + 1, buffer_.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<void> CsvReader::ReadHeader(std::string_view line) {
  const std::size_t fields = CountFields(line);
  for (std::size_t i = 0; i < fields; ++i) {
    const std::string_view name = CutField(line);
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) {
      return Wrong("there is no column '" + std::string(name.substr(0, kMostShown)) +
                   "'; the first line names function, start_ms, duration_ms and, if there are any, "
                   "memory_mib, p99_ms, cold_start_ms, security, wasm" +
                   DidYouMean(name, kNames));
    }
    const auto column = static_cast<std::size_t>(found - kNames.begin());
    if (std::ranges::find(columns_, column) != columns_.end()) {
      return Wrong("two columns are called " + std::string(name));
    }
    columns_.push_back(column);
  }
  for (std::size_t i = 0; i < kNeeded; ++i) {
    if (std::ranges::find(columns_, i) != columns_.end()) continue;
    return Wrong("no column is called " + std::string(kNames[i]));
  }
  return {};
}

Result<void> CsvReader::ReadField(std::size_t column, std::string_view field, Row& row) const {
  const auto take = [&](auto& to, const auto& read, const char* must) -> Result<void> {
    if (!read) return Wrong(std::string(kNames[column]) + must);
    to = *read;
    return {};
  };
  constexpr const char* kNumber = " is no number from 0 to 1e12";
  constexpr const char* kTime = " is no number above 0, at most 1e12";
  switch (column) {
    case kStart:
      return take(row.start_ms, ReadNumber(field, kMost), kNumber);
    case kDuration:
      return take(row.duration_ms, ReadNumber(field, kMost), kNumber);
    case kMemory:
      return take(row.memory_mib, ReadNumber(field, kMost), kNumber);
    case kP99:
      return take(row.demands.slo.p99, Milliseconds(field), kTime);
    case kColdStart:
      return take(row.demands.slo.cold_start, Milliseconds(field), kTime);
    case kSecurity:
      return take(row.demands.security, LevelFromName(field), " is none of low, medium, high");
    case kWasm:
      row.demands.wasm = Truth(field);
      if (!row.demands.wasm) return Wrong("wasm is neither true nor false");
      return {};
    default:
      if (!IsName(field)) return Wrong("function is no name of 1 to 256 printable bytes");
      row.function = field;
      return {};
  }
}

Result<CsvReader::Row> CsvReader::ReadRow(std::string_view line) {
  if (CountFields(line) != columns_.size()) {
    return Wrong(std::to_string(columns_.size()) + " fields were named, it has " +
                 std::to_string(CountFields(line)));
  }
  Row row;
  for (const std::size_t column : columns_) {
    const std::string_view field = CutField(line);
    if (field.empty() && column >= kNeeded) continue;
    if (auto good = ReadField(column, field, row); !good) return std::unexpected(good.error());
  }
  if (row.start_ms < last_start_ms_)
    return Wrong("it starts before the line above: sort by start_ms");
  last_start_ms_ = row.start_ms;
  return row;
}

Result<std::optional<CsvReader::Row>> CsvReader::Next() {
  auto line = Line();
  if (!line) return std::unexpected(std::move(line).error());
  if (*line && columns_.empty()) {
    if ((*line)->starts_with(kByteOrderMark)) (*line)->remove_prefix(kByteOrderMark.size());
    if (auto good = ReadHeader(**line); !good) return std::unexpected(std::move(good).error());
    line = Line();
    if (!line) return std::unexpected(std::move(line).error());
  }
  if (!*line) return std::nullopt;
  auto row = ReadRow(**line);
  if (!row) return std::unexpected(std::move(row).error());
  return *row;
}

Result<CsvFunctions> ScanCsv(Input& input) {
  CsvFunctions found;
  std::vector<std::uint64_t> calls;  // of each function
  CsvReader reader(input);
  for (;;) {
    auto row = reader.Next();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) break;
    const auto next = static_cast<std::uint32_t>(found.functions.size());
    const auto [at, is_new] = found.index.try_emplace(std::string((*row)->function), next);
    if (is_new) {
      if (next == kMostFunctions) {
        return Fail(Errc::kInvalidArgument,
                    "it has more than " + std::to_string(kMostFunctions) + " functions");
      }
      found.functions.push_back({.requires_ = {.security = (*row)->demands.security},
                                 .slo = (*row)->demands.slo,
                                 .wasm = (*row)->demands.wasm});
      calls.push_back(0);
    }
    Function& function = found.functions[at->second];
    if (DemandsOf(function) != (*row)->demands) {
      return reader.Wrong("an earlier line asks for something else for " + at->first +
                          ": what a function asks for is the same in all its lines");
    }
    const Bytes memory = Bytes::KiB(static_cast<std::uint64_t>((*row)->memory_mib * 1024));
    function.memory = std::max(function.memory, memory);
    function.work_p99_ms = std::max(function.work_p99_ms, (*row)->duration_ms);
    function.work_ms +=
        ((*row)->duration_ms - function.work_ms) / static_cast<double>(++calls[at->second]);
    ++found.calls;
  }
  if (found.calls == 0) return Fail(Errc::kInvalidArgument, "it has no call");
  return found;
}

CsvTrace::CsvTrace(std::unique_ptr<Input> input, std::shared_ptr<const CsvFunctions> functions)
    : input_(std::move(input)), functions_(std::move(functions)), reader_(*input_) {}

Result<std::optional<Call>> CsvTrace::Next() {
  auto row = reader_.Next();
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return std::nullopt;
  const auto found = functions_->index.find(std::string((*row)->function));
  if (found == functions_->index.end()) {
    return Fail(Errc::kFailedPrecondition, "the trace has changed since it was read first");
  }
  return Call{.function = found->second,
              .at = FromMs((*row)->start_ms),
              .work = FromMs((*row)->duration_ms)};
}

}  // namespace strata::scheduler::simulate
