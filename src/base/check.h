// base/check.h - for broken invariants only: prints the condition and aborts. Never for anything
// that input, a guest, the network or the kernel can cause (those are a Result).
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
