// tls/stream.h - one TLS connection over a connected TCP socket: handshake, bytes both ways, and an
// end for each direction.
//
//   socket --> [ Stream ] --> Relay
//
// The end that the other side announces (close_notify) is told apart from a connection that was
// cut: only the first is an end, the second is an error, so nobody can shorten what was sent.
//
// Threads: on the loop. One Read and one Write may wait at once. SIGPIPE must be ignored.
// Lifetime: shared, because a timer that fires late must still find it; destroying it closes the
// socket. After an error the stream is of no further use. Errors: kPermissionDenied (a certificate,
// ours or theirs, was not accepted), kDeadlineExceeded, kUnavailable (cut, or not TLS as we speak
// it). Tested by tls/listener_test.cc and tls/client_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/async/task.h"
#include "base/clock.h"
#include "tls/context.h"

struct ssl_st;  // OpenSSL's SSL

namespace strata::tls {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // The side that waits for a client's handshake.
  static Result<std::shared_ptr<Stream>> OfServer(const Context& context, Socket socket);

  // The side that begins. The server's certificate must be for `host`, a name or an address.
  static Result<std::shared_ptr<Stream>> OfClient(const Context& context, Socket socket,
                                                  const std::string& host);

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Once, before anything else. A server that returns has checked the client's certificate. A
  // client that returns has checked the server's; whether its own was accepted it learns from the
  // first Read (TLS 1.3). A client that speaks plain HTTP is told so in plain HTTP.
  Task<void> Handshake(Duration limit);

  // Waits for bytes; 0: the other side sends no more.
  Task<std::size_t> Read(std::span<char> to);

  // Sends all of `bytes`; between two pieces the other side may take `stall` to read.
  Task<void> Write(std::string_view bytes, Duration stall);

  // Says that we send no more. Reading goes on. Not while a Write waits.
  Task<void> EndSending(Duration stall);

  // Reads and drops what the other side has sent until it ends or `limit` is over: closing before
  // that would reset the connection, and the reset could overtake our last words.
  Awaitable<void> Linger(Duration limit);

  // Breaks when for as long nothing was heard of the other side's machine, or it has taken nothing
  // of what it has to take: for connections whose other side always reads. By default a machine
  // that is gone is found out within two minutes, and one that does not read is waited for.
  void GiveUpAfter(std::chrono::seconds silence);

  // Ends everything after `limit`; Duration::max() takes that back.
  void KillAfter(Duration limit);
  void Kill() noexcept;

  // The common name in the other side's certificate, after the handshake; "" if it has none.
  [[nodiscard]] std::string peer_name() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };

  Stream(Socket socket, std::unique_ptr<ssl_st, Free> session);
  static Result<std::shared_ptr<Stream>> Make(const Context& context, Socket socket);

  // What the last call's `outcome` and errno mean: waits, then the call is to be repeated, or
  // fails.
  Task<void> Wait(int outcome, int err);
  Error Broken(int why, int err);
  void SayHttps() noexcept;

  Socket socket_;
  std::unique_ptr<ssl_st, Free> session_;  // before socket_ is closed
  Timer timer_;
  bool expired_ = false;
  bool dead_ = false;    // Kill() was called
  bool broken_ = false;  // OpenSSL takes no further call
};

}  // namespace strata::tls
