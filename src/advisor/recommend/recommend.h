// advisor/recommend/recommend.h - `strata recommend`: what the documents' trees, rules, tables and
// scores say of a workload, where they disagree, and one class as the answer.
//
// The answer is the class that most trees come to, of those that the scheduler does not hold to be
// below what is asked for; of equals the one of the scheduler's own rule, and where that is none of
// them the one that isolates most. How many trees agree is told beside it: that is the confidence.
// The platform itself places by what it has measured (docs/placement.md), and may choose another
// class when the manifest leaves it the choice.
//
// Threads: pure functions. Tested by recommend_test.cc and tests/e2e/recommend_test.py.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/report/report.h"
#include "base/json.h"
#include "base/result.h"
#include "measure/record.h"
#include "model/values.h"

namespace strata::advisor {

struct RecommendQuestion {
  Case about;
  std::vector<std::string> needs;     // rows of the scenario table and the quick reference
  std::vector<std::string> devices;   // "USB/PCI", "GPU", "vGPU": rows of the quick reference
  std::vector<std::string> features;  // of the kernel: "epoll", "io_uring"
  std::string weights;                // a scenario of the score model; empty: none
  std::string name = "app";           // of the manifest
  std::string artifact;               // empty: a place-holder of the kind that the class takes
};

struct Recommendation {
  Report report;
  model::Class sandbox_class = model::Class::kContainer;
  Json manifest;  // model::ToYaml of it is what the report ends in
};

// The report ends in the manifest. kNotFound: no such need, device, kernel feature or scenario;
// kInvalidArgument: `name` is no name, or `artifact` no text.
Result<Recommendation> Recommend(const RecommendQuestion& question);

// A case study or a business case, with its needs, selection and effects, each beside what was
// measured here where that can be measured; else it says what is missing, or that this platform
// does not measure it. kNotFound: neither.
Result<Report> LikeCase(std::string_view name, const measure::Record& record = {});

}  // namespace strata::advisor
