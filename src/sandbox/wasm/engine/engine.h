// sandbox/wasm/engine/engine.h - what this driver asks of a WebAssembly engine. Only
// wasmtime_engine.cc implements it, and only that file names Wasmtime; a second engine is a second
// such file.
//
//   WasmDriver --> Engine --Load--> EngineImage --Create--> EngineSandbox --Start*--> EngineCall
//
// A call is polled: Poll runs the guest until it ends, waits for the host, or its 1 ms time slice
// is over. The guest reaches the host only through the GuestHost that its call was started with.
//
// Threads:  one loop, except Tick (async-signal-safe) and Compile (may start threads; it runs in a
//           process of its own). Nothing else starts a thread or waits.
// Lifetime: an EngineSandbox keeps its image alive and an image its engine. A call is deleted
//           before its sandbox and before its GuestHost.
// Errors:   a guest that misbehaves is an EngineExit. Results carry the codes of driver.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "http/message.h"
#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::sandbox::wasm {

// Outcome of one non-waiting transfer: a number of bytes (or a handle), or one of three words.
class Io {
 public:
  static constexpr Io End() { return Io(0); }       // no more bytes
  static constexpr Io Pending() { return Io(-1); }  // nothing now; poll the call when there is
  static constexpr Io Failed() { return Io(-2); }   // peer gone, over a limit, refused
  static constexpr Io Some(std::size_t n) { return Io(static_cast<std::int64_t>(n)); }

  [[nodiscard]] constexpr std::int64_t raw() const { return value_; }
  friend constexpr bool operator==(Io, Io) = default;

 private:
  constexpr explicit Io(std::int64_t value) : value_(value) {}
  std::int64_t value_;
};

// Head of a request that a guest sends out. Views are valid during the call only.
struct OutgoingHead {
  std::string_view scheme;  // "http" or "https"
  std::string_view authority;
  std::string_view method;
  std::string_view path_with_query;
  std::span<const http::Header> headers;
};

// Everything a guest can ask for while it runs. No function waits or calls back into the engine.
class GuestHost {
 public:
  virtual ~GuestHost() = default;

  // The call wants to be polled again; may come several times, also from inside Poll.
  virtual void Wake() noexcept = 0;

  virtual Io BodyRead(std::span<std::byte> to) = 0;
  [[nodiscard]] virtual bool Respond(http::ResponseHead head) = 0;  // once, before body bytes
  virtual Io BodyWrite(std::span<const std::byte> from) = 0;
  virtual void Log(Stream stream, std::string_view text) = 0;  // a line without its newline

  // Outgoing HTTP. Start returns a handle above 0, or 0 when refused.
  virtual std::int64_t OutgoingStart(const OutgoingHead& head) = 0;
  virtual Io OutgoingWrite(std::int64_t handle, std::span<const std::byte> from) = 0;
  virtual void OutgoingEnd(std::int64_t handle) = 0;
  // Some(1): `head` was set to the response's head.
  virtual Io OutgoingResponse(std::int64_t handle, http::ResponseHead& head) = 0;
  virtual Io OutgoingRead(std::int64_t handle, std::span<std::byte> to) = 0;
  virtual void OutgoingDelete(std::int64_t handle) = 0;
};

enum class EngineEnd : std::uint8_t {
  kReturned,
  kTrap,
  kMemory,     // a growth beyond the memory limit was refused and the guest died of it
  kTable,      // the same for a table
  kStack,      // the guest's stack overflowed
  kHost,       // a host function failed and the guest died of it
  kExhausted,  // no free slot in the pool
  kInternal,   // the engine broke
};

struct EngineExit {
  EngineEnd end = EngineEnd::kInternal;
  int status = 0;
  std::string detail;
};

class EngineCall {
 public:
  virtual ~EngineCall() = default;  // ends the guest wherever it is

  // Runs the guest. True: it ended and `exit` is filled. False: poll again once Wake was called.
  [[nodiscard]] virtual bool Poll(EngineExit& exit) = 0;
  // What a typed call returned; after an end of kReturned.
  [[nodiscard]] virtual std::vector<Value> Results() const = 0;
};

struct EngineRequest {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path_with_query;
  std::span<const http::Header> headers;
  std::optional<std::uint64_t> content_length;
};

class EngineSandbox {
 public:
  virtual ~EngineSandbox() = default;
  // All copy what they are given; `host` must outlive the call. No guest code runs before Poll.
  virtual Result<std::unique_ptr<EngineCall>> StartHttp(const EngineRequest& request,
                                                        GuestHost& host) = 0;
  // A command as a program (program.h). Respond is not called, and Log has what the guest writes,
  // as it writes it. kInvalidArgument: no command, or an argument that cannot be one.
  virtual Result<std::unique_ptr<EngineCall>> StartCommand(std::span<const std::string> arguments,
                                                           GuestHost& host) = 0;
  // kNotFound: no such export; kInvalidArgument: the arguments do not fit its type.
  virtual Result<std::unique_ptr<EngineCall>> StartExport(std::string_view name,
                                                          std::span<const Value> arguments,
                                                          GuestHost& host) = 0;
  [[nodiscard]] virtual Bytes memory_peak() const = 0;
};

struct EngineDir {
  std::string_view host;
  std::string_view guest;
  bool writable = false;
};

struct EngineSpec {
  Bytes memory;
  std::uint32_t table_elements = 0;
  std::uint32_t host_calls = 0;
  const model::Env& env;
  std::span<const EngineDir> dirs;
};

class EngineImage {
 public:
  virtual ~EngineImage() = default;
  [[nodiscard]] virtual model::GuestKind kind() const = 0;
  [[nodiscard]] virtual const std::vector<Export>& exports() const = 0;
  virtual Result<std::unique_ptr<EngineSandbox>> Create(const EngineSpec& spec) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Native code from `wasm` (binary, or text when it starts with '('). kInvalidArgument says what
  // is wrong with the artifact.
  virtual Result<std::vector<std::byte>> Compile(std::span<const std::byte> wasm) = 0;
  // What native code must match: engine version, settings and CPU features.
  [[nodiscard]] virtual std::string Key() const = 0;

  // Maps native code. The caller vouches for `fd`: loading unverified bytes is executing them.
  virtual Result<std::shared_ptr<EngineImage>> Load(int fd) = 0;

  // Every running guest yields at its next loop head or call.
  virtual void Tick() const noexcept = 0;
  // Runs guests' timers that are due; their calls are woken.
  virtual void Turn() = 0;
};

}  // namespace strata::sandbox::wasm
