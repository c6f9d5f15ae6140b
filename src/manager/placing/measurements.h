// manager/placing/measurements.h - what this host was measured to do: the record that `strata
// measure` gave us, kept beside the state, and what the scheduler makes of it.
//
//   PUT /v1/measurements --> [ Measurements: file ] --> scheduler's priors
//
// Threads: one loop. A file that cannot be read is as none, which is logged; the next one replaces
// it. Tested by tests/e2e/placement_test.py.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "base/text/json.h"
#include "measure/record.h"
#include "model/values.h"
#include "scheduler/placing/figures.h"
#include "telemetry/log.h"

namespace strata::manager {

class Measurements {
 public:
  Measurements(std::filesystem::path file, telemetry::Logger& log);

  // Replaces what is known of the record's classes, with their rows; others stay. kInvalidArgument:
  // it is no record, or all together would be too long.
  Result<void> Put(const Json& record);
  [[nodiscard]] const Json& record() const noexcept { return json_; }

  [[nodiscard]] std::optional<scheduler::Figures> Of(model::Class sandbox_class) const;

 private:
  const std::filesystem::path file_;
  Json json_ = {{"classes", Json::array()}};
  measure::Record record_;
};

}  // namespace strata::manager
