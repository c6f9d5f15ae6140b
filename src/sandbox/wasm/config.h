// sandbox/wasm/config.h - what a WasmDriver is built with. Filled by the program that runs the
// class.
//
//   cell::Start --> host_role.cc, compile_role.cc --> [ Config ] --> WasmDriver, Compiler
//
// The compile role and every host role of one installation must agree on the fields marked [code],
// because native code made under one value is refused under another (EngineKey).
//
// Threads:  a value, not changed once the driver is made. Errors: none here; a pool that does not
//           fit is kResourceExhausted from WasmDriver::Create.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "model/values.h"
#include "sandbox/wasm/directories.h"

namespace strata::sandbox::wasm {

struct Config {
  // Live core instances, memories, tables and fiber stacks that the pool reserves address space
  // for. A component may take several; a bare or command module takes one.
  std::uint32_t max_sandboxes = 1000;

  // Upper bounds of what a Spec may ask for; more is kUnsupported.
  Bytes max_memory = Bytes::MiB(1024);                           // [code]
  std::uint32_t max_table_elements = model::kMostTableElements;  // [code]

  // Address space of one linear memory. 4 GiB lets compiled code skip bounds checks; less packs
  // more live sandboxes into one process. [code]
  Bytes memory_reservation = Bytes::MiB(4096);

  // Bytes of a used memory that are cleared by hand instead of given back to the kernel. Measured
  // for a fresh bare module (bench/sandbox): 9.7 us with none, 6.3 with 4 KiB, 6.6 with 16, 7.7
  // with 64; larger guests want more than the smallest, and pay for every byte that they did not
  // touch.
  Bytes keep_resident = Bytes::KiB(16);

  // Volumes and scratch directories. Null: a spec that needs any is kUnsupported.
  std::shared_ptr<Directories> directories;

  // PEM certificates that outgoing HTTPS trusts; read once, when the driver is made (a confined
  // process cannot open it later). Missing or empty: outgoing HTTPS fails.
  std::filesystem::path ca_bundle = "/etc/ssl/certs/ca-certificates.crt";

  // How long the 1 ms tick goes on after the last call, so that a busy driver never pays for
  // switching it.
  std::chrono::milliseconds tick_linger{50};
};

}  // namespace strata::sandbox::wasm
