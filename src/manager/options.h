// manager/options.h - everything stratad is started with. Filled from the command line by
// apps/stratad/main.cc; nothing in manager/ reads the environment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "cell/messages.h"

namespace strata::manager {

struct Options {
  std::filesystem::path home;             // STRATA_HOME: every file and socket of this instance
  std::filesystem::path cell_program;     // the strata-cell to start
  std::string listen = "127.0.0.1:8080";  // public address; port 0 picks one
  std::uint32_t cells = 0;                // host cells of the listener's tenant; 0: one per core
  std::uint32_t max_sandboxes = 1000;     // live sandboxes in one cell
  Bytes max_memory = Bytes::MiB(512);     // largest memory limit a function may ask for
  Bytes memory_reservation = Bytes::MiB(4096);  // address space of one linear memory
  Bytes keep_resident = Bytes::KiB(16);
  Bytes compile_memory = Bytes::MiB(2048);  // of one compile job
  std::uint32_t compile_cpu_s = 180;        // of one compile job
  cell::Observe observe;
  std::string otlp_endpoint;               // "127.0.0.1:4318"; empty: spans go to the log file only
  bool allow_missing_protections = false;  // true without root: run with what the host grants
};

}  // namespace strata::manager
