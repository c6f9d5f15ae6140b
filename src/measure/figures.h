// measure/figures.h - what calls of one workload cost in each class on this host: the record that
// `strata measure` writes and that a scheduler or an advisor can start from.
//
// Pure. Tested by measure/figures_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace strata::measure {

// Times in milliseconds, as the client saw them; memory in MiB.
struct ClassFigures {
  std::string sandbox_class;
  std::string lacking;    // why the class could not be measured; empty: it was
  double deploy_ms = 0;   // the first deployment: unpacking, compiling or booting included
  double first_ms = 0;    // the first call
  double memory_mib = 0;  // of one call, the most that the platform saw
  double cpu_ms = 0;      // of one call, on average
  std::vector<double> call_ms;
};

// The value below which `share` (0 to 1) of `values` lie; 0 when there are none.
double Percentile(std::vector<double> values, double share);

// {"class", "deploy_ms", "first_ms", "p50_ms", "p90_ms", "p99_ms", "max_ms", "memory_mib",
// "cpu_ms", "calls"} or
// {"class", "lacking"}.
Json ToJson(const ClassFigures& figures);

}  // namespace strata::measure
