// tests/contract/driver_contract.h - what src/sandbox/driver.h promises, as one suite that runs
// against every driver.
//
// A driver takes part with a harness: how to make it, and an artifact for each guest behaviour
// below. driver_contract_test.cc lists the harnesses. What only one class can do is tested beside
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "sandbox/driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::contract {

enum class Guest : std::uint8_t {
  kHello,   // answers "hello"
  kCount,   // answers the number of calls so far: "1", "2", ... up to 9
  kEcho,    // answers its body, streaming: needs no more than 64 KiB of it at a time
  kLarge,   // answers 1 MiB of any bytes
  kLog,     // writes the lines "a line" to standard error, then answers "hello"
  kSpin,    // computes for ever
  kTrap,    // dies at once
  kMemory,  // takes memory until it is refused, then dies
  kTable,   // the same with table elements
  kEnv,     // answers its environment: NAME=value, each with a zero byte after it
  kExit,    // ends with exit code 3 and no answer
  kFetch,   // answers what $FETCH ("host:port") answers to an HTTP request, or why there is no
            // answer. Of classes whose guests connect by themselves
  kServer,  // says "listening", then serves HTTP at $PORT: "/" is answered "hello", "/exit" ends it
            // with exit code 7; on SIGTERM it says "asked to end" and does. Its program, given
            // another guest's name, is that guest. Of classes that can serve
};

class Harness {
 public:
  virtual ~Harness() = default;
  virtual std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                             std::uint32_t max_sandboxes) = 0;
  virtual Result<Fd> Artifact(Guest guest) = 0;
  // Why this host cannot run the class; empty when it can.
  virtual std::string Missing() { return {}; }
  // Directories in which this driver may leave nothing behind.
  [[nodiscard]] virtual std::filesystem::path scratch_root() const { return {}; }
  // Waits for what the driver does in the background after a sandbox is gone.
  virtual void Settle(Driver& /*driver*/) {}

  // Where the classes differ. A limit that a class lacks is refused, not ignored.
  [[nodiscard]] virtual Bytes least_memory() const { return Bytes::MiB(1); }
  // What a call is said to hold beyond what the limit bounds: what must not fail (a dying process's
  // own pages), and the machine that the guest is in.
  struct Beside {
    Bytes least;
    Bytes most;
  };
  [[nodiscard]] virtual Beside beside_the_guest() const {
    return {.least = {}, .most = Bytes::KiB(256)};
  }
  // In which a guest surely has begun to compute.
  [[nodiscard]] virtual std::chrono::milliseconds head_start() const {
    return std::chrono::milliseconds(20);
  }
  [[nodiscard]] virtual bool has_tables() const { return true; }
  // Whether the class runs servers; else Serve, Dial and Exec are refused.
  [[nodiscard]] virtual bool serves() const { return false; }
  // Whether grants.http gives guests a network in which they connect by themselves.
  [[nodiscard]] virtual bool connects() const { return false; }
  // Whether a running server can be saved; else Snapshot is refused.
  [[nodiscard]] virtual bool snapshots() const { return false; }
  // Whether the class shows directories of this kind to its guests; else they are refused.
  [[nodiscard]] virtual bool mounts(const model::DirGrant& /*dir*/) const { return false; }
  // For classes whose process is given what it shows: mounts `dir` for the driver, before Create.
  virtual Result<void> Provide(const model::DirGrant& /*dir*/) { return {}; }
  // Of classes that run no programs beside a server: an artifact whose call does `verb` ("write",
  // "read" or "fill") to the file `name` of its first directory and ends with the errno of that.
  virtual Result<Fd> FileArtifact(std::string_view verb, std::string_view name);
  // What of the host's a status of such an end is.
  [[nodiscard]] virtual int ErrnoOf(int status) const { return status; }
  // Whether several sandboxes may have a volume at a time; else the second does not start.
  [[nodiscard]] virtual bool shares_volumes() const { return true; }
  // By default a directory, for guests without a file system.
  [[nodiscard]] virtual model::Grants impossible_grants() const {
    return {.dirs = {{.host = "/usr", .guest = "/usr"}}};
  }
};

struct HarnessEntry {
  const char* name;
  std::unique_ptr<Harness> (*make)();
};

// Of every driver of this build.
std::span<const HarnessEntry> Harnesses();
// In names of tests, which take no dashes.
std::string TestName(const HarnessEntry& entry);

std::unique_ptr<Harness> MakeFakeHarness();
std::unique_ptr<Harness> MakeWasmHarness();
std::unique_ptr<Harness> MakeContainerHarness();
std::unique_ptr<Harness> MakeAppkernelHarness();
std::unique_ptr<Harness> MakeMicrovmHarness();
std::unique_ptr<Harness> MakeContainerInMicrovmHarness();

// Of a harness: what the suites below share.
class DriverContract : public ::testing::Test {
 public:
  static constexpr std::uint32_t kSlots = 4;

  // Skips the test when the class cannot run here.
  void Begin(const HarnessEntry& entry);

  std::shared_ptr<Image> Prepare(Guest guest);
  // A sandbox of a fresh image; fails the test when it cannot be made.
  std::unique_ptr<Sandbox> Make(Guest guest, const Spec& spec = Spec{.id = "box-1"});

  // Expects that `invoked` ended with `reason` and `detail`.
  static void ExpectExit(const Result<model::Exit>& invoked, model::ExitReason reason,
                         const std::string& detail);

  // One call with `body` on a fresh sandbox of `guest`.
  model::Exit CallOnce(Guest guest, const Spec& spec, testing::CallFixture& fixture,
                       std::string_view body = "");

  std::unique_ptr<Harness> harness_;
  Loop loop_;
  ManualClock clock_;
  std::unique_ptr<Driver> driver_;
};

class DriverContractTest : public DriverContract,
                           public ::testing::WithParamInterface<HarnessEntry> {
 protected:
  void SetUp() override { Begin(GetParam()); }
};

// Of sandboxes that serve.
class ServerContractTest : public DriverContractTest {};

// Promises of one sentence each, as rows of a table (driver_contract_table.cc).
struct ContractCase {
  const char* name;
  void (*check)(DriverContract& contract);
};
class DriverContractTableTest
    : public DriverContract,
      public ::testing::WithParamInterface<std::tuple<HarnessEntry, ContractCase>> {
 protected:
  void SetUp() override { Begin(std::get<0>(GetParam())); }
};
std::span<const ContractCase> ContractCases();

// What one process holds; equal before and after means that nothing was left behind.
struct Holdings {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  static Holdings Now();
  friend bool operator==(const Holdings&, const Holdings&) = default;
};

}  // namespace strata::sandbox::contract
