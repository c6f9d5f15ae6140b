// http/exchange.h - one request being answered: what a Handler (and a sandbox) reads from and
// writes to. Both bodies stream with back-pressure.
//
//   connection --> [ Exchange: head | BodySource | ResponseSink ] --> Handler
//
// "Try, then wait": TryRead/TryWrite never wait; when they make no progress, await
// Readable/Writable and try again. A sandbox that polls its guest uses the same two steps.
//
// Threads: on the connection's loop only. Lifetime: valid until Handler::Handle returns.
// Errors: kUnavailable when the client is gone, kDeadlineExceeded when it is too slow,
// kInvalidArgument when the body's framing is broken, kResourceExhausted when it is over its limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "http/message.h"

namespace strata::http {

class BodySource {
 public:
  virtual ~BodySource() = default;

  // Copies bytes that are already here into `to`; returns how many. 0 means none now: the body is
  // over if ended(), else await Readable(). `to` must not be empty.
  virtual Result<std::size_t> TryRead(std::span<std::byte> to) = 0;

  // True once every byte has been handed out (also at once for a request without a body).
  [[nodiscard]] virtual bool ended() const noexcept = 0;

  // Waits until TryRead makes progress, the body ends, or it failed. One waiter at a time.
  virtual Task<void> Readable() = 0;
};

class ResponseSink {
 public:
  virtual ~ResponseSink() = default;

  // Sets the response's head; once, before any body byte. Framing (Content-Length given by the
  // caller or chunked), Date and Connection are the sink's; hop-by-hop fields in `head` are
  // dropped. Fails with kInvalidArgument (bad field or status), kFailedPrecondition (second call).
  virtual Result<void> Head(ResponseHead head) = 0;

  // Takes body bytes into the send buffer; returns how many fitted, 0 means full: await Writable().
  // Bytes of a HEAD or 204/304 answer are counted and dropped.
  virtual Result<std::size_t> TryWrite(std::span<const std::byte> from) = 0;

  // Pushes what is buffered out and waits until TryWrite makes progress or the client is gone.
  virtual Task<void> Writable() = 0;

  [[nodiscard]] virtual bool head_sent() const noexcept = 0;  // Head() was called

  // Ends the answer short, because its producer failed after Head(): the connection is closed
  // without the body's end mark, so that the client cannot take what it has for the whole.
  virtual void Abort() noexcept {}
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const RequestHead& head() const noexcept = 0;
  virtual BodySource& body() = 0;
  virtual ResponseSink& sink() = 0;

  // Lowers the limit on this request's body (the server has its own upper one). Fails with
  // kResourceExhausted at once when Content-Length already says more.
  virtual Result<void> LimitBody(Bytes limit) = 0;

  // Ends HTTP on this connection: its bytes are the caller's, who answers in his own way through
  // the descriptor, a non-blocking copy, until Handle returns and the connection is closed. Before
  // any answer. kInvalidArgument: the client has sent more than the head already; kUnsupported:
  // there is no connection of this exchange's own.
  virtual Task<Fd> TakeOver() {
    co_return Fail(Errc::kUnsupported, "this connection carries requests only");
  }

  // True once the peer has reset the connection, or has ended its side and then left us a grace
  // (ServerConfig::half_close_grace) to answer in.
  [[nodiscard]] virtual bool client_gone() const noexcept = 0;
};

// Answers requests. Handle may return without reading the body: the server then drains a little and
// otherwise closes. A handler that returns without a head is answered 500.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Awaitable<void> Handle(Exchange& exchange) = 0;
};

}  // namespace strata::http
