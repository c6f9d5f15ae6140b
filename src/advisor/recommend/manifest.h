// advisor/recommend/manifest.h - the manifest that a recommendation ends in: the user's own with
// the class in it, or a new one of what was said.
//
// Threads: pure functions. Tested by manifest_test.cc and tests/e2e/recommend_test.py.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/report/text.h"
#include "base/text/json.h"
#include "model/device.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::advisor {

// A class is recommended to a workload that asks for this.
struct Choice {
  model::Class sandbox_class = model::Class::kContainer;
  model::Requires asked;
  std::vector<model::Device> devices;
  // What was said of them, for the `slo` of a new manifest: p99_ms and, of a Function, qps.
  std::optional<double> latency_ms;
  std::optional<double> launches_per_second;
};

struct Manifest {
  Json value;  // as model/manifest/manifest.h reads it
  // What the reader has to know of it: why the class is another one or is not there, what is a
  // place-holder.
  std::vector<Text> notes;
};

// `resource`, a Function or Service, with the name, `spec.class`, what is asked for and the
// devices, and with the artifact unless that is empty; all else stays, its `slo` too, but for a
// limit of memory that the class cannot give. Where no artifact that it has can be of the class, it
// is the best one that may be used and that it has an artifact for; where there is none, the
// manifest leaves the class out.
Manifest KeepManifest(model::Resource resource, const std::string& name,
                      const std::string& artifact, const Choice& choice);

// One of the few fields that are known. An empty artifact: a place-holder of the class's kind. Its
// `slo` is in whole numbers, none weaker than what was said; what it has no bound for is in a note.
Manifest NewManifest(const std::string& name, const std::string& artifact, bool function,
                     const Choice& choice);

}  // namespace strata::advisor
