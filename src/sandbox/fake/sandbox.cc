#include "sandbox/fake/sandbox.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/text/byte_view.h"
#include "sandbox/call/cgi.h"

namespace strata::sandbox::fake {

using model::Exit;
using model::ExitReason;

namespace {

constexpr std::chrono::milliseconds kTurn{1};

Exit Ended(ExitReason reason, std::string detail) {
  return Exit{.reason = reason, .status = 0, .detail = std::move(detail), .usage = {}};
}

}  // namespace

FakeSandbox::FakeSandbox(std::shared_ptr<const FakeImage> image, const Spec& spec)
    : image_(std::move(image)), spec_(spec), timer_(image_->runtime().loop.get_executor()) {
  ++image_->runtime().metrics.sandboxes;
  ++image_->runtime().metrics.sandboxes_live;
}

FakeSandbox::~FakeSandbox() { --image_->runtime().metrics.sandboxes_live; }

Task<Exit> FakeSandbox::Invoke(Call& call) {
  if (running_ || over_) {
    co_return Fail(Errc::kFailedPrecondition, running_ ? "a call is running" : "sandbox has ended");
  }
  Runtime& runtime = image_->runtime();
  ++runtime.metrics.calls;
  ++calls_;
  running_ = true;
  current_ = {};
  const TimePoint start = runtime.clock.Now();
  due_ = std::min(call.deadline, start + spec_.limits.timeout);
  Fate fate = co_await Play(call);
  running_ = false;
  if (holder_lost()) co_return Fail(Errc::kUnavailable, "fake: scripted loss of its holder");

  Exit exit = fate ? std::move(*fate) : Exit();
  if (exit.reason != ExitReason::kReturned) over_ = true;
  current_.wall = runtime.clock.Now() - start;
  exit.usage = current_;
  total_ += current_;
  co_return exit;
}

Task<Sandbox::TypedResult> FakeSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                     TimePoint) {
  co_return Fail(Errc::kUnsupported, "fake: scripted guests have no typed exports");
}

void FakeSandbox::Stop() noexcept {
  ++image_->runtime().metrics.stops;
  over_ = true;
  timer_.cancel();
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Play(Call& call) {
  const Script& script = image_->script();
  const TimePoint ready = image_->runtime().clock.Now() + script.delay;
  while (image_->runtime().clock.Now() < ready) {
    Fate fate = co_await Turn(call);
    if (fate) co_return fate;
  }
  switch (script.action) {
    case Action::kHello:
      co_return co_await Answer(call, {}, "hello");
    case Action::kAnswer:
      co_return co_await Answer(call, script.head, script.body);
    case Action::kEcho:
      co_return co_await Echo(call);
    case Action::kLarge:
      co_return co_await Answer(call, {}, std::string(script.bytes, 'x'));
    case Action::kCount:
      co_return co_await Answer(call, {}, std::to_string(calls_));
    case Action::kLog:
      for (std::size_t i = 0; spec_.effects.logs != nullptr && i < script.times; ++i) {
        spec_.effects.logs->Write(Stream::kStdout, script.body);
        spec_.effects.logs->Write(Stream::kStderr, script.body);
      }
      co_return co_await Answer(call, {}, "hello");
    case Action::kSpin:
      co_return co_await Spin(call);
    case Action::kTrap:
      co_return Ended(ExitReason::kViolation, "scripted trap");
    case Action::kMemory:
      co_return Ended(ExitReason::kLimit, "memory");
    case Action::kTable:
      co_return Ended(ExitReason::kLimit, "table");
    case Action::kEnvironment:
      co_return co_await Answer(call, {}, Environment(call));
    case Action::kLose:
      co_return Fate();
    case Action::kExit:
      break;
  }
  Fate fate = co_await Answer(call, {}, "");
  if (!fate) fate = Exit{.reason = ExitReason::kReturned, .status = script.status};
  co_return fate;
}

std::string FakeSandbox::Environment(const Call& call) const {
  model::Env all = CgiVariables(call);
  all.insert(spec_.env.begin(), spec_.env.end());
  std::string text;
  for (const auto& [name, value] : all) text += std::string(name) + "=" + value + '\0';
  return text;
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Answer(Call& call, http::ResponseHead head,
                                                 std::string_view body) {
  auto sent = call.sink.Head(std::move(head));
  if (!sent) co_return Ended(ExitReason::kStopped, "client gone");
  co_return co_await Write(call, body);
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Write(Call& call, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::uint64_t room = spec_.limits.response.count - current_.bytes_out.count;
    if (room == 0) co_return Ended(ExitReason::kLimit, "response");
    auto wrote = call.sink.TryWrite(AsBytes(bytes.substr(0, room)));
    if (!wrote) co_return Ended(ExitReason::kStopped, "client gone");
    current_.bytes_out.count += *wrote;
    bytes.remove_prefix(*wrote);
    if (*wrote > 0) continue;
    Fate fate = co_await Turn(call, Wants::kWritable);
    if (fate) co_return fate;
  }
  co_return Fate();
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Echo(Call& call) {
  Fate fate = co_await Answer(call, {}, "");
  std::array<std::byte, 4096> part;
  while (!fate) {
    auto read = call.body.TryRead(part);
    if (!read) co_return Ended(ExitReason::kStopped, "client gone");
    current_.bytes_in.count += *read;
    if (current_.bytes_in > spec_.limits.request) co_return Ended(ExitReason::kLimit, "request");
    if (*read > 0) {
      fate = co_await Write(call, AsText(std::span(part).first(*read)));
    } else if (call.body.ended()) {
      break;
    } else {
      fate = co_await Turn(call, Wants::kReadable);
    }
  }
  co_return fate;
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Spin(Call& call) {
  Fate fate;
  while (!fate) {
    fate = co_await Turn(call);
    current_.cpu += kTurn;
    if (!fate && current_.cpu >= spec_.limits.cpu_time) {
      fate = Ended(ExitReason::kLimit, "cpu_time");
    }
  }
  co_return fate;
}

Awaitable<FakeSandbox::Fate> FakeSandbox::Turn(Call& call, Wants wants) {
  using asio::experimental::awaitable_operators::operator||;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  timer_.expires_after(kTurn);
  auto turn = timer_.async_wait(asio::as_tuple(kAwait));
  if (wants == Wants::kReadable) {
    auto readable = call.body.Readable();
    co_await (std::move(readable) || std::move(turn));
  } else if (wants == Wants::kWritable) {
    auto writable = call.sink.Writable();
    co_await (std::move(writable) || std::move(turn));
  } else {
    co_await std::move(turn);
  }
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  co_await asio::this_coro::throw_if_cancelled(throws);

  const bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;
  if (over_) co_return Ended(ExitReason::kStopped, "stopped");
  if (cancelled) co_return Ended(ExitReason::kStopped, "cancelled");
  if (image_->runtime().clock.Now() >= due_) {
    co_return Ended(ExitReason::kStopped, "deadline");
  }
  if (call.exchange != nullptr && call.exchange->client_gone()) {
    co_return Ended(ExitReason::kStopped, "client gone");
  }
  co_return Fate();
}

}  // namespace strata::sandbox::fake
