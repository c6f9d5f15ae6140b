/* What only WebAssembly can be tried on: its memory, stack and tables, and the limits of its
   engine. Natively the same is done by controls.cc, with nobody who checks. Part of the WASI
   battery. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/battery/wasi.h"

enum { kPage = 65536, kStep = 16, kMostPages = 3200, kTableElements = 1000 * 1000 };

static volatile int sink;

static char* End(void) { return (char*)(__builtin_wasm_memory_size(0) * kPage); }

static const char* ReadBeyond(void) {
  sink = *(volatile char*)(End() + 4096);
  return Word("allowed", "read beyond its memory");
}

static const char* WriteBeyond(void) {
  *(volatile char*)0xfffffff0u = 1;
  return Word("allowed", "wrote beyond its memory");
}

static const char* CopyBeyond(void) {
  static char here[2 * 4096];
  volatile size_t size = sizeof here;
  memcpy(here, End() - 4096, size);
  sink = here[size - 1];
  return Word("allowed", "copied from beyond its memory");
}

static volatile int deep;
__attribute__((noinline)) static int Recurse(int depth) {
  deep = depth;
  return depth == 0 ? 0 : Recurse(depth - 1) + deep;
}

static const char* Stack(void) {
  sink = Recurse(1000 * 1000);
  return Word("allowed", "a million calls deep");
}

static double TakesAnother(double first, double second) { return first + second; }
typedef int (*Function)(int);

static const char* OtherType(void) {
  double (*volatile there)(double, double) = TakesAnother;
  volatile Function function = (Function)(uintptr_t)there;
  sink = function(7);
  return Word("allowed", "called with another type");
}

static const char* BeyondTable(void) {
  volatile Function function = (Function)(uintptr_t)0x00ffffff;
  sink = function(7);
  return Word("allowed", "called beyond the table");
}

static const char* GrowMemory(void) {
  for (int pages = 0; pages < kMostPages; pages += kStep) {
    if (__builtin_wasm_memory_grow(0, kStep) == SIZE_MAX) return Word("blocked", "memory.grow");
  }
  return Word("allowed", "200 MiB");
}

// In assembly, because clang's builtin takes tables of externref only, which need a collector.
__asm__(
    ".tabletype strata_table, funcref\n"
    "strata_table:\n");
static const char* GrowTable(void) {
  int grown = 0;
  __asm__ volatile(
      "ref.null_func\n"
      "local.get %1\n"
      "table.grow strata_table\n"
      "local.set %0"
      : "=r"(grown)
      : "r"(kTableElements));
  return grown < 0 ? Word("blocked", "table.grow") : Word("allowed", "a million elements");
}

static const char* Loop(void) {
  for (uint64_t turn = 0; turn < (1ull << 34); ++turn) sink = (int)turn;
  return Word("allowed", "computed without a call to anybody");
}

static const char* Fill(void) {
  enum { kSize = 32 << 20 };
  char* memory = malloc(kSize);
  if (!memory) return Word("n/a", "malloc");
  for (int turn = 0; turn < 4000; ++turn) memset(memory, turn, kSize);
  sink = memory[kSize - 1];
  return Word("allowed", "filled 128 GiB of memory");
}

static const struct {
  const char* id;
  const char* (*run)(void);
} kAll[] = {
    {"wasm-read-beyond", ReadBeyond}, {"wasm-write-beyond", WriteBeyond},
    {"wasm-copy-beyond", CopyBeyond}, {"wasm-stack", Stack},
    {"wasm-table-type", OtherType},   {"wasm-table-range", BeyondTable},
    {"wasm-memory-grow", GrowMemory}, {"wasm-table-grow", GrowTable},
    {"wasm-endless-loop", Loop},      {"wasm-bulk-memory", Fill},
};

const char* RunOnEngine(const char* id) {
  for (size_t i = 0; i < sizeof kAll / sizeof *kAll; ++i) {
    if (!strcmp(id, kAll[i].id)) return kAll[i].run();
  }
  return NULL;
}
