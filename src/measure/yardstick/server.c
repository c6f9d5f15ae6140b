/* What waits where a sandbox is no process: a bare module that answers and keeps its memory, of which
   `strata measure` makes many in class wasm. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* First byte after the module's own data; the linker defines it. */
extern unsigned char __heap_base;

static const char kReady[] = "ready\n";

/* Called once for each request, which is never kept: 0 where it does not fit the module's memory. */
EXPORT("strata_alloc") uint32_t Alloc(uint32_t size) {
  const uint32_t start = ((uint32_t)(uintptr_t)&__heap_base + 15U) & ~15U;
  const uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  return (uint64_t)start + size > have ? 0 : start;
}

/* The body: address << 32 | length. */
EXPORT("strata_handle") int64_t Handle(uint32_t request, uint32_t length) {
  (void)request;
  (void)length;
  return (int64_t)((uint64_t)(uintptr_t)kReady << 32 | (sizeof(kReady) - 1));
}
