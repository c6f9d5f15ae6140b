#include "http/server/connection.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"
#include "http/exchange_io.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/server/server.h"
#include "http/server/server_config.h"
#include "http/server/server_state.h"
#include "http/transport.h"

namespace strata::http {
namespace {

constexpr std::size_t kHeadSpace = 512;        // free room before a read of a head
constexpr std::size_t kHoldBytes = 16 * 1024;  // answers held back for pipelined requests
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::uint32_t kBurst = 64;  // pipelined requests answered before others get a turn

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> state, Transport::Socket socket,
                       std::string peer, Arrival arrival)
    : state_(std::move(state)),
      place_(state_->connections.insert(state_->connections.end(), this)),
      peer_(std::move(peer)),
      transport_(std::move(socket), state_->deadlines),
      parser_(state_->config.head, state_->config.host),
      writer_(transport_, *this, state_->date, state_->config.write_timeout),
      body_(transport_, input_, writer_, state_->config.body_timeout),
      served_(arrival == Arrival::kBetweenRequests) {
  ++state_->counters.open;
}

Connection::~Connection() {
  --state_->counters.open;
  const bool body_expired = body_.failed() && body_.failed()->code == Errc::kDeadlineExceeded;
  if (head_expired_ || body_expired || writer_.gave_up()) ++state_->counters.timed_out;
  state_->connections.erase(place_);
  state_->answers.Forget(*this);
}

Awaitable<void> Connection::Run(std::unique_ptr<Connection> self) {
  After after = After::kNext;
  while (after == After::kNext) {
    self->parser_.Reset();
    const bool head = co_await self->ReadHead();
    if (!head || self->state_->stopped) {
      // A client that ended its side behind its last request still gets the answer that is held.
      if (self->held_) static_cast<void>(self->writer_.TryFlush());
      co_return;
    }
    after = co_await self->Answer();
    self->input_.Unpin();
    self->served_ = true;
    const bool small = after == After::kNext && self->writer_.pending_bytes() < kHoldBytes;
    const bool pipelined = small && !self->input_.readable().empty();
    self->held_ = small && !pipelined && self->state_->HoldAnswer(*self);
    if (!pipelined && !self->held_) {
      auto flushed = self->writer_.TryFlush();
      if (flushed && self->writer_.pending()) flushed = co_await self->writer_.Writable();
      if (!flushed) co_return;
    }
    if (++self->burst_ % kBurst == 0) co_await self->transport_.Yield();
  }
  if (after == After::kLinger) co_await self->Linger();
}

// True: the parser holds a head. False: the connection is over; whatever was to be said was said.
Awaitable<bool> Connection::ReadHead() {
  TimePoint deadline = TimePoint::max();
  for (;;) {
    idle_ = input_.readable().empty();
    if (idle_ && state_->heir) {
      const bool gone = co_await GiveAway();
      if (gone) co_return false;
    }
    if (!idle_) {
      const auto step = parser_.Feed(input_.readable());
      if (step == RequestParser::Step::kComplete) {
        const bool refused = state_->config.web_sockets == WebSockets::kRefused;
        if (!parser_.framing().web_socket || !refused) co_return true;
        co_await Reject({501, "WebSocket is not offered here"});
        co_return false;
      }
      if (step == RequestParser::Step::kRejected) {
        co_await Reject(parser_.rejection());
        co_return false;
      }
      deadline = std::min(deadline, transport_.now() + state_->config.header_timeout);
    }
    if (writer_.pending() && !held_) {
      auto flushed = co_await writer_.Writable();
      if (!flushed) co_return false;
    }
    burst_ = 0;
    auto got =
        co_await transport_.Recv(input_.Space(kHeadSpace), idle_ ? FirstByteDeadline() : deadline);
    if (got && *got != 0) {
      input_.Commit(*got);
      continue;
    }
    const bool expired = !got && got.error().code == Errc::kDeadlineExceeded;
    if (expired && idle_ && state_->heir) continue;
    if (expired && !idle_) {
      head_expired_ = true;
      co_await Reject(Rejection{408, "the request's head took too long to arrive"});
    }
    co_return false;
  }
}

// True: nobody reads here any more, for the heir has the connection or the client has left.
Awaitable<bool> Connection::GiveAway() {
  if (writer_.pending()) {
    auto flushed = co_await writer_.Writable();
    if (!flushed) co_return true;
  }
  if (!state_->heir) co_return false;  // it has failed meanwhile
  Fd copy(::fcntl(transport_.fd(), F_DUPFD_CLOEXEC, 0));
  if (copy.valid() && state_->heir(std::move(copy))) co_return true;
  state_->heir = nullptr;
  co_return false;
}

Awaitable<Connection::After> Connection::Answer() {
  idle_ = false;
  RequestHead& head = parser_.head();
  head.peer = peer_;
  input_.ConsumeAndPin(parser_.size());
  body_.Begin(head, parser_.framing(), state_->config.body);
  writer_.Begin(head, parser_.framing());
  if (head.content_length.value_or(0) > state_->config.body.count) {
    ++state_->counters.rejected;
    Problem problem = ProblemFor(Rejection{413, "the body is longer than this server takes"});
    (void)co_await AnswerProblem(writer_, std::move(problem));
    static_cast<void>(writer_.Finish());
    co_return After::kLinger;
  }
  ++state_->counters.requests;
  if (writer_.pending()) state_->FlushSoon(*this);
  handling_ = true;
  co_await state_->handler.Handle(*this);
  handling_ = false;
  if (taken_over_) co_return After::kClose;
  if (!writer_.head_sent()) co_await AnswerMissingHead();
  const bool keep = writer_.Finish();
  if (transport_.dead()) co_return After::kClose;
  if (!body_.complete()) {
    // The client may be waiting for the answer before it sends the rest.
    auto flushed = co_await writer_.Writable();
    if (!flushed) co_return After::kClose;
    if (!keep) co_return After::kLinger;
    const bool discarded = co_await body_.Discard();
    if (!discarded) co_return After::kLinger;
  }
  if (keep) co_return After::kNext;
  // Whoever did not ask for the close may have sent its next request before it read of it.
  const bool silent = input_.readable().empty() && !state_->draining;
  co_return silent ? After::kClose : After::kLinger;
}

// The handler returned without a word: the client is told why, as far as we know.
Awaitable<void> Connection::AnswerMissingHead() {
  if (transport_.dead()) co_return;
  Problem problem{.status = 500, .detail = "the request was not answered"};
  if (const auto& failed = body_.failed()) {
    problem = ProblemFor(*failed);
    if (failed->code == Errc::kResourceExhausted) problem = Problem{.status = 413};
    if (failed->code == Errc::kDeadlineExceeded) problem = Problem{.status = 408};
    problem.detail = failed->message;
  }
  (void)co_await AnswerProblem(writer_, std::move(problem));
}

// Answers a request that never became one, and closes.
Awaitable<void> Connection::Reject(Rejection rejection) {
  ++state_->counters.rejected;
  writer_.Begin(RequestHead{}, RequestFraming{.keep_alive = false});
  Problem problem = ProblemFor(rejection);
  (void)co_await AnswerProblem(writer_, std::move(problem));
  static_cast<void>(writer_.Finish());
  auto flushed = co_await writer_.Writable();
  if (flushed) co_await Linger();
}

// Closing while the client still sends would reset the connection, and the reset may overtake our
// answer: so say that we are done and read on for a moment.
Awaitable<void> Connection::Linger() {
  transport_.EndStream();
  const TimePoint deadline = transport_.now() + state_->config.linger;
  std::array<char, 4096> sink;
  std::size_t dropped = 0;
  while (dropped < kLingerBytes) {
    auto got = co_await transport_.Recv(sink, deadline);
    if (!got || *got == 0) co_return;
    dropped += *got;
  }
}

Task<Fd> Connection::TakeOver() {
  if (!body_.ended() || !input_.readable().empty() || writer_.head_sent()) {
    co_return Fail(Errc::kInvalidArgument,
                   "a client that asks for another protocol has to wait for the answer");
  }
  auto flushed = co_await writer_.Writable();  // answers to requests before this one
  if (!flushed) co_return std::unexpected(std::move(flushed).error());
  Fd copy(::fcntl(transport_.fd(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) co_return FailErrno("take over a connection", errno);
  taken_over_ = true;
  co_return copy;
}

bool Connection::MayKeepAlive() const noexcept {
  // While draining, requests that are already here are still answered on this connection; those
  // that follow are the heir's.
  const bool last = state_->draining && !state_->heir && input_.readable().empty();
  return !last && body_.cheap_to_discard();
}

TimePoint Connection::FirstByteDeadline() const noexcept {
  if (!served_) return transport_.now() + state_->config.header_timeout;
  return transport_.now() +
         (state_->draining ? state_->config.drain_idle_grace : state_->config.idle_timeout);
}

void Connection::BeginDrain() noexcept {
  if (!idle_) return;
  if (state_->heir) {
    transport_.Expired(Wait::kRead);  // ReadHead() gives it away
  } else if (served_) {
    transport_.LimitRead(FirstByteDeadline());
  }
}

bool Connection::Flush() noexcept { return !writer_.TryFlush() || !writer_.pending(); }

}  // namespace strata::http
