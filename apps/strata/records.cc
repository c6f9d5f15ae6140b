#include "records.h"

#include <filesystem>
#include <system_error>

#include "measured_record.h"
#include "output.h"

namespace strata::cli {

Result<measure::Record> LoadRecord(const Session& session, const std::string& file) {
  if (!file.empty()) return ReadRecordFile(file);
  const std::filesystem::path kept = session.home / "measurements.json";
  std::error_code ignored;
  if (!std::filesystem::exists(kept, ignored)) return measure::Record();
  auto record = ReadRecordFile(kept);
  if (record) return record;
  PrintError("what was measured here is not shown: " + record.error().message);
  return measure::Record();
}

}  // namespace strata::cli
