// measure/battery/battery.h - the isolation battery: small programs that try to leave a sandbox or
// to starve others, each of which succeeds when it runs natively as root. One static program holds
// them all; it is run once for each scenario, in every class and natively.
//
// Safe by construction: interfaces that the whole host shares are tried by permission, never by
// effect (opened for writing and closed, or called with an argument that can only fail); whatever
// is read, signalled or connected to was planted for the run (Plants). Evidence holds names of
// calls and errors, and nothing that was read.
//
// Threads: one process for each scenario. Tested by tests/security/isolation_test.py.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace strata::measure::battery {

// What somebody else has, which a sandbox must not reach. From the environment: STRATA_PLANT_*.
struct Plants {
  std::string token;      // in the file, the process' command line and environment
  std::string file;       // a file of the host's
  std::string directory;  // that anybody may write to
  std::string abstract;   // name of an abstract socket that listens
  std::string path;       // of a Unix socket that listens
  std::string setuid;     // a set-user-id program of root's: this one
  std::string granted;    // a directory that was granted, read-only; in it `out`, a link to `file`
  std::string tenant_file;     // of another tenant's
  std::string tenant_address;  // where another tenant's sandbox listens, in the run's network
  pid_t pid = 0;               // a process
  int port = 0;                // on 127.0.0.1
  int metadata_port = 0;       // on 169.254.169.254
  int tenant_port = 0;         // on tenant_address
  int shm_key = 0;             // a System V shared memory segment
};
Plants ReadPlants();

enum class Result { kAllowed, kBlocked, kNotApplicable };
struct Outcome {
  Result result = Result::kBlocked;
  std::string evidence;
};

Outcome Allowed(std::string evidence);
Outcome Blocked(std::string evidence);
// By errno after a failed call: EINVAL and what else only a permitted call gets is kAllowed when it
// is `permitted`.
Outcome ByErrno(const char* call, int error, std::span<const int> permitted = {});

// What a sandbox is tried on.
enum class Kind {
  kPlanted,  // something of somebody else's
  kKernel,   // an interface of the kernel's; a class with a kernel of its own contains it
  kObjects,  // making more objects of the kernel than the limits give; contained likewise
  kAbuse,    // taking more than the limits give
  kLog,      // the same with log lines, which are taken and bounded later
  kWasm,     // the engine of class wasm; other classes have none. Here: the control, unchecked
  kCompile,  // the same, by a module to be compiled instead of a guest; the control is no program
};

struct Scenario {
  const char* id;
  const char* title;
  Kind kind;
  Outcome (*run)(const Plants& plants);
  const char* cve = "";
};

// Runs the scenario `id` and prints its verdict; the program's exit code.
int RunOne(std::string_view id);
// Does so for every request at `port`, until it is killed.
int Serve(std::uint16_t port);

std::span<const Scenario> FileScenarios();
std::span<const Scenario> ProcessScenarios();
std::span<const Scenario> KernelScenarios();
std::span<const Scenario> AbuseScenarios();
std::span<const Scenario> WasmScenarios();

}  // namespace strata::measure::battery
