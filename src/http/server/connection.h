// http/server/connection.h - one client's connection, from accept to close: reads a head, lets the
// handler answer, sends, and goes round again. It is also the Exchange that the handler sees.
//
//   Server --> [ Connection: parser, body, writer over one Transport ] --> Handler
//
// All buffers are reused from one request to the next. Threads: on the loop.
// Lifetime: owned by its own coroutine, Run(). Tested by http/server/server_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "http/body.h"
#include "http/exchange.h"
#include "http/parse/input_buffer.h"
#include "http/parse/parser.h"
#include "http/server/answer_batch.h"
#include "http/server/response_writer.h"
#include "http/server/server.h"
#include "http/transport.h"

namespace strata::http {

struct ServerState;

class Connection final : public Exchange,
                         public AnswerBatch::Sender,
                         private ResponseWriter::KeepAlivePolicy {
 public:
  Connection(std::shared_ptr<ServerState> state, Transport::Socket socket, std::string peer,
             Arrival arrival);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  // Serves until the connection is over. Never fails: what goes wrong ends the connection.
  static Awaitable<void> Run(std::unique_ptr<Connection> self);

  // A drain has begun: an idle connection goes to the heir, if there is one, or is given its grace
  // from now; one that has not sent its first request yet keeps its time for it.
  void BeginDrain() noexcept;

  // Ends it now, whatever it does.
  void Kill() noexcept { transport_.Kill(); }

  // True while the handler runs; the server then looks whether the client is still there.
  [[nodiscard]] bool handling() const noexcept { return handling_; }
  [[nodiscard]] Transport& transport() noexcept { return transport_; }

  // Sends answers that were held back to go out together with others.
  bool Flush() noexcept override;

  [[nodiscard]] const RequestHead& head() const noexcept override { return parser_.head(); }
  BodySource& body() override { return body_; }
  ResponseSink& sink() override { return writer_; }
  Result<void> LimitBody(Bytes limit) override { return body_.Limit(limit); }
  Task<Fd> TakeOver() override;
  [[nodiscard]] bool client_gone() const noexcept override { return transport_.peer_closed(); }

 private:
  enum class After { kNext, kClose, kLinger };

  [[nodiscard]] bool MayKeepAlive() const noexcept override;
  [[nodiscard]] TimePoint FirstByteDeadline() const noexcept;

  Awaitable<bool> ReadHead();
  Awaitable<bool> GiveAway();
  Awaitable<After> Answer();
  Awaitable<void> Reject(Rejection rejection);
  Awaitable<void> Linger();
  Awaitable<void> AnswerMissingHead();

  std::shared_ptr<ServerState> state_;
  std::list<Connection*>::iterator place_;  // in state_->connections
  std::string peer_;
  Transport transport_;
  InputBuffer input_;
  RequestParser parser_;
  ResponseWriter writer_;
  RequestBody body_;
  bool served_;              // it has had a request, here or at the server that it came from
  std::uint32_t burst_ = 0;  // requests answered since the loop last ran something else
  bool idle_ = false;
  bool handling_ = false;
  bool held_ = false;  // the batch sends the last answer, not this connection
  bool head_expired_ = false;
  bool taken_over_ = false;
};

}  // namespace strata::http
