// measure/record.h - what `strata measure` found out about a host, with every sample: the file that
// --record writes and that the server keeps as STRATA_HOME/measurements.json.
//
//   strata measure → [ Record ] → PUT /v1/measurements → scheduler's prior (scheduler/record.h)
//                        ├→ strata measure --compare, strata compare, strata report
//
// The JSON, of which nothing else is read (`in`: a class's name, "process": the same program with
// nothing around it, "host": what belongs to no sandbox):
//
//   {"schema": "strata.dev/measurements/v2",
//    "measured": "2026-11-27T17:30:00Z",             when its last row was taken
//    "strata": "0.4.0", "mode": "quick" | "full", "seconds": 120.5,
//    "host": {"kernel": "6.18.5", "machine": "x86_64", "processor": "AMD EPYC", "processors": 2,
//             "memory_mib": 23552, "load": 0.4},
//    "versions": {"runc": "runc version 1.1.5"},     of the runtimes, as they say it
//    "workload": "hello", "classes": [...],          as scheduler/record.h reads them
//    "rows": [{"row": "cold_start", "in": "wasm", "unit": "ms", "samples": [2.4, 2.1]},
//             {"row": "epoll_wakeup", "in": "wasm", "unit": "ns", "samples": [],
//              "lacking": "WASI has no epoll"}]}
//
// `row` is an id of measure/rows.h, `unit` is its unit, and a row is in a place once. Samples are
// in the order in which they were taken, rounded to six digits; none is left out. What was written
// before there was a schema has "workload" and "classes" only: that is still a prior, and is read
// here as a record without rows.
//
// Threads: values and pure functions. Tested by record_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "scheduler/record.h"

namespace strata::measure {

// No longer one is read.
inline constexpr Bytes kMostRecord = Bytes::MiB(1);

// Where a row was measured that is no class of the platform.
inline constexpr std::string_view kProcess = "process";
inline constexpr std::string_view kHost = "host";

// One row in one place.
struct Series {
  std::string row;
  std::string in;
  std::string unit;
  std::vector<double> samples;
  std::string lacking;  // why there are no samples, or no more; empty: nothing went wrong
  friend bool operator==(const Series&, const Series&) = default;
};

struct HostFacts {
  std::string kernel;
  std::string machine;
  std::string processor;
  double processors = 0;
  double memory_mib = 0;
  double load = 0;  // of the last minute, when measuring began
  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

struct Record {
  std::string measured;  // empty: it is of the form without a schema
  std::string strata;
  std::string mode;
  double seconds = 0;
  HostFacts host;
  std::map<std::string, std::string> versions;
  std::string workload;
  Json classes = Json::array();
  scheduler::Record prior;  // of `classes`
  std::vector<Series> rows;

  // Nothing: it was not measured there.
  [[nodiscard]] const Series* Find(std::string_view row, std::string_view in) const noexcept;
};

// `prior` is not written: it is what `classes` says.
Json ToJson(const Record& record);

// kInvalidArgument: it is no record, or one of a later schema; the message says which member.
Result<Record> ReadRecord(const Json& json);

// `newer` with what only `older` has: classes, and rows of places that `newer` did not look at.
Record Merge(const Record& older, Record newer);

}  // namespace strata::measure
