// cell/wire/network.h - guests' way out: a connection is asked for over the wire, checked against
// the grants again by the manager, and arrives as a descriptor.
//
//   sandbox --Connector--> [ WireNetwork ] --Connect--> manager --Connected + fd--> sandbox
//
// Threads: one loop. Lifetime: outlives its waiters. Errors: kPermissionDenied, kUnavailable and
// kDeadlineExceeded as sandbox::Connector says. Tested by network_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/async/task.h"
#include "cell/wire/messages.h"
#include "route/ports.h"

namespace strata::cell {

class WireNetwork final : public route::Network {
 public:
  // Sends a Connect to the manager; false: there is none now.
  using Ask = std::function<bool(cell::Connect)>;

  WireNetwork(Loop& loop, Ask ask) : loop_(loop), ask_(std::move(ask)) {}

  Task<Fd> Connect(route::FunctionId function, std::string_view host, std::uint16_t port) override;

  // The manager answered. An answer nobody waits for any more is dropped with its descriptor.
  void OnConnected(const Connected& answer, Fd socket);

  // The wire broke: no answer will come.
  void OnWireLost();

 private:
  struct Waiter {
    explicit Waiter(Loop& loop) : timer(loop.get_executor()) {}
    Timer timer;
    Result<Fd> answer = Fail(Errc::kDeadlineExceeded, "the connector did not answer in time");
  };

  void Settle(std::uint64_t id, Result<Fd> answer);

  Loop& loop_;
  Ask ask_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Waiter*> waiters_;
};

}  // namespace strata::cell
