#include "manager/measurements.h"

#include <algorithm>
#include <utility>

#include "base/files.h"

namespace strata::manager {
namespace {

constexpr Bytes kLongest = 1_MiB;

}  // namespace

Measurements::Measurements(std::filesystem::path file, telemetry::Logger& log)
    : file_(std::move(file)) {
  std::error_code ignored;
  if (!std::filesystem::exists(file_, ignored)) return;
  auto text = ReadFile(file_.string(), kLongest);
  auto json = text ? ParseJson(*text) : std::unexpected(text.error());
  auto record = json ? scheduler::ReadRecord(*json) : std::unexpected(json.error());
  if (!record) {
    log.Warn("what was measured here is lost", {{"error", record.error().message}});
    return;
  }
  json_ = *std::move(json);
  record_ = *std::move(record);
}

Result<void> Measurements::Put(const Json& record) {
  if (auto read = scheduler::ReadRecord(record); !read) return std::unexpected(read.error());
  Json merged = record;
  merged["classes"] = json_["classes"];
  for (const Json& row : record["classes"]) {
    const auto same = [&row](const Json& each) { return each["class"] == row["class"]; };
    const auto found = std::ranges::find_if(merged["classes"], same);
    if (found == merged["classes"].end()) {
      merged["classes"].push_back(row);
    } else {
      *found = row;
    }
  }
  auto read = scheduler::ReadRecord(merged);
  if (!read) return std::unexpected(std::move(read).error());
  auto kept = WriteFileAtomic(file_.string(), DumpJson(merged) + "\n", 0600);
  if (!kept) return kept;
  json_ = std::move(merged);
  record_ = *std::move(read);
  return {};
}

std::optional<scheduler::Figures> Measurements::Of(model::Class sandbox_class) const {
  const auto found = record_.find(sandbox_class);
  if (found == record_.end()) return std::nullopt;
  return found->second;
}

}  // namespace strata::manager
