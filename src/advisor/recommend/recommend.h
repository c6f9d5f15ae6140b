// advisor/recommend/recommend.h - `strata recommend`: what the documents' trees, rules, tables and
// scores say of a workload, where they disagree, and one class as the answer.
//
// answer.h has how the answer follows from them and what its confidence means.
// The platform itself places by what it has measured (docs/placement.md), and may choose another
// class when the manifest leaves it the choice.
//
// Threads: pure functions. Tested by recommend_test.cc and tests/e2e/recommend_test.py.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/report/report.h"
#include "base/result.h"
#include "base/text/json.h"
#include "measure/record.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::advisor {

struct RecommendQuestion {
  Case about;
  std::vector<std::string> needs;     // rows of the scenario table and the quick reference
  std::vector<std::string> devices;   // "USB", "GPU", "usb:1050:0407": devices.h
  std::vector<std::string> features;  // of the kernel: "epoll", "io_uring"
  std::string weights;                // a scenario of the score model; empty: none
  std::string name = "app";           // of the manifest
  std::string artifact;               // empty: a place-holder of the kind that the class takes
  // The manifest that it is about, whose name and artifacts are then those above, unless they are
  // said otherwise.
  std::optional<model::Resource> from;
  measure::Record record;  // what was measured here, beside what is asked for; empty: nothing
};

// What a Function or Service says of itself; what the question said already, and is said after
// this, goes before it.
void Take(model::Resource workload, RecommendQuestion& question);

struct Recommendation {
  Report report;
  model::Class sandbox_class = model::Class::kContainer;
  Json manifest;                     // model::ToYaml of it is what the report ends in
  std::vector<Text> manifest_notes;  // what the reader of the manifest has to know
};

// The report ends in the manifest. kNotFound: no such need, device, kernel feature or scenario;
// kInvalidArgument: `name` is no name, `artifact` no reference, or the manifest of another kind
// than function_type says.
Result<Recommendation> Recommend(const RecommendQuestion& question);

// A case study or a business case, with its needs, selection and effects, each beside what was
// measured here where that can be measured; else it says what is missing, or that this platform
// does not measure it. kNotFound: neither.
Result<Report> LikeCase(std::string_view name, const measure::Record& record = {});

}  // namespace strata::advisor
