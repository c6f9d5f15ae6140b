#include "sandbox/wasm/call.h"

#include <algorithm>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "http/parse/ascii.h"

namespace strata::sandbox::wasm {

using model::ExitReason;

namespace {

// What the guest says its answer will be long; 0: it does not say.
std::uint64_t DeclaredLength(const http::ResponseHead& head) {
  for (const auto& [name, value] : head.headers) {
    if (http::EqualsIgnoreCase(name, "content-length")) {
      return http::ParseContentLength(value).value_or(0);
    }
  }
  return 0;
}

}  // namespace

GuestCall::GuestCall(Runtime& runtime, const Settings& settings, Call* http, TimePoint deadline)
    : runtime_(runtime), settings_(settings), http_(http), event_(runtime.loop) {
  due = deadline;
}

// ---- the poll loop -----------------------------------------------------------------------------

Task<model::Exit> GuestCall::Run(EngineCall& call) {
  const TimePoint start = runtime_.clock.Now();
  due = std::min(due, start + settings_.limits.timeout);
  if (auto ticking = runtime_.pulse->Touch(); !ticking) {
    co_return std::unexpected(std::move(ticking).error());
  }
  ++runtime_.metrics.calls;
  EngineExit end;
  bool ended = false;
  if (!MustEnd()) {
    ended = Slice(call, end);
    if (!ended) ended = co_await Continue(call, end);
  }
  co_return Finish(ended, std::move(end), start);
}

bool GuestCall::Slice(EngineCall& call, EngineExit& end) {
  runtime_.pulse->cpu().Start();
  const bool ended = call.Poll(end);
  usage_.cpu += runtime_.pulse->cpu().Stop();
  return ended;
}

// The rest of a call that did not end in its first slice. Cancellation of the awaiting coroutine is
// taken as a reason to end, not thrown: the helpers must be joined first, and that is a wait too.
Awaitable<bool> GuestCall::Continue(EngineCall& call, EngineExit& end) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  runtime_.pulse->Add(*this);
  bool ended = false;
  while (!ended && !MustEnd()) {
    ++runtime_.metrics.yields;
    StartHelpers();
    co_await event_.Wait();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      Condemn(ExitReason::kStopped, "cancelled");
    }
    if (!MustEnd()) ended = Slice(call, end);
  }
  unlink();
  co_await JoinHelpers();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return ended;
}

bool GuestCall::MustEnd() {
  if (fate_) return true;
  if (stop_) {
    Condemn(ExitReason::kStopped, "stopped");
  } else if (usage_.cpu >= settings_.limits.cpu_time) {
    Condemn(ExitReason::kLimit, "cpu_time");
  } else if (runtime_.clock.Now() >= due) {
    Condemn(ExitReason::kStopped, "deadline");
  } else if (http_ != nullptr && http_->exchange != nullptr && http_->exchange->client_gone()) {
    Condemn(ExitReason::kStopped, "client gone");
  }
  return fate_.has_value();
}

void GuestCall::Condemn(ExitReason reason, std::string detail) {
  if (!fate_) fate_ = Fate{reason, std::move(detail)};
}

void GuestCall::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

// ---- helpers -----------------------------------------------------------------------------------

void GuestCall::StartHelpers() {
  if (std::exchange(wants_readable_, false)) {
    if (!readable_) readable_ = std::make_unique<Helper>();
    if (!readable_->running()) readable_->Start(runtime_.loop, WaitReadable(), event_);
  }
  if (std::exchange(wants_writable_, false)) {
    if (!writable_) writable_ = std::make_unique<Helper>();
    if (!writable_->running()) writable_->Start(runtime_.loop, WaitWritable(), event_);
  }
  if (outgoing_) outgoing_->StartNew();
}

Awaitable<void> GuestCall::JoinHelpers() {
  if (readable_) readable_->Cancel();
  if (writable_) writable_->Cancel();
  if (outgoing_) outgoing_->CancelAll();
  while ((readable_ && readable_->running()) || (writable_ && writable_->running()) ||
         (outgoing_ && outgoing_->running())) {
    co_await event_.Wait();
  }
}

Awaitable<void> GuestCall::WaitReadable() {
  auto ready = co_await http_->body.Readable();
  if (!ready && !body_fate_) FailBody(ClientFate(ready.error()));
}

Awaitable<void> GuestCall::WaitWritable() {
  auto ready = co_await http_->sink.Writable();
  if (!ready && !fate_) fate_ = ClientFate(ready.error());
}

// ---- host functions: the exchange --------------------------------------------------------------

GuestCall::Fate GuestCall::ClientFate(const Error& error) {
  switch (error.code) {
    case Errc::kResourceExhausted:
      return {ExitReason::kLimit, "request"};
    case Errc::kDeadlineExceeded:
      return {ExitReason::kStopped, "client too slow"};
    case Errc::kUnavailable:
      return {ExitReason::kStopped, "client gone"};
    default:
      return {ExitReason::kStopped, "client: " + error.message};
  }
}

void GuestCall::FailBody(Fate fate) {
  // A body over its limit must not be taken for a short one: the guest ends here and now, whatever
  // it makes of the failed read. Other failures are its to handle.
  if (fate.reason == ExitReason::kLimit) Condemn(fate.reason, fate.detail);
  body_fate_ = std::move(fate);
}

Io GuestCall::BodyRead(std::span<std::byte> to) {
  if (http_ == nullptr) return Io::End();
  if (body_fate_) return Io::Failed();
  auto read = http_->body.TryRead(to);
  if (!read) {
    FailBody(ClientFate(read.error()));
    return Io::Failed();
  }
  if (*read > 0) {
    usage_.bytes_in.count += *read;
    if (usage_.bytes_in > settings_.limits.request) {
      FailBody({ExitReason::kLimit, "request"});
      return Io::Failed();
    }
    return Io::Some(*read);
  }
  if (http_->body.ended()) return Io::End();
  wants_readable_ = true;
  return Io::Pending();
}

bool GuestCall::Respond(http::ResponseHead head) {
  if (http_ == nullptr || fate_) return false;
  if (DeclaredLength(head) > settings_.limits.response.count) {
    Condemn(ExitReason::kLimit, "response");  // while the client can still be told
    return false;
  }
  auto sent = http_->sink.Head(std::move(head));
  if (sent) return true;
  if (sent.error().code == Errc::kUnavailable) {
    Condemn(ExitReason::kStopped, "client gone");
  } else {
    Condemn(ExitReason::kViolation, "response head: " + sent.error().message);
  }
  return false;
}

Io GuestCall::BodyWrite(std::span<const std::byte> from) {
  if (http_ == nullptr || fate_) return Io::Failed();
  if (from.empty()) return Io::Some(0);
  if (usage_.bytes_out + Bytes{from.size()} > settings_.limits.response) {
    Condemn(ExitReason::kLimit, "response");
    return Io::Failed();
  }
  auto written = http_->sink.TryWrite(from);
  if (!written) {
    fate_ = ClientFate(written.error());
    return Io::Failed();
  }
  if (*written == 0) {
    wants_writable_ = true;
    return Io::Pending();
  }
  usage_.bytes_out.count += *written;
  return Io::Some(*written);
}

void GuestCall::Log(Stream stream, std::string_view text) {
  if (settings_.effects.logs != nullptr) settings_.effects.logs->Write(stream, text);
}

// ---- host functions: outgoing requests ---------------------------------------------------------

std::int64_t GuestCall::OutgoingStart(const OutgoingHead& head) {
  if (!outgoing_) {
    outgoing_ = std::make_unique<outgoing::Table>(runtime_.loop, runtime_.tls, runtime_.metrics,
                                                  settings_, event_);
  }
  return outgoing_->Start(head);
}

Io GuestCall::OutgoingWrite(std::int64_t handle, std::span<const std::byte> from) {
  return outgoing_ ? outgoing_->Write(handle, from) : Io::Failed();
}

void GuestCall::OutgoingEnd(std::int64_t handle) {
  if (outgoing_) outgoing_->End(handle);
}

Io GuestCall::OutgoingResponse(std::int64_t handle, http::ResponseHead& head) {
  return outgoing_ ? outgoing_->Response(handle, head) : Io::Failed();
}

Io GuestCall::OutgoingRead(std::int64_t handle, std::span<std::byte> to) {
  return outgoing_ ? outgoing_->Read(handle, to) : Io::Failed();
}

void GuestCall::OutgoingDelete(std::int64_t handle) {
  if (outgoing_) outgoing_->Delete(handle);
}

// ---- the end -----------------------------------------------------------------------------------

namespace {

// How a guest that ended by itself did so.
model::Exit FromEngine(EngineExit&& end) {
  model::Exit exit;
  exit.status = end.status;
  exit.detail = std::move(end.detail);
  switch (end.end) {
    case EngineEnd::kReturned:
      exit.reason = ExitReason::kReturned;
      break;
    case EngineEnd::kMemory:
      exit.reason = ExitReason::kLimit;
      exit.detail = "memory";
      break;
    case EngineEnd::kTable:
      exit.reason = ExitReason::kLimit;
      exit.detail = "table";
      break;
    default:
      exit.reason = ExitReason::kViolation;
      break;
  }
  return exit;
}

}  // namespace

Result<model::Exit> GuestCall::Finish(bool ended, EngineExit end, TimePoint start) {
  if (ended && (end.end == EngineEnd::kExhausted || end.end == EngineEnd::kInternal)) {
    ++runtime_.metrics.failed;
    const bool full = end.end == EngineEnd::kExhausted;
    return Fail(full ? Errc::kResourceExhausted : Errc::kInternal, std::move(end.detail));
  }
  model::Exit exit;
  const bool returned = ended && end.end == EngineEnd::kReturned;
  if (!returned && body_fate_ && !fate_) fate_ = std::move(body_fate_);
  if (fate_) {
    exit.reason = fate_->reason;
    exit.detail = std::move(fate_->detail);
  } else {
    exit = FromEngine(std::move(end));
  }
  usage_.wall = runtime_.clock.Now() - start;
  exit.usage = usage_;
  runtime_.metrics.Count(exit.reason);
  return exit;
}

}  // namespace strata::sandbox::wasm
