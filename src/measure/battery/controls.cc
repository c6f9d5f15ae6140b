// What WebAssembly's checks stop, with nobody who checks: run natively, so that the scenarios of
// engine.c are known to go through when the engine's checks and limits are not in the way.
#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

constexpr std::size_t kMemory = 64 << 10;
constexpr std::size_t kStack = 256 << 20;
constexpr int kDepth = 1'000'000;
constexpr std::size_t kGrown = 200 << 20;
constexpr std::size_t kElements = 1'000'000;
constexpr int kCpuSeconds = 4;

// Two guests' memories beside each other, as in a host that does not check addresses.
class Neighbours {
 public:
  Neighbours()
      : memory_(::mmap(nullptr, 2 * kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0)) {}
  ~Neighbours() { ::munmap(memory_, 2 * kMemory); }
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  [[nodiscard]] volatile char* own() const { return static_cast<volatile char*>(memory_); }
  [[nodiscard]] char* others() const { return static_cast<char*>(memory_) + kMemory; }

 private:
  void* memory_;
};

volatile std::size_t beyond = kMemory + 100;

Outcome ReadBeyond(const Plants&) {
  const Neighbours memory;
  memory.others()[100] = 's';
  return memory.own()[beyond] == 's' ? Allowed("control: read the neighbour's memory")
                                     : Blocked("control: another byte");
}
Outcome WriteBeyond(const Plants&) {
  const Neighbours memory;
  memory.own()[beyond] = 'w';
  return memory.others()[100] == 'w' ? Allowed("control: wrote the neighbour's memory")
                                     : Blocked("control: not there");
}
Outcome CopyBeyond(const Plants&) {
  const Neighbours memory;
  std::strcpy(memory.others(), "secret");
  std::array<char, 8> here{};
  std::memcpy(here.data(), const_cast<char*>(memory.own()) + kMemory, here.size());
  return std::strcmp(here.data(), "secret") == 0 ? Allowed("control: copied the neighbour's memory")
                                                 : Blocked("control: other bytes");
}

volatile int deep;
__attribute__((noinline)) int Recurse(int depth) {
  deep = depth;
  return depth == 0 ? 0 : Recurse(depth - 1) + deep;
}
void* RecurseInThread(void*) {
  deep = Recurse(kDepth);
  return nullptr;
}
// With the limit lifted: a stack that is large enough.
Outcome Stack(const Plants&) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const int error = ::pthread_create(&thread, &attributes, RecurseInThread, nullptr);
  if (error != 0) return ByErrno("pthread_create", error);
  ::pthread_join(thread, nullptr);
  return Allowed("control: a million calls deep");
}

using Function = int (*)(int);
int Mine(int value) { return value; }
int Others(int value) { return value + 1; }
double TakesAnother(double first, double second) { return first + second; }

Outcome OtherType(const Plants&) {
  volatile auto function = reinterpret_cast<void*>(TakesAnother);
  deep = reinterpret_cast<Function>(function)(7);
  return Allowed("control: called with another type");
}
// A table of functions and, behind it, one of somebody else's.
Outcome BeyondTable(const Plants&) {
  static std::array<volatile Function, 8> tables = {Mine,   Mine,   Mine,   Mine,
                                                    Others, Others, Others, Others};
  volatile std::size_t index = 5;  // the guest's own has four
  return tables[index](7) == 8 ? Allowed("control: called the neighbour's function")
                               : Blocked("control: another function");
}

Outcome GrowMemory(const Plants&) {
  void* memory =
      ::mmap(nullptr, kGrown, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ByErrno("mmap", errno);
  ::munmap(memory, kGrown);
  return Allowed("control: 200 MiB");
}
Outcome GrowTable(const Plants&) {
  std::vector<Function> table(4, Mine);
  table.resize(kElements, Mine);
  return table[kElements - 1](7) == 7 ? Allowed("control: a million elements")
                                      : Blocked("control: not there");
}

Outcome Loop(const Plants&) {
  const std::clock_t end = std::clock() + kCpuSeconds * CLOCKS_PER_SEC;
  while (std::clock() < end) deep = deep + 1;
  return Allowed("control: 4 s of a processor");
}
Outcome Fill(const Plants&) {
  std::vector<char> memory(32 << 20);
  const std::clock_t end = std::clock() + kCpuSeconds * CLOCKS_PER_SEC;
  while (std::clock() < end) std::memset(memory.data(), deep, memory.size());
  return Allowed("control: filled memory for 4 s");
}

Outcome NoProgram(const Plants&) { return {Result::kNotApplicable, "it is compiled, not run"}; }

constexpr Scenario kAll[] = {
    {"wasm-read-beyond", "read beyond the linear memory", Kind::kWasm, ReadBeyond},
    {"wasm-write-beyond", "write beyond the linear memory", Kind::kWasm, WriteBeyond},
    {"wasm-copy-beyond", "memory.copy from beyond the linear memory", Kind::kWasm, CopyBeyond},
    {"wasm-stack", "calls a million deep", Kind::kWasm, Stack},
    {"wasm-table-type", "call_indirect with another type", Kind::kWasm, OtherType},
    {"wasm-table-range", "call_indirect beyond the table", Kind::kWasm, BeyondTable},
    {"wasm-memory-grow", "memory.grow beyond the limit", Kind::kWasm, GrowMemory},
    {"wasm-table-grow", "table.grow beyond the limit", Kind::kWasm, GrowTable},
    {"wasm-endless-loop", "compute for ever, without a call", Kind::kWasm, Loop},
    {"wasm-bulk-memory", "memory.fill for ever", Kind::kWasm, Fill},
    {"wasm-compile-bomb", "a small module that takes a compiler gigabytes", Kind::kCompile,
     NoProgram},
};

}  // namespace

std::span<const Scenario> WasmScenarios() { return kAll; }

}  // namespace strata::measure::battery
