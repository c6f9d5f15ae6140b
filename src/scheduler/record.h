// scheduler/record.h - what `strata measure` found out about this host, read: the priors of every
// workload that has no figures of its own yet.
//
//   the record's JSON --> [ ReadRecord ] --> Record --> Option::figures --> Choose
//                         [ Beyond, Beside ]   figures, moved from the class where calls ran
//                         [ Elsewhere ]        a bill, as it would be in another class
//                         [ PriceStart ]       what starting a sandbox computes, in the price list
//
// The record knows one small program only. So a workload is taken to need the same more than that
// program in every class: what it needs beyond it where it ran, beside what it needs there. The
// file as a whole, with its rows and samples, is measure/record.h's; this is what decides.
//
// Threads:  values and pure functions. Errors: as each says; nothing is half read.
// Tested by record_test.cc.
#pragma once

#include <map>
#include <string_view>

#include "base/result.h"
#include "base/text/json.h"
#include "meter/prices.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

using Record = std::map<model::Class, Figures>;

// Of the record's JSON. What was written before there was one has no "schema", and is read, too.
inline constexpr std::string_view kRecordSchema = "strata.dev/measurements/v2";

// The source of a record's figures, and of those that were made from them for a workload.
inline constexpr std::string_view kMeasured = "strata measure";
inline constexpr std::string_view kScaled = "strata measure + its own calls";

// What a workload needs beyond the record's program in a class where both ran; and what it would
// need in another one then. Never less than nothing.
//
// A call that waits for its sandbox takes what making one takes in the class, and then what the
// workload does itself, its own start included:
//
//   cold start there = the record's first call there + what more the workload's own took here
//
// of calls that waited here; where it is not known how long such calls take, of all calls (p99). A
// server's calls are all but the first without its start, so that is the least that it may take.
Figures Beyond(const Figures& own, const Figures& prior);
Figures Beside(const Figures& prior, const Figures& more);

// What sandboxes of a class used, in all.
struct Load {
  double starts = 0;  // of sandboxes for one call each; none: they stay
  double cpu_ms = 0;
  double held_ms = 0;  // how long there were sandboxes, added up
  double mib_ms = 0;
};

// What the same calls would have used in another class, by Beyond and Beside. What stays would have
// been there for as long and computed as much: the record knows calls that start a sandbox only.
meter::Amount Elsewhere(const Load& load, const Figures& here, const Figures& there);

// Where `prices` were given none for a start of the class: what one of the record's program cost
// this host beyond what the guest itself computed, by Figures::busy_ms.
void PriceStart(meter::Prices& prices, model::Class sandbox_class, const Figures& figures);

// {"workload": text, "classes": [{"class", "first_ms", "p50_ms", "p99_ms", "cpu_ms",
// "memory_mib", ...}]}; a class with "lacking" has no figures. With a "schema" there is more, which
// is for others and not looked at (measure/record.h). kInvalidArgument: anything else, also a
// number that is negative or no number, a field that nobody knows, and another schema. Of a class
// that is there twice the last row counts.
Result<Record> ReadRecord(const Json& json);

}  // namespace strata::scheduler
