// sandbox/remote/connection.h - a connection to a service, kept for one request after another.
//
//   service.cc --> forward.h --> [ Connection ] ==TCP==> a server in a sandbox
//
// What comes is a guest's, and hostile: it goes through http's strict parsers.
//
// Threads:  one loop; one request at a time. Lifetime: the loop outlives it. A wait has no bound of
//           its own: whoever waits cancels it at the deadline.
// Errors:   as stated. Tested by service_test.cc, forward_test.cc.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "http/parse/input_buffer.h"

namespace strata::sandbox::remote {

class Connection {
 public:
  // `socket`: connected, or still connecting.
  Connection(Loop& loop, Fd socket);

  // Whether the other side has neither closed it nor sent what nobody asked for.
  [[nodiscard]] bool fresh() const;

  // Sends what the kernel takes; waits for room when that is nothing. kUnavailable: it is gone.
  Task<std::size_t> Send(std::string_view bytes);

  // Adds to input(); 0: the other side has ended. kUnavailable: it is gone.
  Task<std::size_t> Receive();

  [[nodiscard]] http::InputBuffer& input() noexcept { return input_; }

 private:
  asio::posix::basic_stream_descriptor<Executor> socket_;
  http::InputBuffer input_;
};

}  // namespace strata::sandbox::remote
