// The smallest Strata function: a bare wasm module without WASI or libc, 1 page of memory.
//
// It answers HTTP through strata_alloc and strata_handle, and can be called by name through its
// typed exports add and fib.

#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

// First byte after the module's own data; the linker defines it.
extern unsigned char __heap_base;

// The host marks the body text/plain when a global of this name is exported (its value, an address,
// means nothing).
const int32_t strata_text = 1;

static const char kHello[] = "hello, world\n";

static uint32_t next_free;

// Bump allocator: a sandbox serves one call, so nothing is ever freed. 0 when out of memory.
EXPORT("strata_alloc") uint32_t Alloc(uint32_t size) {
  if (next_free == 0) next_free = (uint32_t)(uintptr_t)&__heap_base;
  const uint32_t start = (next_free + 15U) & ~15U;
  const uint64_t end = (uint64_t)start + size;
  const uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  if (end > have) {
    const uint64_t pages = (end - have + 0xffffU) >> 16;
    if (__builtin_wasm_memory_grow(0, (size_t)pages) == (size_t)-1) return 0;
  }
  next_free = (uint32_t)end;
  return start;
}

// Answers every request alike. The result is the body: address << 32 | length.
EXPORT("strata_handle") int64_t Handle(uint32_t request, uint32_t length) {
  (void)request;
  (void)length;
  return (int64_t)((uint64_t)(uintptr_t)kHello << 32 | (sizeof(kHello) - 1));
}

EXPORT("add") int32_t Add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

// Recursive on purpose: a dial for CPU time. fib(24) takes well under a millisecond, fib(40) about
// a second. A negative n gives 0.
EXPORT("fib") int64_t Fib(int32_t n) {
  if (n < 2) return n < 0 ? 0 : n;
  return Fib(n - 1) + Fib(n - 2);
}
