// kube/ttrpc/client.h - calls a ttrpc server on a Unix socket: one call after the other.
//
//   events, `delete` --> Client --> containerd, the resident shim
//
// Connects when there is something to say, and again after a failure.
//
// Threads: the loop's. Lifetime: outlives its calls; one at a time.
// Errors:  kUnavailable: nobody listens, or the connection broke before the reply: the call may
//          have been done. kDeadlineExceeded: no reply within the timeout. Else the peer's refusal.
// Tested by kube/ttrpc/server_test.cc.
#pragma once

#include <memory>
#include <string>

#include "base/async/task.h"
#include "kube/ttrpc/connection.h"
#include "kube/ttrpc/message.h"

namespace strata::kube::ttrpc {

class Client {
 public:
  Client(Loop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}

  // `request.timeout` must not be 0.
  Awaitable<Reply> Call(Request request);

 private:
  Task<void> Connect();

  Loop& loop_;
  const std::string path_;
  std::shared_ptr<Connection> connection_;  // null: none
  std::uint32_t next_stream_ = 1;
};

}  // namespace strata::kube::ttrpc
