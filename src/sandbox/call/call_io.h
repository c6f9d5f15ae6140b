// sandbox/call/call_io.h - a call's body and sink with the limits of its sandbox on them, for
// drivers that move the bytes themselves.
//
//   guest's stdin <-- Read -- Call::body        guest's answer -- Respond, Write --> Call::sink
//
// The first reason to end the call is kept in fate(); from then on everything fails.
//
// Threads: the loop's. Lifetime: call and limits outlive it. Tested by tests/contract.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "model/values.h"
#include "sandbox/call/cgi.h"
#include "sandbox/driver.h"

namespace strata::sandbox {

// Why a call ends before its guest returned.
struct Fate {
  model::ExitReason reason;
  std::string detail;
};

class CallIo {
 public:
  CallIo(Call& call, const model::Limits& limits) : call_(call), limits_(limits) {}

  // Bytes of the body that are here; 0: none now, or the body has ended (body_ended()). Nothing: it
  // failed.
  std::optional<std::size_t> Read(std::span<std::byte> to);
  [[nodiscard]] bool body_ended() const noexcept { return call_.body.ended(); }
  Awaitable<void> WaitReadable();

  // False: fate() says why.
  bool Respond(http::ResponseHead head);

  // How many bytes were taken; 0: the client must read first. Nothing: fate() says why.
  std::optional<std::size_t> Write(std::span<const std::byte> from);
  Awaitable<void> WaitWritable();

  // The first reason counts.
  void Condemn(model::ExitReason reason, std::string detail);
  // Condemns what a passed deadline or a client that is gone has ended already.
  void CheckClient();

  [[nodiscard]] const std::optional<Fate>& fate() const noexcept { return fate_; }
  [[nodiscard]] Bytes bytes_in() const noexcept { return in_; }
  [[nodiscard]] Bytes bytes_out() const noexcept { return out_; }

 private:
  void Blame(const Error& error);

  Call& call_;
  const model::Limits& limits_;
  std::optional<Fate> fate_;
  Bytes in_;
  Bytes out_;
};

// Hands on what `output` has decided, until all of it has been taken or the call is condemned.
Awaitable<void> HandOn(CallIo& io, CgiOutput& output);

}  // namespace strata::sandbox
