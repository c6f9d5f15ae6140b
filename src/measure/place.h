// measure/place.h - where the programs of `strata measure` run: a class of a server, or the bare
// host. What is measured (rows.h) sees nothing else of them, so a test can bring its own.
//
// Threads: one, the runner's, except for Load, which starts threads of its own and joins them.
// Errors: kUnsupported is how a place says that it has nothing of the kind; its words are shown.
// Implemented by process_place.h and by apps/strata/isolation/class_place.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::measure {

// "hello" ends at once; "yardstick" computes or asks its kernel, as the path of the call says.
enum class Program : std::uint8_t { kHello, kYardstick };
std::string_view ProgramName(Program program) noexcept;

struct Answer {
  double ms = 0;  // as its caller saw it, from before the call to the whole answer
  std::string body;
};

// Servers that ran at once and all were ready.
struct Density {
  std::uint64_t instances = 0;
  double all_mib = 0;  // of all of them
  // Samples of what one needs: of each; where they share a process, the mean of each part of them
  // by which it grew last.
  std::vector<double> memory_mib = {};
};

// Of the isolation battery (isolation.h), attempts that apply here.
struct Escapes {
  std::uint64_t attempts = 0;
  std::uint64_t succeeded = 0;  // that were allowed what nobody in a sandbox may
};

class Place {
 public:
  virtual ~Place() = default;

  // A class's name, or kProcess (record.h).
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  // Makes `program` ready to be called; every call starts a sandbox of its own then. Remove
  // succeeds where nothing is deployed.
  virtual Result<void> Deploy(Program program) = 0;
  virtual Result<void> Remove(Program program) = 0;
  virtual Result<Answer> Call(Program program, std::string_view path) = 0;

  // The most memory that a call of what is deployed needed; and the processor time of all calls so
  // far, as the place accounts for it.
  virtual Result<double> MemoryMib(Program program) = 0;
  virtual Result<double> CpuMs(Program program) = 0;

  // Calls a second of `program` by `callers` at once, for `time`.
  virtual Result<double> Load(Program program, unsigned callers,
                              std::chrono::milliseconds time) = 0;

  // Makes so many sandboxes of kHello wait for a call, then calls as often, one after the other;
  // that they were made takes no part in the answers' times. They are gone afterwards.
  virtual Result<std::vector<Answer>> CallWaiting(unsigned sandboxes) = 0;

  // Runs so many servers of kYardstick at once, those that run already among them; 0 ends all.
  virtual Result<Density> Run(std::uint64_t instances) = 0;

  // What has to be stored of the program.
  virtual Result<Bytes> ImageSize(Program program) = 0;

  // The whole battery, once.
  virtual Result<Escapes> TryToEscape() = 0;
};

}  // namespace strata::measure
