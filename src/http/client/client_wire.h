// http/client/client_wire.h - the client's socket with its watchdog, and the exchange of one
// request for one response over it. Internal to client.cc and client_wire.cc.
//
//   Client::Fetch --> [ Wire: Connect, Send, ReadHead, ReadBody ] --> the server
//
// Threads:  on the loop; one exchange at a time. Lifetime: shared, because a watchdog that fires
//           late must still find it.
// Errors:   kDeadlineExceeded: one wait was longer than `timeout`; kUnavailable: the connection
//           broke; kInvalidArgument, kResourceExhausted: what came is no answer, or too long. After
//           any of them `reusable` is false, and the connection is to be closed. Tested by
//           client_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "http/client/client.h"
#include "http/parse/chunked.h"
#include "http/parse/input_buffer.h"
#include "http/parse/response_parser.h"

namespace strata::http {

struct Client::Wire : std::enable_shared_from_this<Client::Wire> {
  using Protocol = asio::generic::stream_protocol;
  using Socket = asio::basic_stream_socket<Protocol, Executor>;

  explicit Wire(Loop& loop) : socket(loop.get_executor()), timer(loop.get_executor()) {}

  Task<void> Connect(Endpoint endpoint, Duration timeout);
  Task<void> Send(const std::string& bytes, Duration timeout);

  // Fills the input; 0 at the end of the stream.
  Task<std::size_t> Receive(Duration timeout);

  // Reads heads until one is final (not 1xx).
  Task<ParsedResponse> ReadHead(std::string_view method, Duration timeout);

  // Reads the body into `out` or to options.on_body.
  Task<void> ReadBody(const ParsedResponse& head, const FetchOptions& options, ClientResponse& out);

  Socket socket;
  Timer timer;
  InputBuffer input;
  bool reusable = true;

 private:
  // From Arm() to Disarm() a wait may take `timeout`; then the socket's operations are cancelled.
  void Arm(Duration timeout);
  Error Disarm(const boost::system::error_code& error, const char* what);

  Result<bool> Give(std::string_view piece, const FetchOptions& options, ClientResponse& out);
  Result<bool> GiveChunks(ChunkDecoder& decoder, const FetchOptions& options, ClientResponse& out);

  bool expired_ = false;
  std::uint64_t round_ = 0;  // of Arm()
};

}  // namespace strata::http
