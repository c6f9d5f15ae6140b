// kube/ttrpc/connection.h - one end of a ttrpc connection: frames, in and out.
//
// Threads: one loop. Lifetime: frames may be sent while a Receive waits; both fail with
// kUnavailable once the peer is gone or Close() was called. What waits keeps the state alive.
// Errors: an understood but refused frame closes the connection (kInvalidArgument), as nothing that
// follows can be told apart.
// Tested by kube/ttrpc/server_test.cc.
#pragma once

#include <memory>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "kube/ttrpc/frame.h"

namespace strata::kube::ttrpc {

class Connection {
 public:
  // Takes a connected stream socket.
  Connection(Loop& loop, Fd socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The next frame. One receiver at a time.
  Task<Frame> Receive();

  // Queues a frame; frames leave in order. kResourceExhausted: more than kMaxMessage, or 16 MiB
  // wait because the peer does not read, which also closes the connection.
  Result<void> Post(Frame frame);

  void Close() noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace strata::kube::ttrpc
