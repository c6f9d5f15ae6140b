// base/check.h - STRATA_CHECK asserts an invariant: prints the condition and aborts. Not for what
// input, a guest, the network or the kernel can cause (those are a Result, base/result.h).
//
// Always on, in release builds, too. It says file, line and condition on standard error, which is
// the process's log, and leaves a core where the host keeps them; whoever runs the process starts
// it again. The condition is evaluated once.
//
// Threads:  any.
#pragma once

#include <cstdio>
#include <cstdlib>

#define STRATA_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
