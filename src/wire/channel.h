// wire/channel.h - one end of a wire: frames with descriptors over a connected AF_UNIX stream
// socket. Managers, cells and keepers talk over it; what the frames say is theirs to agree on.
//
// Frame: u32 little-endian length (1 .. 16 MiB), then that many bytes. Up to 200
// descriptors ride on a frame's first byte. Anything else (oversize, truncated control data) breaks
// the channel.
//
// Threads: one loop. Lifetime: Send may be called while a Receive waits; both end with kUnavailable
// when the peer is gone or Close() was called. Descriptors that nobody took are closed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/files/fd.h"

namespace strata::wire {

struct Frame {
  std::string text;
  std::vector<Fd> fds;
};

class Channel {
 public:
  // Takes a connected socket.
  Channel(Loop& loop, Fd socket);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  // Sends one frame, or queues what the socket does not take now; frames leave in order. Waits
  // while more than 32 MiB are queued. kInvalidArgument: over the frame's limits. kUnavailable: the
  // channel is broken.
  Task<void> Send(Frame frame);

  // The same without waiting, for senders that bound by themselves what they have under way: the
  // channel breaks when the queue takes more than 64 MiB, what frames take beside their bytes
  // included.
  Result<void> Post(Frame frame);

  // Bytes that the socket has not taken yet.
  [[nodiscard]] std::size_t queued() const noexcept;

  // Waits until it has taken all of them, or the channel is broken.
  Awaitable<void> Drain();

  // Waits for the next frame; others of the loop have their turns between many. One receiver at a
  // time. kInvalidArgument: the peer broke the framing; the channel is closed.
  Task<Frame> Receive();

  void Close() noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the tasks that wait on it
};

}  // namespace strata::wire
