// sandbox/wasm/outgoing/request.h - one HTTP/1.1 request that a guest sends out, over a connection
// that the Connector made. Bodies stream both ways through bounded queues.
//
//   guest --Write--> [ 64 KiB ] --> socket --> [ 64 KiB ] --Read--> guest
//
// The head is sent once the guest wrote its first body byte or ended the body, because only then
// its framing is known. One connection per request; it is not reused.
//
// Threads: the loop's. Lifetime: destroyed only when it is not running(). Errors: failure() has the
// reason, for the log; the guest sees that it failed. Tested by table_test.cc.
#pragma once

#include <string>

#include "sandbox/call/helper.h"
#include "sandbox/wake_event.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/outgoing/byte_queue.h"
#include "sandbox/wasm/outgoing/destination.h"
#include "sandbox/wasm/outgoing/tls.h"

namespace strata::sandbox::wasm::outgoing {

class Request {
 public:
  // `guest` is woken whenever one of the guest's functions below would make progress. Fails with
  // kInvalidArgument when `head` cannot be sent as it is (control characters).
  static Result<std::unique_ptr<Request>> Make(Loop& loop, const OutgoingHead& head, Destination to,
                                               WakeEvent& guest);

  // Connects and converses in the background. Once.
  void Start(Connector& connector, Tls& tls);
  void Cancel();
  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] bool running() const noexcept { return run_.running(); }
  // Why it failed; empty while it did not.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] const Destination& destination() const noexcept { return to_; }

  // The guest's side; none of them waits.
  Io Write(std::span<const std::byte> from);
  void End();
  Io Response(http::ResponseHead& head);
  Io Read(std::span<std::byte> to);

 private:
  Request(Loop& loop, Destination to, WakeEvent& guest);

  Awaitable<void> Run(Connector& connector, Tls& tls);
  Task<void> Converse(Connector& connector, Tls& tls);
  template <typename Stream>
  Task<void> Exchange(Stream& stream);
  template <typename Stream>
  Awaitable<void> WriteRequest(Stream& stream);
  template <typename Stream>
  Task<void> ReadResponse(Stream& stream);

  Loop& loop_;
  const Destination to_;
  WakeEvent& guest_;
  std::string head_;  // request line and fields, without framing and the empty line
  bool has_length_ = false;
  bool is_head_ = false;

  Helper run_;
  Helper writer_;
  WakeEvent upward_;    // for the writer: body bytes, or their end
  WakeEvent downward_;  // for the reader: room, or the writer's end
  ByteQueue up_;
  ByteQueue down_;
  bool started_ = false;
  bool cancelled_ = false;
  bool up_ended_ = false;
  bool up_broken_ = false;  // the peer takes no more of the body
  bool answered_ = false;   // response_ is valid
  bool down_ended_ = false;
  http::ResponseHead response_;
  std::string failure_;
};

}  // namespace strata::sandbox::wasm::outgoing
