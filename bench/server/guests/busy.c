// Guests that use CPU time, as bare modules: -DWORK=1 answers after a fixed amount of arithmetic,
// -DWORK=2 never stops computing, -DWORK=3 never stops filling memory in bulk (one instruction of
// the guest, a long stretch of time for the engine).
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

extern unsigned char __heap_base;

// About 1 ms on the machine of docs/performance.md.
enum { kRounds = 620000 };
enum { kBlock = 16 << 20 };

static volatile uint32_t sink;

EXPORT("strata_alloc") uint32_t Alloc(uint32_t size) {
  (void)size;
  return (uint32_t)(uintptr_t)&__heap_base;
}

EXPORT("strata_handle") int64_t Handle(uint32_t request, uint32_t length) {
  (void)request;
  (void)length;
  uint32_t state = 1;
#if WORK == 1
  for (int i = 0; i < kRounds; ++i) state = state * 1664525U + 1013904223U + (state >> 7);
#elif WORK == 2
  for (;;) sink = state = state * 1664525U + 1013904223U;
#else
  unsigned char* block = (unsigned char*)((uintptr_t)__builtin_wasm_memory_grow(0, kBlock >> 16) << 16);
  for (;;) __builtin_memset(block, (int)++state, kBlock);
#endif
  sink = state;
  static const char kDone[] = "done\n";
  return (int64_t)((uint64_t)(uintptr_t)kDone << 32 | (sizeof(kDone) - 1));
}
