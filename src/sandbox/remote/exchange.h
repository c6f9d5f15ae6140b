// sandbox/remote/exchange.h - the HTTP exchange of a call that came over a line: the head's texts,
// and both bodies against credit.
//
//   a cell ==line: messages.h==> server.cc --> [ RemoteExchange ] --Call--> Sandbox::Invoke
//
// Credit bounds what is on its way: a guest that does not read, or a client that does not, holds
// the other side up and fills no memory.
//
// Threads:  the loop's. Lifetime: the channel outlives it; head() points into it.
// Errors:   reads and writes fail with kUnavailable once the line is gone. Tested by
//           tests/integration/remote.
#pragma once

#include <string>
#include <vector>

#include "http/exchange.h"
#include "sandbox/remote/messages.h"
#include "sandbox/wake_event.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {

class RemoteExchange final : public http::BodySource, public http::ResponseSink {
 public:
  RemoteExchange(Loop& loop, wire::Channel& channel, Begin begin);

  // kInvalidArgument: the head's texts are not those of a request.
  Result<void> Check() const;
  [[nodiscard]] const http::RequestHead& head() const noexcept { return head_; }

  // What the other side sent. kInvalidArgument: more body than it has credit for.
  Result<void> Take(Input input);
  void Take(InputEnd);
  void Take(Credit credit);
  void Break();  // the line is gone

  Result<std::size_t> TryRead(std::span<std::byte> to) override;
  [[nodiscard]] bool ended() const noexcept override { return ended_ && pending_.empty(); }
  Task<void> Readable() override;

  Result<void> Head(http::ResponseHead head) override;
  Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
  Task<void> Writable() override;
  [[nodiscard]] bool head_sent() const noexcept override { return head_sent_; }

 private:
  [[nodiscard]] Result<void> Whole() const;

  wire::Channel& channel_;
  const Begin begin_;
  std::vector<http::Header> headers_;
  http::RequestHead head_;
  std::string pending_;  // body that came and was not read yet
  bool ended_ = false;
  bool broken_ = false;
  bool head_sent_ = false;
  std::uint32_t credit_ = kWindow;
  WakeEvent readable_;
  WakeEvent writable_;
};

}  // namespace strata::sandbox::remote
