// http/transport.h - one connected stream socket: tries that never wait, waits with a deadline, and
// what is known about the peer: of a server's connection, and of a front's to a host cell.
//
// Waiting reads go through Asio's async_read_some: after a short read it knows the socket is empty
// and goes straight to epoll, so a request costs one recv and one send.
//
// Threads: on the loop. One reader and one writer may wait at once.
// Errors: kUnavailable (the peer is gone, or Kill() was called), kDeadlineExceeded (too slow).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "http/server/deadlines.h"

namespace strata::http {

class Transport final : public Deadlines::Owner {
 public:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

  Transport(Socket socket, Deadlines& deadlines);

  // Reads what is here. 0: nothing now, or the peer has ended its stream (eof()).
  Result<std::size_t> TryRecv(std::span<char> to);

  // Sends what the kernel takes now; 0: it is full.
  Result<std::size_t> TrySend(std::span<const iovec> parts);

  // Waits for bytes and reads them; 0 only when the peer has ended its stream.
  Task<std::size_t> Recv(std::span<char> to, TimePoint deadline);

  // Waits until TrySend makes progress.
  Task<void> WaitWritable(TimePoint deadline);

  // Lets everything else that is ready on the loop go first.
  Awaitable<void> Yield();

  // Moves the deadline of a Recv() that is waiting now.
  void LimitRead(TimePoint deadline) noexcept { slot_.Set(Wait::kRead, deadline); }

  // Says to the peer that no more bytes will follow.
  void EndStream() noexcept;

  // Makes the close visible to a TCP peer as a failure, where nothing else could say so.
  void ResetOnClose() noexcept;

  // Ends both directions at once; every wait ends with kUnavailable.
  void Kill() noexcept;

  void Expired(Wait which) noexcept override;

  // Takes what poll(POLLRDHUP) says of the socket: the peer has left once it has reset the
  // connection, or `grace` after it was first seen to have ended its side.
  void LookForPeer(short events, Duration grace) noexcept;

  // The peer closed or reset the connection, as far as anybody has looked.
  [[nodiscard]] bool peer_closed() const noexcept { return peer_closed_ || dead_; }
  [[nodiscard]] bool eof() const noexcept { return eof_; }
  [[nodiscard]] bool dead() const noexcept { return dead_; }  // nothing can be sent any more
  // A Recv() found it reset. On AF_UNIX: the peer closed it with bytes of ours unread.
  [[nodiscard]] bool reset() const noexcept { return reset_; }
  [[nodiscard]] int fd() noexcept { return socket_.native_handle(); }
  [[nodiscard]] TimePoint now() const noexcept { return deadlines_.now(); }

 private:
  enum class Ended { kAgain, kExpired, kGone };
  Awaitable<Ended> WhyAborted(bool& expired);

  Socket socket_;
  Deadlines& deadlines_;
  Deadlines::Slot slot_;
  std::optional<TimePoint> half_closed_since_;
  bool read_expired_ = false;
  bool write_expired_ = false;
  bool eof_ = false;
  bool peer_closed_ = false;
  bool dead_ = false;
  bool reset_ = false;
};

}  // namespace strata::http
