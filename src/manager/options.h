// manager/options.h - everything stratad is started with.
//
//   command line --> apps/stratad/main.cc --> [ Options ] --Check--> Manager::Start
//
// Nothing in manager/ reads the environment or the command line. Defaults are those of a host with
// nothing else to do; where a number means none or all, its comment says so.
//
// Threads:  values; not changed once the manager has started. Errors: of Check only, which Start
//           calls before it opens or makes anything. Tested by manager/options_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "cell/wire/messages.h"
#include "meter/prices.h"

namespace strata::manager {

struct Options {
  std::filesystem::path home;             // STRATA_HOME: every file and socket of this instance
  std::filesystem::path cell_program;     // the strata-cell to start
  std::filesystem::path keeper_program;   // the strata-keeper to start
  std::filesystem::path unpack_program;   // the strata-unpack to start
  std::filesystem::path registry_auth;    // credentials for registries, docker's config.json; or ""
  std::string listen = "127.0.0.1:8080";  // public address; port 0 picks one
  std::uint32_t cells = 0;                // host cells of the listener's tenant; 0: one per core
  std::uint32_t max_sandboxes = 1000;     // live in one cell; of a class in one keeper
  Bytes max_memory = Bytes::MiB(512);     // largest memory limit a function may ask for
  Bytes memory_reservation = Bytes::MiB(4096);  // address space of one linear memory
  Bytes keep_resident = Bytes::KiB(16);
  Bytes compile_memory = Bytes::MiB(2048);  // of one compile job
  std::uint32_t compile_cpu_s = 180;        // of one compile job
  cell::Observe observe;
  meter::Prices prices;                    // by which classes are compared and bills made
  std::string otlp_endpoint;               // "127.0.0.1:4318"; empty: spans go to the log file only
  bool allow_missing_protections = false;  // true without root: run with what the host grants
};

// Processors that this process may use at once; 1 where that cannot be read.
std::uint32_t Processors() noexcept;
// Host cells that the listener's tenant gets.
std::uint32_t CellsOf(const Options& options) noexcept;

// Mappings that a cell has for one sandbox: guard and body of its stack, and at most four pieces of
// its memory once it was called.
inline constexpr std::uint32_t kMapsPerSandbox = 6;
inline constexpr std::uint32_t kMapsOfCell = 1500;  // the program, its libraries, code, heap

// What this host allows one process (vm.max_map_count); 65530 where it cannot be read.
std::uint64_t MapsAllowed();

// kInvalidArgument: values that exclude each other or that a cell could not keep; it names the flag
// and what would do. Without this check, a cell would fail its guests when the mappings run out.
Result<void> Check(const Options& options, std::uint64_t maps_allowed);

}  // namespace strata::manager
