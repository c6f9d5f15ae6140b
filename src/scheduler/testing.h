// scheduler/testing.h - what the tests of Choose share: made-up figures and nodes.
#pragma once

#include <initializer_list>

#include "base/bytes.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

inline Figures FiguresOf(double p99_ms, double cpu_ms, double memory_mib) {
  return {.p50_ms = p99_ms / 2,
          .mean_ms = p99_ms / 2,
          .p99_ms = p99_ms,
          .cold_start_ms = 10 * p99_ms,
          .cpu_ms = cpu_ms,
          .busy_ms = cpu_ms,
          .memory_mib = memory_mib,
          .failures = std::nullopt,
          .failed = std::nullopt,
          .source = "strata measure"};
}

inline Node NodeWith(std::initializer_list<model::Class> classes) {
  return {.name = "local", .free_memory = Bytes::MiB(1024), .classes = classes};
}

}  // namespace strata::scheduler
