// tls/client.h - the HTTP client (http/client/client.h) over mutual TLS: for the command line.
//
//   auto answer = FetchBlocking(*ParseRemote("https://host:8443", files), {.target = "/v1/x"});
//
// Threads: on the loop; FetchBlocking runs a loop of its own. Names are resolved by the system's
// resolver, which blocks the loop: for programs that have nothing else to do meanwhile. Errors:
// those of http/client/client.h and Context::ForClient; kPermissionDenied when one side does not
// accept the other's certificate. A connection that was cut is an error even where the body would
// have ended with it. Tested by tls/client_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "http/client/client.h"
#include "tls/context.h"
#include "tls/relay.h"

namespace strata::tls {

struct Remote {
  std::string host;  // a name or an address; the server's certificate must be for it
  std::uint16_t port = 0;
  Files files;
  // After which a machine that has vanished is given up (Stream::GiveUpAfter).
  std::optional<std::chrono::seconds> silence = std::nullopt;
};

// "https://host:8443", "https://[::1]:8443"; a trailing '/' is ignored. kInvalidArgument otherwise.
Result<Remote> ParseRemote(std::string_view url, Files files);

// Connects. `plain` is where the other side's bytes are; what `relay` saw break is the cause of
// what breaks there.
Task<Relay::Started> Connect(Loop& loop, Remote remote, Duration timeout = std::chrono::seconds(5));

// Connects, fetches once, closes.
Task<http::ClientResponse> Fetch(Loop& loop, Remote remote, http::ClientRequest request,
                                 http::FetchOptions options = {});
Result<http::ClientResponse> FetchBlocking(Remote remote, http::ClientRequest request,
                                           http::FetchOptions options = {});

}  // namespace strata::tls
