// http/server/server_config.h - the limits of an HTTP server and what it counts.
//
//   cell, api, tests --> [ ServerConfig ] --> Server --> [ ServerCounters ] --> metrics
//
// Defaults are for a listener that anybody may reach. A limit that is hit is answered (408, 413,
// 431, 503) where an answer can still be sent, and ends the connection.
//
// Threads:  values; a config is copied when the server is made. Errors: none: numbers are not
//           checked, they are our own programs'. Tested by server_test.cc, timeouts_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/parse/parser.h"

namespace strata::http {

enum class WebSockets : std::uint8_t {
  kRefused,   // 501, whatever the path
  kHandlers,  // a handler may take the connection over; one that does not answers as ever
};

struct ServerConfig {
  HeadLimits head = {};
  HostRule host = HostRule::kRequired;
  WebSockets web_sockets = WebSockets::kRefused;
  // Of a server whose handler bounds each body by Exchange::LimitBody.
  static constexpr Bytes kHandlersBody{std::numeric_limits<std::uint64_t>::max() / 2};
  Bytes body = 64_MiB;  // the upper limit; Exchange::LimitBody lowers it for one request

  // All timeouts are coarse: they may fire one tick early or late.
  Duration header_timeout = std::chrono::seconds(10);  // first byte to last byte of a head
  Duration body_timeout = std::chrono::seconds(30);    // without a byte of the request's body
  Duration write_timeout = std::chrono::seconds(30);   // without the client reading a byte
  Duration idle_timeout = std::chrono::seconds(75);    // between two requests
  Duration linger = std::chrono::seconds(1);           // reading on after a refusal, at most

  // A client that ended its side while its request is answered may have left or may be reading
  // (`nc -N`): TCP says the same of both. For so long it is taken to be reading.
  Duration half_close_grace = std::chrono::seconds(1);

  // While draining, an idle connection may bring one more request within this time: a client that
  // just sent one on it would otherwise lose it.
  Duration drain_idle_grace = std::chrono::milliseconds(200);

  Duration tick = std::chrono::milliseconds(100);  // how often deadlines are looked at
  std::uint32_t max_connections = 16'384;          // more are answered 503 and closed
};

// Plain numbers, written on the loop; they only grow, but for `open`.
struct ServerCounters {
  std::uint64_t accepted = 0;   // connections
  std::uint64_t refused = 0;    // connections over max_connections
  std::uint64_t open = 0;       // connections now
  std::uint64_t requests = 0;   // given to the handler
  std::uint64_t rejected = 0;   // answered 4xx or 5xx before any handler saw them
  std::uint64_t timed_out = 0;  // connections ended because the client was too slow (not: idle)
};

}  // namespace strata::http
