// model/values.h - the plain values that cross layers: class, limits, grants, usage, exit.
//
//   manifest.h --> [ these ] --> store, wire/values.h --> cells, keepers --> every driver
//
// They are copyable, comparable and carry no behaviour; model/manifest/manifest.h fills them from a
// manifest and every driver reads them. Units are in the type or the name. A field that is added
// here is added to the manifest's fields, to the wire and to tests/contract, or refused by the
// drivers.
//
// Threads:  values. Errors: none; bounds are schema/fields.h's. Tested by manifest_test.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace strata::model {

// The weakest border first. The last is a pair, one class inside another: what gets out of the
// inner one is still inside the outer one. Manifests write it as `class: container, within:
// microvm`.
enum class Class : std::uint8_t { kWasm, kContainer, kAppkernel, kMicrovm, kContainerInMicrovm };
inline constexpr std::array kClasses = {Class::kWasm, Class::kContainer, Class::kAppkernel,
                                        Class::kMicrovm, Class::kContainerInMicrovm};
// "wasm", "container", "appkernel", "microvm", "container-in-microvm"
std::string_view ClassName(Class value) noexcept;
std::optional<Class> ClassFromName(std::string_view name) noexcept;
std::string ClassNames();  // all of them, for messages: "wasm, container, ..."

// The class of `inner` within `outer`; nothing: there is no such pair.
std::optional<Class> Pair(Class inner, Class outer) noexcept;
// Whether it is the second in any pair.
bool IsOuter(Class value) noexcept;
// Those that there are, for messages.
inline constexpr std::string_view kPairs = "'class: container' with 'within: microvm'";

// What the artifact of a wasm workload is. kAuto is resolved when the image is prepared.
enum class GuestKind : std::uint8_t {
  kAuto,
  kHttp,     // a component that exports wasi:http/incoming-handler 0.2
  kCommand,  // a WASI command: preview 1 module with _start, or 0.2 component with wasi:cli/run
  kModule,   // a bare core module with typed exports and no imports
};
std::string_view GuestKindName(GuestKind value) noexcept;  // "auto", "http", "command", "module"

// The most table elements that a manifest may ask for: what native code of the wasm class is
// compiled for, so changing it makes every cached artifact compile again.
inline constexpr std::uint32_t kMostTableElements = 20'000;

// Upper bounds of one function (revision). A driver that cannot enforce a field refuses the whole
// spec with kUnsupported; none is ever ignored. Bounds of the fields themselves are in
// schema/fields.h.
struct Limits {
  Bytes memory = Bytes::MiB(64);                      // linear memories of one sandbox together
  std::uint32_t table_elements = kMostTableElements;  // tables of one sandbox together
  std::chrono::milliseconds cpu_time{5000};           // CPU time of one call, checked every 1 ms
  std::chrono::milliseconds timeout{10'000};          // wall time of one call, waiting included
  std::uint32_t concurrency = 100;                    // calls of this function at once, in one cell
  Bytes request = Bytes::KiB(1024);                   // request body
  Bytes response = Bytes::KiB(1024);                  // response body
  std::uint32_t host_calls = 64;                      // outstanding host calls of one sandbox
  friend bool operator==(const Limits&, const Limits&) = default;
};

// One outgoing HTTP destination. Exact names only: no wildcard, no suffix match.
struct HttpGrant {
  std::string host;  // lower case
  std::uint16_t port = 443;
  friend bool operator==(const HttpGrant&, const HttpGrant&) = default;
};

struct DirGrant {
  enum class Mode : std::uint8_t {
    kReadOnly,  // `host` is shown, nothing in it can be changed
    kScratch,   // an empty private directory for each sandbox, removed with it; `host` is empty
    // Of volumes only (model/volume.h), not of manifests' grants:
    kReadWrite,       // `host` is shown; what the guest changes there stays
    kVolume,          // `host` is the image file of a named volume, with an ext4 file system
    kVolumeReadOnly,  // the same, and nothing in it can be changed
  };
  std::string host;   // absolute path on this host
  std::string guest;  // absolute path in the guest
  Mode mode = Mode::kReadOnly;
  Bytes size;  // of kScratch: what fits into it; 0: what its class has for that
  friend bool operator==(const DirGrant&, const DirGrant&) = default;
};

// "ro", "scratch", "rw", "volume", "volume-ro"
std::string_view DirModeName(DirGrant::Mode value) noexcept;

// Everything a sandbox may reach. Default: nothing.
struct Grants {
  std::vector<HttpGrant> http;
  std::vector<DirGrant> dirs;
  friend bool operator==(const Grants&, const Grants&) = default;
};

// How it is found out whether a server is well; names, meaning and defaults are Kubernetes'. A port
// of zero is the service's own.
struct HttpGet {
  std::string path = "/";
  std::uint16_t port = 0;  // well: an answer from 200 to 399
  friend bool operator==(const HttpGet&, const HttpGet&) = default;
};
struct TcpSocket {
  std::uint16_t port = 0;  // well: a connection is accepted
  friend bool operator==(const TcpSocket&, const TcpSocket&) = default;
};
struct ExecAction {
  std::vector<std::string> command;  // well: exit code 0
  friend bool operator==(const ExecAction&, const ExecAction&) = default;
};

struct Probe {
  std::optional<HttpGet> http_get;  // exactly one of the three
  std::optional<TcpSocket> tcp_socket;
  std::optional<ExecAction> exec;
  std::chrono::milliseconds initial_delay{0};  // after the program's start
  std::chrono::milliseconds period{10'000};    // from the end of one try to the next
  std::chrono::milliseconds timeout{1'000};    // a try that takes longer has failed
  std::uint32_t success_threshold = 1;         // in a row, to be well again
  std::uint32_t failure_threshold = 3;         // in a row, to be well no more
  friend bool operator==(const Probe&, const Probe&) = default;
};

struct Health {
  std::optional<Probe> readiness;  // not well: it gets no requests
  std::optional<Probe> liveness;   // not well: it is stopped and started again
  friend bool operator==(const Health&, const Health&) = default;
};

// What becomes of a server whose program has ended.
enum class Restart : std::uint8_t {
  kAlways,
  kOnFailure,  // not after exit code 0
  kNever,
};
std::string_view RestartName(Restart value) noexcept;  // "always", "on-failure", "never"

// Whose requests go first where requests of one tenant wait for each other.
enum class Priority : std::uint8_t { kLow, kNormal, kHigh };
std::string_view PriorityName(Priority value) noexcept;  // "low", "normal", "high"

// How many sandboxes there are of what is scaled, and how long one that nobody uses stays.
struct Scale {
  std::optional<std::uint32_t> min;  // at all times
  std::optional<std::uint32_t> max;
  std::optional<std::uint32_t> concurrency;             // requests at once that one is meant for
  std::optional<std::chrono::milliseconds> keep_alive;  // absent: by when it is used (`auto`)
  friend bool operator==(const Scale&, const Scale&) = default;
};
// Of a Service, where its manifest does not say.
inline constexpr Scale kServiceScale{.min = 0, .max = 10, .concurrency = 50, .keep_alive = {}};

// What one sandbox or one call used.
struct Usage {
  std::chrono::nanoseconds cpu{0};  // guest's share, measured at fiber switches
  std::chrono::nanoseconds wall{0};
  Bytes memory_peak;  // linear memory, high-water mark
  Bytes bytes_in;     // request body read by the guest
  Bytes bytes_out;    // response body written by the guest
  friend bool operator==(const Usage&, const Usage&) = default;

  // Of a further call: times and bytes add up, the higher peak stays.
  Usage& operator+=(const Usage& call) noexcept;
};

// How a call ended. A guest that misbehaves is an Exit, never an Error (STYLE 1.8).
enum class ExitReason : std::uint8_t {
  kReturned,   // the guest finished by itself; `status` is its own exit status
  kLimit,      // a Limits field was hit; `detail` names it: "cpu_time", "memory", "response"
  kViolation,  // trap, or something its grants forbid; `detail` says what
  kStopped,    // Stop(), the client went away, or the deadline ended it
};
std::string_view ExitReasonName(ExitReason value) noexcept;  // "returned", "limit", ...

struct Exit {
  ExitReason reason = ExitReason::kReturned;
  int status = 0;
  std::string detail;
  Usage usage;
  // Its sandbox was there before it came; else the call waited for one to be made. Of classes in
  // which that takes milliseconds.
  bool warm = false;
};

using Env = std::map<std::string, std::string>;

}  // namespace strata::model
