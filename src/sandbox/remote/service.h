// sandbox/remote/service.h - a running service as an image: whatever runs it, a call is a request
// to it over a connection.
//
//   route --> ServiceDriver --Prepare(line)--> Image --> Sandbox --HTTP/1.1--> connection
//                                                ===line: Dial==> remote::Server in a keeper
//
// A sandbox here is nothing of its own: one call's turn on a connection, of which up to kMostIdle
// are kept. When the service holds no more connections, calls wait in line for those that there
// are, which does not stand for ever (base/lines/standing_line.h), and not with less time left than
// such calls usually take (base/lines/usual_time.h). The service goes on when it is stopped or
// gone.
//
// Threads:  one loop. Lifetime: loop and clock outlive all.
// Errors:   Invoke: kUnavailable: no connection was to be had within the call's deadline;
//           kResourceExhausted: all were in use until then, or until too little time was left, or
//           too many calls wait, or have for long. A service that closes it without an answer,
//           after what may be repeated was, is Exit{kStopped}.
// Tested by remote/service_test.cc, remote/forward_test.cc and tests/e2e/services_test.py.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/async/task.h"
#include "base/clock.h"
#include "sandbox/driver.h"

namespace strata::sandbox::remote {

// Module keys of services begin with this.
inline constexpr std::string_view kServiceKey = "service:";

inline constexpr std::size_t kMostIdle = 64;
inline constexpr std::size_t kMostInLine = 1000;

class ServiceDriver final : public Driver {
 public:
  ServiceDriver(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "service"; }
  Result<void> Probe() override { return {}; }

  // `line`: a connected stream socket whose other end a Server serves with a Dialler.
  Result<std::shared_ptr<Image>> Prepare(Fd line) override;

 private:
  Loop& loop_;
  const Clock& clock_;
};

}  // namespace strata::sandbox::remote
