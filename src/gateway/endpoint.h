// gateway/endpoint.h - one host cell as a front reaches it, and the connections to it.
//
//   Endpoints --> [ Endpoint: line, idle connections ] --HTTP/1.1 over AF_UNIX--> cell::FrontLines
//
// A new connection is a pair of sockets, of which one end goes over the line: nobody is waited for,
// and no path or address is needed. The cell's end belongs to that cell alone, so what a cell says
// can reach only clients whose requests it was given.
//
// Threads: one loop. Lifetime: loop and deadlines outlive it. Tested by endpoints_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/task.h"
#include "http/deadlines.h"
#include "http/input_buffer.h"
#include "http/transport.h"
#include "wire/channel.h"

namespace strata::gateway {

// One connection to a host cell, for one request after another.
struct HopConnection {
  HopConnection(http::Transport::Socket socket, http::Deadlines& deadlines)
      : transport(std::move(socket), deadlines) {}

  // Whether the cell has neither closed it nor sent what nobody asked for.
  [[nodiscard]] bool fresh();

  http::Transport transport;
  http::InputBuffer input;
  std::string out;  // the request's head, and the room for it
};

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  // The most connections, and so the most requests, that a front has with one cell at a time.
  static constexpr std::size_t kMostConnections = 512;
  static constexpr std::size_t kMostIdle = 128;

  // `line`: a connected stream socket whose other end a cell::FrontLines serves.
  Endpoint(Loop& loop, http::Deadlines& deadlines, std::string cell, Fd line);

  // Calls `on_lost` once, when the cell has closed the line.
  void Watch(std::function<void()> on_lost);

  // A connection that was kept, or a new one; null: there are too many, or the cell is gone.
  std::unique_ptr<HopConnection> Take();
  // Ends a Take: `connection` may carry another request, or is null.
  void Return(std::unique_ptr<HopConnection> connection);

  // Makes no more connections, and drops those that are idle.
  void Close();

  [[nodiscard]] const std::string& cell() const noexcept { return cell_; }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  std::unique_ptr<HopConnection> Make();

  Loop& loop_;
  http::Deadlines& deadlines_;
  const std::string cell_;
  wire::Channel line_;
  std::vector<std::unique_ptr<HopConnection>> idle_;  // the warmest at the end
  std::size_t taken_ = 0;
  bool closed_ = false;
};

}  // namespace strata::gateway
