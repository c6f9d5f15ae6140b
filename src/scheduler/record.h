// scheduler/record.h - what `strata measure` found out about this host, read: the priors of every
// workload that has no figures of its own yet.
//
// Pure. Tested by record_test.cc.
#pragma once

#include <map>

#include "base/json.h"
#include "base/result.h"
#include "model/values.h"
#include "scheduler/strategy.h"

namespace strata::scheduler {

using Record = std::map<model::Class, Figures>;

// {"workload": text, "classes": [{"class", "first_ms", "p50_ms", "p99_ms", "cpu_ms",
// "memory_mib", ...}]}; a class with "lacking" has no figures. kInvalidArgument: anything else,
// also a number that is negative or no number, and a field that nobody knows. Of a class that is
// there twice the last row counts.
Result<Record> ReadRecord(const Json& json);

}  // namespace strata::scheduler
