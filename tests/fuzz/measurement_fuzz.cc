// Any bytes as what the yardstick answers, and as a record of measurements: reading both is total;
// what was read of a record is written so that it reads and writes the same, and merging it with
// itself changes nothing.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/text/json.h"
#include "measure/kinds.h"
#include "measure/record.h"

namespace measure = strata::measure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto answer = measure::ReadAnswer(text)) {
    for (const auto& [name, value] : *answer) STRATA_CHECK(std::isfinite(value) && value >= 0);
  }
  const auto json = strata::ParseJson(text, measure::kMostRecord);
  if (!json) return 0;
  const auto record = measure::ReadRecord(*json);
  if (!record) return 0;
  const strata::Json written = measure::ToJson(*record);
  const auto again = measure::ReadRecord(written);
  STRATA_CHECK(again.has_value());
  STRATA_CHECK(measure::ToJson(*again) == written);
  const auto merged = measure::ReadRecord(measure::ToJson(measure::Merge(*record, *again)));
  STRATA_CHECK(merged.has_value());
  STRATA_CHECK(merged->prior.size() == record->prior.size());
  return 0;
}
