#include "sandbox/call/call_io.h"

#include <utility>

#include "base/text/byte_view.h"

namespace strata::sandbox {

using model::ExitReason;

namespace {

// What the guest says its answer will be long; 0: it does not say.
std::uint64_t DeclaredLength(const http::ResponseHead& head) {
  for (const auto& [name, value] : head.headers) {
    if (name == "content-length") return http::ParseContentLength(value).value_or(0);
  }
  return 0;
}

}  // namespace

std::optional<std::size_t> CallIo::Read(std::span<std::byte> to) {
  if (fate_) return {};
  auto read = call_.body.TryRead(to);
  if (!read) {
    Blame(read.error());
    return {};
  }
  in_.count += *read;
  if (in_ > limits_.request) {
    Condemn(ExitReason::kLimit, "request");
    return {};
  }
  return *read;
}

Awaitable<void> CallIo::WaitReadable() {
  auto ready = co_await call_.body.Readable();
  if (!ready) Blame(ready.error());
}

bool CallIo::Respond(http::ResponseHead head) {
  if (fate_) return false;
  if (DeclaredLength(head) > limits_.response.count) {
    Condemn(ExitReason::kLimit, "response");  // while the client can still be told
    return false;
  }
  auto sent = call_.sink.Head(std::move(head));
  if (sent) return true;
  if (sent.error().code == Errc::kUnavailable) {
    Condemn(ExitReason::kStopped, "client gone");
  } else {
    Condemn(ExitReason::kViolation, "response head: " + sent.error().message);
  }
  return false;
}

std::optional<std::size_t> CallIo::Write(std::span<const std::byte> from) {
  if (fate_) return {};
  if (out_ + Bytes{from.size()} > limits_.response) {
    Condemn(ExitReason::kLimit, "response");
    return {};
  }
  auto written = call_.sink.TryWrite(from);
  if (!written) {
    Blame(written.error());
    return {};
  }
  out_.count += *written;
  return *written;
}

Awaitable<void> CallIo::WaitWritable() {
  auto ready = co_await call_.sink.Writable();
  if (!ready) Blame(ready.error());
}

void CallIo::Condemn(ExitReason reason, std::string detail) {
  if (!fate_) fate_ = Fate{reason, std::move(detail)};
}

void CallIo::CheckClient() {
  if (call_.exchange != nullptr && call_.exchange->client_gone()) {
    Condemn(ExitReason::kStopped, "client gone");
  }
}

void CallIo::Blame(const Error& error) {
  switch (error.code) {
    case Errc::kResourceExhausted:
      return Condemn(ExitReason::kLimit, "request");
    case Errc::kDeadlineExceeded:
      return Condemn(ExitReason::kStopped, "client too slow");
    case Errc::kUnavailable:
      return Condemn(ExitReason::kStopped, "client gone");
    default:
      return Condemn(ExitReason::kStopped, "client: " + error.message);
  }
}

Awaitable<void> HandOn(CallIo& io, CgiOutput& output) {
  if (auto head = output.TakeHead()) {
    if (!io.Respond(std::move(*head))) co_return;
  }
  while (!output.body().empty()) {
    const auto taken = io.Write(AsBytes(output.body()));
    if (!taken) co_return;
    output.Consume(*taken);
    if (*taken > 0) continue;
    co_await io.WaitWritable();
    if (io.fate()) co_return;
  }
}

}  // namespace strata::sandbox
