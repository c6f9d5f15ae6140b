// kube/ttrpc/server.h - answers calls of ttrpc on a listening Unix socket.
//
//   containerd --connections--> [ Server ] --Call--> handler --Reply--> the same connection
//
// Every call is answered as soon as its handler ends, whatever else is under way on its connection.
//
// Threads:  the loop's. Lifetime: outlives the loop's run; handlers outlive their connection, and
//           their reply is dropped then.
// Errors:   a connection that breaks the protocol is closed; what it has begun goes on. A call
//           beyond the limit is answered with kResourceExhausted.
// Who may call: processes of root and of our own user; others are hung up on.
// Tested by kube/ttrpc/server_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "kube/ttrpc/connection.h"
#include "kube/ttrpc/message.h"

namespace strata::kube::ttrpc {

struct Call {
  Request request;
  std::shared_ptr<const bool> abandoned;  // true once nobody waits for the reply any more
};

using Handler = std::function<Awaitable<Reply>(Call call)>;

class Server {
 public:
  Server(Loop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves connections to `listener`, a listening Unix socket. kInvalidArgument: it is none.
  Result<void> Listen(Fd listener);

  // Serves one connection, until its end.
  Awaitable<void> Serve(Fd socket);

  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }  // now
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }      // ever

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, Executor>;

  // What the calls of one connection share.
  struct Client {
    Client(Loop& loop, Fd socket) : connection(loop, std::move(socket)) {}
    Connection connection;
    std::size_t calls = 0;  // under way
    std::shared_ptr<bool> abandoned = std::make_shared<bool>(false);
  };

  Awaitable<void> Accept(Acceptor acceptor);
  Awaitable<void> Answer(std::shared_ptr<Client> client, Frame frame);
  static bool Refuse(Client& client, std::uint32_t stream, Error error);

  Loop& loop_;
  const Handler handler_;
  std::size_t connections_ = 0;
  std::uint64_t accepted_ = 0;
};

}  // namespace strata::kube::ttrpc
