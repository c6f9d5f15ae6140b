// wire/manager_link.h - the one manager that a cell or keeper listens to at a time, and what
// happens between two of them.
//
//   wire, control listener --> [ ManagerLink ] --message--> Handler
//
// A manager that dies takes nothing along. A later one connects to the control listener, proves by
// the kernel's word that it runs as the user that started us (or as root), says Adopt with the
// right instance, and replaces whoever was there before.
//
// Threads: one loop. Lifetime: outlives its coroutines (the process ends before it does).
// Tested by tests/integration.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "telemetry/log.h"
#include "wire/channel.h"

namespace strata::wire {

class ManagerLink {
 public:
  // What the link tells its owner, on the loop.
  class Handler {
   public:
    virtual ~Handler() = default;
    // A failure closes the link: the manager broke the rules.
    virtual Result<void> OnMessage(Frame frame) = 0;
    // The first frame of whoever wants to be our manager: the answer, with its descriptors, or why
    // it is refused.
    virtual Result<Frame> OnAdopt(std::string_view text) = 0;
    virtual void OnAdopted() {}     // it has its answer: what is posted reaches it
    virtual void OnLost() = 0;      // no manager from now on
    virtual void OnOrphaned() = 0;  // and none came for too long
  };

  // `starter` is the user whose managers may adopt us, besides root.
  ManagerLink(Loop& loop, telemetry::Logger log, uid_t starter, Handler& handler)
      : loop_(loop), log_(std::move(log)), starter_(starter), handler_(handler) {}

  // Makes `socket` the manager's and reads it.
  void Connect(Fd socket);

  // Takes adoptions on `listener`, and orphans us when nobody came for `patience`.
  Result<void> ListenForAdoption(Fd listener, std::chrono::seconds patience);

  // Sends to the manager. False: there is none.
  bool Post(Frame frame);

  // Bytes that were posted and that nobody has read off us yet.
  [[nodiscard]] std::size_t queued() const noexcept { return wire_ ? wire_->queued() : 0; }

  // Waits until there are none, or no manager.
  Awaitable<void> Drain();

  [[nodiscard]] bool connected() const noexcept { return wire_ != nullptr; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, Executor>;

  Awaitable<void> Read(std::shared_ptr<Channel> wire);
  Awaitable<void> Accept(Acceptor acceptor);
  Awaitable<void> TryAdopt(Fd socket);
  Awaitable<void> WaitForAdoption(std::uint64_t loss);
  [[nodiscard]] bool MayAdopt(int socket) const;
  void Lose();

  Loop& loop_;
  telemetry::Logger log_;
  const uid_t starter_;
  Handler& handler_;
  std::chrono::seconds patience_{60};
  std::shared_ptr<Channel> wire_;  // null: no manager now
  std::uint64_t losses_ = 0;
};

}  // namespace strata::wire
