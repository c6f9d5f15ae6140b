// scheduler/placing/figures.h - what is known of one class on this host for the workload in
// question: the numbers that Choose compares.
//
//   strata measure --> ReadRecord (record.h)   --+
//   a workload's own calls --> Learned::With   --+--> [ Figures ] --> Option --> Choose
//
// Of one class and one call. Times are in milliseconds, memory in MiB, rates from 0 to 1. A figure
// that may be missing is an optional; a plain one is 0 where nothing was seen.
//
// Threads:  values. Errors: none; whether numbers make sense is checked where they are read.
// Tested by figures_test.cc.
#pragma once

#include <optional>
#include <string>

namespace strata::scheduler {

// The share of calls that something happened to, and in how many it was seen. Few calls say little:
// the true rate lies from Least() to Most() in 19 of 20 cases (Wilson's interval, 1927).
struct FailureRate {
  double rate = 0;
  double calls = 0;
  [[nodiscard]] double Least() const noexcept;
  [[nodiscard]] double Most() const noexcept;
};

// Times in milliseconds.
struct Figures {
  double p50_ms = 0;
  // What sums are made of: what many calls cost, and how many there can be in a second. Of calls
  // that are not all alike it is more than their median. The record of `strata measure` has the
  // median alone, which stands for it there: calls of the small program are alike.
  double mean_ms = 0;
  double p99_ms = 0;
  std::optional<double> cold_start_ms;  // nothing: no first call was ever measured
  double cpu_ms = 0;                    // of a guest, for a call
  double busy_ms = 0;                   // the same, with starting a sandbox for the call
  double memory_mib = 0;
  // False: of a server whose processes nobody has looked at since it was called. What they compute
  // and hold is the record's then, or nothing, and no bound is known to be kept by it.
  bool load_known = true;
  // Of its sandboxes, and with what the program itself answered that is an error: the first is the
  // class's doing, the rest would be the same in another. Nothing: no call of its own was seen.
  std::optional<FailureRate> failures;
  std::optional<double> failed;
  std::string source;  // "strata measure", "its own calls"; or several
};

}  // namespace strata::scheduler
