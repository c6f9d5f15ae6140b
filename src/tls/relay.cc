#include "tls/relay.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace strata::tls {
namespace {

using ErrorCode = boost::system::error_code;

}  // namespace

Relay::Relay(Loop& loop, std::shared_ptr<Stream> stream, const RelayLimits& limits,
             std::optional<Gate::Holder> held)
    : stream_(std::move(stream)),
      plain_(loop.get_executor()),
      limits_(limits),
      held_(std::move(held)) {}

Result<Relay::Started> Relay::Start(Loop& loop, std::shared_ptr<Stream> stream,
                                    const RelayLimits& limits, std::optional<Gate::Holder> held) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return FailErrno("make a socketpair", errno);
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  std::shared_ptr<Relay> relay(new Relay(loop, std::move(stream), limits, std::move(held)));
  ErrorCode error;
  relay->plain_.assign(asio::generic::stream_protocol(AF_UNIX, 0), ours.get(), error);
  if (error) return FailErrno("relay: epoll", error.value());
  static_cast<void>(ours.Release());  // the descriptor is plain_'s now
  Spawn(loop, In(relay));
  Spawn(loop, Out(relay));
  return Started{std::move(relay), std::move(theirs)};
}

Awaitable<void> Relay::In(std::shared_ptr<Relay> self) {
  ErrorCode error;
  for (;;) {
    auto got = co_await self->stream_->Read(self->in_);
    if (!got) {
      self->broken_ = got.error();
      self->stream_->Kill();
      self->plain_.shutdown(Plain::shutdown_both, error);
      break;
    }
    if (*got == 0) {
      self->plain_.shutdown(Plain::shutdown_send, error);
      break;
    }
    co_await asio::async_write(self->plain_, asio::buffer(self->in_.data(), *got),
                               asio::redirect_error(kAwait, error));
    // Nobody wants more; Out() sees the same end and gives the peer its last moment.
    if (error) break;
  }
  self->in_ended_ = true;
  if (self->out_ended_) self->stream_->KillAfter(Duration::max());  // no need to linger
}

Awaitable<void> Relay::Out(std::shared_ptr<Relay> self) {
  ErrorCode error;
  for (;;) {
    const std::size_t got = co_await self->plain_.async_read_some(
        asio::buffer(self->out_), asio::redirect_error(kAwait, error));
    if (error) break;
    auto written =
        co_await self->stream_->Write({self->out_.data(), got}, self->limits_.write_stall);
    if (!written) break;  // In() reads why: a refusal may be the last that came
  }
  auto ended = co_await self->stream_->EndSending(self->limits_.write_stall);
  static_cast<void>(ended);  // the peer is gone: just as well
  self->plain_.shutdown(Plain::shutdown_receive, error);
  self->out_ended_ = true;
  if (!self->in_ended_) self->stream_->KillAfter(self->limits_.linger);
}

}  // namespace strata::tls
