// Guests of the contract in WebAssembly text: bare modules where they suffice, WASI commands where
// the guest streams or logs.
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "host/files/detached_mount.h"
#include "sandbox/wasm/directories.h"
#include "sandbox/wasm/driver.h"
#include "sandbox/wasm/engine/compiler.h"
#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {
namespace {

// A module that answers with what `handle` returns: (ptr << 32 | len) of its response.
std::string Module(std::string_view fields, std::string_view handle) {
  return std::string(R"((module
    (memory (export "memory") 32)
    (global (export "strata_text") i32 (i32.const 1))
    (data (i32.const 16) "hello")
    (func (export "strata_alloc") (param i32) (result i32) (i32.const 1024))
    )")
      .append(fields)
      .append(R"((func (export "strata_handle") (param i32 i32) (result i64) )")
      .append(handle)
      .append("))");
}

constexpr std::string_view kAnswerHello =
    "(i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 5))";

constexpr std::string_view kEcho = R"((module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start") (local $got i32) (local $done i32)
    (loop $next
      (i32.store (i32.const 0) (i32.const 1024))
      (i32.store (i32.const 4) (i32.const 32768))
      (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
      (local.set $got (i32.load (i32.const 8)))
      (if (i32.eqz (local.get $got)) (then (return)))
      (local.set $done (i32.const 0))
      (loop $rest
        (i32.store (i32.const 0) (i32.add (i32.const 1024) (local.get $done)))
        (i32.store (i32.const 4) (i32.sub (local.get $got) (local.get $done)))
        (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
          (then unreachable))
        (local.set $done (i32.add (local.get $done) (i32.load (i32.const 8))))
        (br_if $rest (i32.lt_u (local.get $done) (local.get $got))))
      (br $next)))))";

constexpr std::string_view kLog = R"((module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\07\00\00\00\28\00\00\00\05\00\00\00")
  (data (i32.const 32) "a line\0a\00hello")
  (func (export "_start")
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))))";

constexpr std::string_view kEnvironment = R"((module
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 1024) (i32.const 65536)))
    (i32.store (i32.const 8) (i32.const 65536))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))))";

// A command that opens a file of its first directory and ends with the number of WASI's error: of
// opening it, or of `work`, which uses the file's descriptor at 128 and the buffers at 136.
std::string FileCommand(std::string_view name, std::string_view open, std::string_view work) {
  return std::string(R"((module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
      (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) ")")
      .append(name)
      .append(R"(")
    (func (export "_start") (local $error i32)
      (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 0)
        (i32.const )")
      .append(std::to_string(name.size()))
      .append(") ")
      .append(open)
      .append(R"( (i64.const 0) (i32.const 0) (i32.const 128)))
      (if (local.get $error) (then (call $exit (local.get $error))))
      (i32.store (i32.const 136) (i32.const 1024))
      (i32.store (i32.const 140) (i32.const 32768))
      )")
      .append(work)
      .append("(call $exit (local.get $error))))");
}

// Flags and rights of path_open.
constexpr std::string_view kOpenToRead = "(i32.const 0) (i64.const 2)";
constexpr std::string_view kOpenNew = "(i32.const 1) (i64.const 64)";
constexpr std::string_view kFill = R"((loop $more
    (local.set $error
      (call $write (i32.load (i32.const 128)) (i32.const 136) (i32.const 1) (i32.const 144)))
    (br_if $more (i32.eqz (local.get $error)))))";

std::string Source(Guest guest) {
  switch (guest) {
    case Guest::kHello:
    case Guest::kFetch:
      return Module("", kAnswerHello);
    case Guest::kCount:
      return Module("(global $calls (mut i32) (i32.const 48))",
                    R"((global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                       (i32.store8 (i32.const 64) (global.get $calls))
                       (i64.or (i64.shl (i64.const 64) (i64.const 32)) (i64.const 1)))");
    case Guest::kEcho:
    case Guest::kServer:  // a guest that has directories
      return std::string(kEcho);
    case Guest::kLarge:
      return Module("", "(i64.const 1048576)");
    case Guest::kLog:
      return std::string(kLog);
    case Guest::kSpin:
      return Module("", "(loop $for_ever (br $for_ever)) unreachable");
    case Guest::kTrap:
      return Module("", "unreachable");
    case Guest::kMemory:
      return R"((module (memory (export "memory") 1)
        (func (export "strata_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "strata_handle") (param i32 i32) (result i64)
          (loop $more
            (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
          unreachable)))";
    case Guest::kEnv:
      return std::string(kEnvironment);
    case Guest::kExit:
      return R"((module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 3)))))";
    case Guest::kTable:
      return Module("(table $t 1 funcref)",
                    R"((loop $more (br_if $more
                         (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1))))
                       unreachable)");
  }
  return {};
}

class WasmHarness final : public Harness {
 public:
  std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                     std::uint32_t max_sandboxes) override {
    config_.max_sandboxes = max_sandboxes;
    config_.directories = directories_;
    config_.tick_linger = std::chrono::milliseconds(5);
    auto driver = wasm::WasmDriver::Create(loop, clock, config_);
    EXPECT_TRUE(driver.has_value()) << driver.error().message;
    return driver ? std::move(*driver) : nullptr;
  }

  Result<Fd> Artifact(Guest guest) override { return Compile(Source(guest)); }

  Result<Fd> FileArtifact(std::string_view verb, std::string_view name) override {
    return Compile(
        FileCommand(name, verb == "read" ? kOpenToRead : kOpenNew, verb == "fill" ? kFill : ""));
  }

  int ErrnoOf(int status) const override {
    switch (status) {
      case 44:
        return ENOENT;
      case 51:
        return ENOSPC;
      case 29:  // EIO: the engine has no better word for it
        return EROFS;
      default:
        return status;
    }
  }

  bool mounts(const model::DirGrant& dir) const override {
    using enum model::DirGrant::Mode;
    const bool mounted = dir.mode == kVolume || dir.mode == kVolumeReadOnly || dir.size.count > 0;
    return dir.mode != kReadWrite && (!mounted || ::geteuid() == 0);
  }

  // As the manager does, without a user of the cell's.
  Result<void> Provide(const model::DirGrant& dir) override {
    using enum model::DirGrant::Mode;
    if (dir.mode == kReadOnly || (dir.mode == kScratch && dir.size.count == 0)) return {};
    if (dir.mode == kScratch) {
      auto mount = host::MountTmpfs(dir.size, 64, {});
      if (!mount) return std::unexpected(std::move(mount).error());
      directories_->AddScratch(dir.size, std::move(*mount));
      return {};
    }
    auto mount = host::MountVolume(
        dir.host, dir.mode == kVolume ? host::VolumeAccess::kWrite : host::VolumeAccess::kReadOnly,
        nullptr);
    if (!mount) return std::unexpected(std::move(mount).error());
    directories_->AddVolume(dir.host, dir.mode, std::move(*mount));
    return {};
  }

  std::filesystem::path scratch_root() const override { return scratch_.path(); }

 private:
  Result<Fd> Compile(const std::string& source) {
    auto compiler = wasm::Compiler::Create(config_);
    if (!compiler) return std::unexpected(std::move(compiler).error());
    auto compiled = compiler->Compile(AsBytes(source));
    if (!compiled) return std::unexpected(std::move(compiled).error());
    return std::move(compiled->code);
  }

  wasm::Config config_;
  const strata::testing::TempDir scratch_;
  const std::shared_ptr<wasm::Directories> directories_ =
      std::make_shared<wasm::Directories>(scratch_.path());
};

}  // namespace

std::unique_ptr<Harness> MakeWasmHarness() { return std::make_unique<WasmHarness>(); }

}  // namespace strata::sandbox::contract
