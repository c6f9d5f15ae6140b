// sandbox/driver.h - the only interface between whoever runs workloads and an isolation technology.
//
//   route, keeper --> [ Driver --Prepare--> Image --Create--> Sandbox ] --> wasm, runc, a VM
//
// Three types, three costs: a Driver once per process, an Image once per artifact, a Sandbox once
// per instance. One folder under sandbox/ implements them once. Nothing outside such a folder names
// its engine. tests/contract runs one suite against every driver.
//
// Threads:  Driver, Image and Sandbox belong to one loop and are used on it only.
// Lifetime: a Sandbox keeps its Image alive, an Image its Driver's engine. A Call is borrowed until
//           Invoke's task ends.
// Errors:   every failure is a Result (base/result.h). A guest that misbehaves is NOT a failure of
//           the driver: it is an Exit with a reason. What a class cannot do is kUnsupported, before
//           any side effect.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "host/process/terminal.h"
#include "http/exchange.h"
#include "model/values.h"

namespace strata::sandbox {

// W3C trace context of a call, handed to the guest as `traceparent` / `tracestate`.
struct Trace {
  std::string traceparent;
  std::string tracestate;
};

enum class Stream : std::uint8_t { kStdout, kStderr, kHost };  // kHost: the driver's own words

// Where a guest's output lines go. Called on the loop; must not wait. `text` may hold any bytes.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Write(Stream stream, std::string_view text) = 0;
};

// What went over a sandbox's connections, and what it was refused.
struct Traffic {
  std::uint64_t sent = 0;      // bytes, by the guest
  std::uint64_t received = 0;  // bytes
  std::uint64_t connections = 0;
  std::uint64_t denied = 0;  // names and destinations that are not granted
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

// The one way out for a guest's connections. Cells and keepers implement it by asking the manager's
// side, which checks the grant again. Fails with kPermissionDenied (no grant), kUnavailable (no
// answer), kDeadlineExceeded.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual Task<Fd> Connect(std::string_view host, std::uint16_t port) = 0;
  // What was not told before, from classes that carry the bytes of a guest themselves.
  virtual void Account(const Traffic& /*more*/) {}
};

// Every effect of a sandbox leaves through this. Default: none. The log outlives the sandbox, the
// connector also every Connect that it was asked for.
struct Effects {
  LogSink* logs = nullptr;         // null: output is dropped
  Connector* connector = nullptr;  // null: outgoing connections are refused
};

// What a sandbox is made with. `id` is unique on this host: [a-z0-9-]{1,64}.
struct Spec {
  std::string id;
  model::Limits limits;
  model::Grants grants;
  model::Env env;
  Effects effects;
  // How long a server that was asked to end may take.
  std::chrono::milliseconds stop_grace{10'000};
};

// What a running server has used so far, and uses now, with everything beside it.
struct Load {
  std::chrono::nanoseconds cpu{0};
  Bytes memory;
};

// One request to a sandbox. The head, body and sink are the HTTP exchange's own.
struct Call {
  const http::RequestHead& head;
  http::BodySource& body;
  http::ResponseSink& sink;
  TimePoint deadline;
  Trace trace;
  // Where head, body and sink come from: asked for client_gone() whenever the guest yields. Null in
  // calls that no client waits for.
  const http::Exchange* exchange = nullptr;
};

// A value of a bare module's export.
using Value = std::variant<std::int32_t, std::int64_t, float, double>;

// A further program in a sandbox that serves.
struct Program {
  std::vector<std::string> args;  // not empty; the first is a path, or found on the image's PATH
  model::Env env;                 // over that of the sandbox
  // Its standard streams; one that is not valid is /dev/null.
  Fd in;
  Fd out;
  Fd err;
  // It is at a terminal: `in` is the inner side of one (host/process/terminal.h), of this size;
  // `out` and `err` are not used.
  std::optional<host::TerminalSize> terminal;
};

// A program that Exec started. The sandbox outlives it. Destroying it does not end the program.
class Execution {
 public:
  Execution() = default;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  virtual ~Execution() = default;

  // Waits for its end, once: the exit code; 128 + n for signal n. Cancelling does not end it. Where
  // it could not be started: the codes of StartFailure; kUnavailable: the sandbox ended.
  virtual Task<int> Wait() = 0;

  // Its terminal has another size from now on. Without a terminal, or after its end: nothing.
  virtual void Resize(host::TerminalSize size) noexcept = 0;

  // Nobody is there for it any more: its session gets SIGHUP if it has a terminal, else SIGTERM,
  // and SIGKILL a moment later. Returns at once; Wait says when it has ended. Idempotent.
  virtual void End() noexcept = 0;
};

class Image;

// A running isolation boundary. Destroying it kills the guest and frees every host resource.
class Sandbox {
 public:
  Sandbox() = default;
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  virtual ~Sandbox() = default;

  // Makes now what the first Invoke would have to wait for: all but the guest, of which nothing has
  // run and to which nothing of a call is known. Once, first of all; the sandbox lives until it has
  // ended. What it holds from then on; nothing, where there is nothing to wait for. Whoever drops
  // it ends that too. kUnsupported: such a sandbox keeps what others need (a volume), or this
  // driver lacks what guests wait by; else as Invoke fails. Then it may be invoked all the same.
  virtual Task<Bytes> Warm() { co_return Bytes{}; }

  // Runs the guest on `call` until it ends, is stopped, or a limit or the deadline is hit. One call
  // at a time; again only after an Exit with reason kReturned (else kFailedPrecondition).
  // kInternal: the engine itself broke. A failing client shows as Exit{kStopped}.
  virtual Task<model::Exit> Invoke(Call& call) = 0;

  // Calls the export `name` of a bare module. kNotFound: no such export; kInvalidArgument: the
  // arguments do not fit its type; kUnsupported: this class or guest kind has no typed exports.
  // A trap or limit is a result too: `exit` says so and `values` is empty.
  struct TypedResult {
    model::Exit exit;
    std::vector<Value> values;
  };
  virtual Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                         TimePoint deadline) = 0;

  // Instead of calls: runs the image's own program as a server, until it ends, a limit ends it, or
  // it is stopped. What it prints goes to the spec's log sink. Once. kUnsupported: this class or
  // guest kind has no servers.
  virtual Task<model::Exit> Serve() { co_return Fail(Errc::kUnsupported, kNoServer); }

  // A new connection to what listens at `port` inside, while Serve runs. kUnavailable: nothing
  // listens there, or the guest is not running; kUnsupported: as Serve.
  virtual Task<Fd> Dial(std::uint16_t /*port*/) { co_return Fail(Errc::kUnsupported, kNoServer); }

  // Starts `program` beside the server. It ends by itself, when its streams are closed if it minds
  // that, and with the sandbox. kUnavailable: the guest is not running; kFailedPrecondition: it
  // could not be started; kInvalidArgument: it has no name; kUnsupported: as Serve.
  virtual Task<std::shared_ptr<Execution>> Exec(Program /*program*/) {
    co_return Fail(Errc::kUnsupported, kNoServer);
  }

  // Errors as Dial.
  virtual Task<Load> Measure() { co_return Fail(Errc::kUnsupported, kNoServer); }

  // Stops the guest where it is, and lets it go on: no process of it runs in between. kUnavailable:
  // it is not running; kUnsupported: as Serve.
  virtual Task<void> Pause() { co_return Fail(Errc::kUnsupported, kNoServer); }
  virtual Task<void> Resume() { co_return Fail(Errc::kUnsupported, kNoServer); }

  // What the running server is now, as an image: its sandboxes go on from there, Serve does not
  // start the program again. Each has the present time, randomness and a host name of its own, and
  // none of the connections and programs beside the server. The server stands still meanwhile, and
  // goes on. kUnavailable: it is not running; kFailedPrecondition: it is paused; kUnsupported: this
  // class cannot.
  virtual Task<std::shared_ptr<Image>> Snapshot() {
    co_return Fail(Errc::kUnsupported, "a sandbox of this class cannot be saved as it runs");
  }

  // Asks the guest to end; returns at once. Idempotent, never fails. A running Invoke ends with
  // Exit{kStopped}; so does Serve, after the guest had the spec's time to finish (SIGTERM, then
  // SIGKILL).
  virtual void Stop() noexcept = 0;

  // Totals over all calls so far.
  [[nodiscard]] virtual model::Usage usage() const = 0;

  // Of one that was in another process: whether what went wrong last is that this process ended, or
  // had. That tells nothing of the guest.
  [[nodiscard]] virtual bool holder_lost() const { return false; }

 private:
  static constexpr const char* kNoServer = "a sandbox of this class cannot run a server";
};

// An export of a bare module, for `strata describe` and typed invocation.
struct Export {
  std::string name;
  std::vector<std::string> parameters;  // "i32", "i64", "f32", "f64"
  std::vector<std::string> results;
};

// A module, root file system or snapshot that was checked and made ready. Immutable, shared.
class Image : public std::enable_shared_from_this<Image> {
 public:
  virtual ~Image() = default;
  [[nodiscard]] virtual model::GuestKind kind() const noexcept = 0;
  [[nodiscard]] virtual std::vector<Export> exports() const = 0;

  // Does now what the first sandbox would have to wait for (boots a snapshot). Again once it has
  // succeeded: does nothing.
  virtual Task<void> Warm() { co_return Result<void>{}; }

  // kInvalidArgument: a bad id; kUnsupported: a limit or grant that this driver cannot enforce;
  // kFailedPrecondition: the host lacks what a grant needs; kResourceExhausted: no slot is left.
  virtual Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) = 0;
};

// Makes native code or a root file system from an untrusted artifact; where that happens and what
// confines it is the caller's business (the compile role of strata-cell for wasm).
class Driver {
 public:
  virtual ~Driver() = default;

  // Stable lower-case name used in config, metrics and logs: "wasm", "container", ...
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  // Says, by doing it, whether this host can run the driver. Fails with kUnsupported and a message
  // that tells the operator what is missing.
  virtual Result<void> Probe() = 0;

  // Makes an image from `prepared`: for wasm, the compiler's sealed output or a verified cache
  // file. Fails with kInvalidArgument when it is not what this driver's engine and version made.
  // Never runs guest code.
  virtual Result<std::shared_ptr<Image>> Prepare(Fd prepared) = 0;
};

}  // namespace strata::sandbox
