// route/ports.h - what the request path asks of others. The cell implements these (cell/), tests
// implement them with a few lines; route itself knows neither rings nor wires.
//
//   http --> RequestPath --> [ RecordSink, LineSink, ImageSource, Network, Hop ] --> cell, gateway
//
// Every effect of a request that is not its answer leaves through one of these or the Authorizer.
//
// Threads:  the request path's loop, for all. Lifetime: every port outlives the RequestPath; what a
//           call borrows (records, lines, exchanges) is good until it has returned or was awaited.
// Errors:   of ImageSource and Network as stated; sinks do not fail: what they cannot take is
//           dropped and counted there. Tested by request_path_test.cc, request_path_hops_test.cc,
//           with ports of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/random.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "meter/call_record.h"
#include "meter/mirror_record.h"
#include "policy/authorizer.h"
#include "sandbox/driver.h"
#include "telemetry/trace.h"

namespace strata::route {

// Which function something belongs to: an index into the functions of one configuration.
struct FunctionId {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t generation = 0;
  std::uint32_t index = kNone;
};

// Where finished calls are written down.
class RecordSink {
 public:
  virtual ~RecordSink() = default;

  // True: taken. False: there is no room now, and nothing happened.
  [[nodiscard]] virtual bool TryRecord(const meter::CallRecord& record) noexcept = 0;

  // Waits for room, for a bounded time; then gives the record up, loudly. Holding the call back is
  // how metering pushes back on callers.
  virtual Awaitable<void> RecordLater(const meter::CallRecord& record) = 0;

  // A sampled call's span; dropped (and counted) when there is no room.
  virtual void RecordSpan(const telemetry::Span& span) = 0;

  // What came of a copy of a request; dropped (and counted) when there is no room.
  virtual void RecordMirror(const meter::MirrorRecord& record) = 0;
};

// Where guests' output goes, whole lines without their newline. Dropped when there is no room.
class LineSink {
 public:
  struct Line {
    FunctionId function;
    std::string_view sandbox;
    sandbox::Stream stream = sandbox::Stream::kStdout;
    const telemetry::TraceId* trace = nullptr;  // null: outside of a call
    std::string_view text;
  };
  virtual ~LineSink() = default;
  virtual void Write(const Line& line) = 0;
};

// Prepared images by the key of their code. An image that somebody holds is not loaded twice.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // kNotFound: nobody brought this module.
  virtual Result<std::shared_ptr<sandbox::Image>> Load(const std::string& module) = 0;
};

// Outgoing connections on behalf of a function; driver.h's Connector with the function named.
class Network {
 public:
  virtual ~Network() = default;
  virtual Task<Fd> Connect(FunctionId function, std::string_view host, std::uint16_t port) = 0;
};

struct FunctionSpec;

// What a front knows of a request that it hands on.
struct Handed {
  TimePoint start;  // when the front had its head
  telemetry::TraceContext trace;
  telemetry::SpanId parent = {};  // zero: the client brought none
  meter::LedBy led_by = meter::LedBy::kTraffic;
};

// The way of a front to the cells that run what it does not (gateway/).
class Hop {
 public:
  virtual ~Hop() = default;

  // Has a cell of the function's tenant answer the exchange. Nothing: that cell did, and writes the
  // call down. Else what to tell the client, and writing down is left to the caller.
  virtual Awaitable<std::optional<http::Problem>> HandOn(const FunctionSpec& function,
                                                         const Handed& handed,
                                                         http::Exchange& exchange,
                                                         http::ResponseSink& sink) = 0;
};

struct Ports {
  Loop& loop;
  const Clock& clock;
  Random& random;  // for ids and shares of traffic: fast, need not be secret
  RecordSink& records;
  LineSink& lines;
  ImageSource& images;
  Network& network;
  policy::Authorizer& authorizer;
  std::string sandbox_prefix;  // of this process: sandboxes are called "<prefix>-<number>"
  Hop* hop = nullptr;          // null: every function of a configuration runs here
};

}  // namespace strata::route
