// api/handlers/advisor_answers.h - the advisor's questions as the API has them: one path each,
// under /v1/advisor.
//
//   GET path?query --> AdvisorRequest --> [ AdvisorOperation ] --> AdvisorAnswer
//   POST, of what has a record in its body
//
// Threads: `answer` runs on one of the API's two worker threads, never on the loop; it reads
// nothing but its request and the facts. Errors: those of the advisor's functions; kInvalidArgument
// also for a number that is none. Work is bounded: by kMostValues here, by the draws of a model,
// and by the patience with programs that are asked for their version. Tested by
// tests/e2e/advisor_api_test.py.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "advisor/system.h"
#include "api/context.h"
#include "api/handlers/advisor_form.h"
#include "base/result.h"
#include "measure/record.h"

namespace strata::api {

// Of a parameter that may come more than once.
inline constexpr std::size_t kMostValues = 64;
inline constexpr std::uint32_t kMostApiDraws = 10'000;

struct AdvisorRequest {
  Parameters parameters;
  measure::Record record;                             // where the operation has to do with it
  measure::Record earlier;                            // the body, where the operation has one
  std::optional<advisor::Installation> installation;  // where `system` is true
};

struct AdvisorOperation {
  std::string_view path;  // below /v1/advisor/
  Subject subject = Subject::kReport;
  std::vector<std::string_view> parameters;  // beside "format" and "lang"
  Result<AdvisorAnswer> (*answer)(const AdvisorRequest& request) = nullptr;
  bool installation = false;  // always asks for it, not only where `system` is true
  bool record = false;        // claims stand beside what was measured here
  bool slow = false;          // may take seconds: draws, or asks programs for their versions
  bool earlier = false;       // POST, and its body is a record that was measured before
};

std::span<const AdvisorOperation> AdvisorOperations();

}  // namespace strata::api
