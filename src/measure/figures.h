// measure/figures.h - what calls of one workload cost in each class on this host: the part of a
// record (record.h) that a scheduler starts from.
//
//   Record's rows --> [ FiguresOf ] --ToJson--> "classes" of the record --> scheduler/record.h
//
// Threads:  pure. Errors: none: a class of which a needed row has no samples is `lacking`.
// Tested by measure/figures_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text/json.h"
#include "measure/record.h"

namespace strata::measure {

// Times in milliseconds, as the client saw them; memory in MiB.
struct ClassFigures {
  std::string sandbox_class;
  std::string lacking;    // why the class could not be measured; empty: it was
  double deploy_ms = 0;   // a deployment: unpacking, compiling or booting included
  double first_ms = 0;    // the first call after it
  double memory_mib = 0;  // of one call, the most that the platform saw
  double cpu_ms = 0;      // of one call, on average
  std::vector<double> call_ms;
};

// From the rows of `in`, medians but for the memory; lacking where one that is needed has no
// samples.
ClassFigures FiguresOf(const Record& record, std::string_view in);

// {"class", "deploy_ms", "first_ms", "p50_ms", "p90_ms", "p99_ms", "max_ms", "memory_mib",
// "cpu_ms", "calls"} or {"class", "lacking"}; one that lacks nothing has a call.
Json ToJson(const ClassFigures& figures);

}  // namespace strata::measure
