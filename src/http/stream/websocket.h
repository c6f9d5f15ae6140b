// http/stream/websocket.h - one WebSocket (RFC 6455), either side: whole binary messages both ways,
// with the back-pressure of the connection below.
//
//   api --> [ WebSocket::Accept ] <== connection ==> [ WebSocket::Connect ] <-- command line
//
// Threads: on the loop. One Receive and one of Send or Close at a time. Destroying it cuts the
// connection. Errors: kUnavailable: the other side has closed, or is gone; kInvalidArgument: what
// it sent is no WebSocket; kResourceExhausted: a message longer than kLongestMessage.
// Tested by http/stream/websocket_test.cc.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "http/client/client.h"
#include "http/exchange.h"

namespace strata::http {

class WebSocket {
 public:
  static constexpr Bytes kLongestMessage = 256_KiB;

  // Whether the request asks for a WebSocket with `protocol` among its subprotocols.
  static bool IsAskedFor(const RequestHead& head, std::string_view protocol);

  // Takes the exchange's connection over and answers 101. The exchange outlives it.
  static Task<std::unique_ptr<WebSocket>> Accept(Loop& loop, Exchange& exchange,
                                                 std::string protocol);

  // Asks for one over a connected socket. An answer other than 101 is its own error: that of its
  // problem+json, if it has one.
  static Task<std::unique_ptr<WebSocket>> Connect(Loop& loop, Fd connected, std::string host,
                                                  std::string target, std::string protocol);

  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  ~WebSocket();

  Task<std::string> Receive();
  Task<void> Send(std::string_view message);  // which must stay until this has ended
  Task<void> Close();                         // says good-bye, and waits a moment for the same
  void Cut() noexcept;                        // ends the connection: every wait fails

 private:
  struct Stream;
  explicit WebSocket(std::unique_ptr<Stream> stream);
  const std::unique_ptr<Stream> stream_;
};

}  // namespace strata::http
