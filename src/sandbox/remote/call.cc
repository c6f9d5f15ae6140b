#include "sandbox/remote/call.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text/byte_view.h"
#include "sandbox/remote/codec.h"

namespace strata::sandbox::remote {

using model::Exit;
using model::ExitReason;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kChunk = 16 * 1024;
constexpr milliseconds kTick{5};
// The other side ends a call at its deadline; what has not ended this long after it never will.
constexpr std::chrono::seconds kGrace{10};

}  // namespace

RemoteCall::RemoteCall(Loop& loop, const Clock& clock, wire::Channel& channel, const Spec& spec,
                       Call& call)
    : loop_(loop),
      clock_(clock),
      channel_(channel),
      spec_(spec),
      call_(call),
      io_(call, spec.limits),
      event_(loop),
      credited_(loop),
      arrived_(loop),
      timer_(loop.get_executor()),
      give_up_(std::min(call.deadline, clock.Now() + spec.limits.timeout) + kGrace) {}

void RemoteCall::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

// Cancellation of the awaiting coroutine is taken as a reason to end, not thrown: the other side
// has to be told, and the helpers joined.
Task<Exit> RemoteCall::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await Supervise();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return Finish();
}

Begin RemoteCall::MakeBegin() const {
  const http::RequestHead& head = call_.head;
  Begin begin;
  const auto left = std::chrono::ceil<milliseconds>(call_.deadline - clock_.Now()).count();
  begin.patience_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
  begin.has_length = head.content_length.has_value();
  begin.length = head.content_length.value_or(0);
  begin.traceparent = call_.trace.traceparent;
  begin.tracestate = call_.trace.tracestate;
  for (const std::string_view text :
       {head.method, head.target, head.host, head.scheme, head.peer}) {
    begin.texts.emplace_back(text);
  }
  for (const auto& [name, value] : head.headers) {
    begin.texts.emplace_back(name);
    begin.texts.emplace_back(value);
  }
  return begin;
}

// A line that broke is noticed by Receive.
void RemoteCall::Send(const ToServer& message) {
  static_cast<void>(channel_.Post({Encode(message), {}}));
}

Awaitable<void> RemoteCall::Supervise() {
  Send(MakeBegin());
  receive_.Start(loop_, Receive(), event_);
  feed_.Start(loop_, Feed(), event_);
  answer_.Start(loop_, Answer(), event_);
  tick_.Start(loop_, Tick(), event_);
  for (Watch(); !Over(); Watch()) {
    co_await event_.Wait();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      io_.Condemn(ExitReason::kStopped, "cancelled");
    }
  }
  fate_ = io_.fate();  // before helpers that we cancel add theirs
  for (Helper* helper : {&feed_, &answer_, &tick_}) helper->Cancel();
  while (feed_.running() || answer_.running() || tick_.running()) co_await event_.Wait();
}

void RemoteCall::Watch() {
  if (stop_) io_.Condemn(ExitReason::kStopped, "stopped");
  io_.CheckClient();
  if (io_.fate() && !std::exchange(told_, true)) Send(remote::Stop{});
  if (clock_.Now() >= give_up_ && receive_.running()) {
    gave_up_ = true;
    channel_.Close();
  }
}

bool RemoteCall::Over() const noexcept {
  if (receive_.running()) return false;
  return !answer_.running() || broken_ || io_.fate();
}

bool RemoteCall::keeper_lost() const noexcept {
  return broken_ && broken_->code == Errc::kUnavailable && !done_ && !fate_ && !gave_up_;
}

Result<Exit> RemoteCall::Finish() {
  // Nothing ran there, so there is no fate of a guest.
  if (done_ && !done_->code.empty()) {
    const bool late = fate_ && fate_->detail == "deadline";
    return Fail(late ? Errc::kDeadlineExceeded : ErrcFromName(done_->code),
                fate_ ? fate_->detail : done_->message);
  }
  if (fate_) {
    Exit exit{.reason = fate_->reason, .detail = fate_->detail, .usage = {}};
    if (done_) exit.usage = done_->exit.usage;
    return exit;
  }
  if (broken_) return std::unexpected(*broken_);
  return std::move(done_->exit);
}

// ---- helpers -----------------------------------------------------------------------------------

Awaitable<void> RemoteCall::Feed() {
  std::array<std::byte, kChunk> part;
  while (!io_.body_ended()) {
    if (credit_ == 0) {
      co_await credited_.Wait();
      const auto cancellation = co_await asio::this_coro::cancellation_state;
      if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
      continue;
    }
    const auto got = io_.Read(std::span(part).first(std::min<std::size_t>(credit_, kChunk)));
    if (!got) co_return;
    if (*got == 0) {
      if (!io_.body_ended()) co_await io_.WaitReadable();
      if (io_.fate()) co_return;
      continue;
    }
    credit_ -= static_cast<std::uint32_t>(*got);
    Send(Input{std::string(AsText(std::span(part).first(*got)))});
  }
  Send(InputEnd{});
}

Awaitable<void> RemoteCall::Receive() {
  while (!done_) {
    auto frame = co_await channel_.Receive();
    if (!frame) {
      broken_ = Error{Errc::kUnavailable, "the keeper of this sandbox: " + frame.error().message};
      break;
    }
    auto message = DecodeToClient(frame->text);
    auto taken = message ? Take(std::move(*message)) : std::unexpected(message.error());
    if (taken) continue;
    broken_ = Error{Errc::kInternal, "the keeper of this sandbox: " + taken.error().message};
    channel_.Close();
    break;
  }
  arrived_.Wake();
}

Result<void> RemoteCall::Take(ToClient message) {
  if (auto* head = std::get_if<Respond>(&message)) {
    if (head->texts.size() % 2 != 0) return Fail(Errc::kInvalidArgument, "half a header field");
    http::ResponseHead response{.status = head->status, .headers = {}};
    for (std::size_t i = 0; i < head->texts.size(); i += 2) {
      response.headers.emplace_back(std::move(head->texts[i]), std::move(head->texts[i + 1]));
    }
    unsent_ = io_.Respond(std::move(response));  // fate() says why not
    arrived_.Wake();
  } else if (auto* output = std::get_if<Output>(&message)) {
    if (pending_.size() + output->bytes.size() > kWindow) {
      return Fail(Errc::kInvalidArgument, "more answer than it has credit for");
    }
    if (!io_.fate()) pending_ += output->bytes;
    arrived_.Wake();
  } else if (const auto* line = std::get_if<Line>(&message)) {
    if (spec_.effects.logs != nullptr) spec_.effects.logs->Write(line->stream, line->text);
  } else if (const auto* credit = std::get_if<Credit>(&message)) {
    credit_ = std::min(credit_ + std::min(credit->bytes, kWindow), kWindow);
    credited_.Wake();
  } else if (auto* done = std::get_if<Done>(&message)) {
    done_ = std::move(*done);
  }
  return {};
}

Awaitable<void> RemoteCall::Answer() {
  while (!io_.fate()) {
    if (pending_.empty()) {
      if (done_ || broken_) co_return;
      // What there is goes out before more is waited for: events must not stay with us.
      if (std::exchange(unsent_, false)) {
        co_await io_.WaitWritable();
        continue;
      }
      co_await arrived_.Wait();
      const auto cancellation = co_await asio::this_coro::cancellation_state;
      if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
      continue;
    }
    const auto taken = io_.Write(AsBytes(pending_));
    if (!taken) co_return;
    pending_.erase(0, *taken);
    unsent_ = true;
    if (*taken > 0) {
      Send(Credit{static_cast<std::uint32_t>(*taken)});
    } else {
      co_await io_.WaitWritable();
    }
  }
}

Awaitable<void> RemoteCall::Tick() {
  boost::system::error_code failed;
  while (!failed) {
    timer_.expires_after(kTick);
    co_await timer_.async_wait(asio::redirect_error(kAwait, failed));
    event_.Wake();
  }
}

}  // namespace strata::sandbox::remote
