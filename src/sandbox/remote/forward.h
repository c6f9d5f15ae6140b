// sandbox/remote/forward.h - one request to a service over one connection, HTTP/1.1: the call's
// head and body out, the answer back, both streaming.
//
//   exchange <--CallIo-- Forward <--HTTP/1.1--> Connection
//
// Fields that belong to one connection stay behind (RFC 9110 7.6.1), and so do a client's own
// X-Forwarded-* and Forwarded: the service gets ours, which it can believe. The service's answer is
// parsed as strictly as a client's request.
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   kUnavailable: the service closed before it answered.
// Tested by remote/forward_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/parse/chunked.h"
#include "http/parse/response_parser.h"
#include "sandbox/call/call_io.h"
#include "sandbox/call/helper.h"
#include "sandbox/driver.h"
#include "sandbox/remote/connection.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::remote {

// The request's head as the service gets it. Pure.
std::string RequestHeadFor(const Call& call);

class Forward {
 public:
  Forward(Loop& loop, const Clock& clock, Connection& connection, const Spec& spec, Call& call);

  Task<model::Exit> Run();
  void Stop() noexcept;

  // After Run: the connection may carry another request.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }

  // After a Run that failed: the service closed without a byte of answer, and the request may be
  // sent again (its method is idempotent and it has no body).
  [[nodiscard]] bool repeatable() const;

 private:
  Awaitable<void> Supervise();
  void Watch();
  Awaitable<void> Feed();
  Awaitable<bool> SendAll(std::string_view bytes);
  Awaitable<void> Answer();
  Task<http::ParsedResponse> ReadHead();
  Awaitable<void> PassBody(http::ParsedResponse head);
  Awaitable<bool> GiveChunks(http::ChunkDecoder& decoder);
  Awaitable<bool> Give(std::string_view bytes);
  Awaitable<void> Tick();

  Loop& loop_;
  const Clock& clock_;
  Connection& connection_;
  Call& call_;
  CallIo io_;
  WakeEvent event_;
  Timer timer_;
  const TimePoint start_;
  const TimePoint due_;
  bool stop_ = false;
  bool sent_ = false;      // the whole request
  bool answered_ = false;  // at least a byte
  bool reusable_ = false;
  std::optional<Error> failed_;
  Helper feed_;
  Helper answer_;
  Helper tick_;
};

}  // namespace strata::sandbox::remote
