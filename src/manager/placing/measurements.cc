#include "manager/placing/measurements.h"

#include <string>
#include <system_error>
#include <utility>

#include "base/files/files.h"

namespace strata::manager {

Measurements::Measurements(std::filesystem::path file, telemetry::Logger& log)
    : file_(std::move(file)) {
  std::error_code ignored;
  if (!std::filesystem::exists(file_, ignored)) return;
  auto text = ReadFile(file_.string(), measure::kMostRecord);
  auto json = text ? ParseJson(*text) : std::unexpected(text.error());
  auto record = json ? measure::ReadRecord(*json) : std::unexpected(json.error());
  if (!record) {
    log.Warn("what was measured here is lost", {{"error", record.error().message}});
    return;
  }
  json_ = measure::ToJson(*record);
  record_ = *std::move(record);
}

Result<void> Measurements::Put(const Json& record) {
  auto read = measure::ReadRecord(record);
  if (!read) return std::unexpected(std::move(read).error());
  measure::Record merged = measure::Merge(record_, *std::move(read));
  Json json = measure::ToJson(merged);
  const std::string text = DumpJson(json);
  if (text.size() >= measure::kMostRecord.count) {
    return Fail(Errc::kInvalidArgument,
                "with what is known already the record would be longer than " +
                    std::to_string(measure::kMostRecord.count) + " bytes");
  }
  auto kept = WriteFileAtomic(file_.string(), text + "\n", 0600);
  if (!kept) return kept;
  json_ = std::move(json);
  record_ = std::move(merged);
  return {};
}

std::optional<scheduler::Figures> Measurements::Of(model::Class sandbox_class) const {
  const auto found = record_.prior.find(sandbox_class);
  if (found == record_.prior.end()) return std::nullopt;
  return found->second;
}

}  // namespace strata::manager
