#include "sandbox/remote/forward.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text/byte_view.h"
#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"
#include "http/parse/head_scanner.h"
#include "sandbox/call/guest_headers.h"

namespace strata::sandbox::remote {

using http::EqualsIgnoreCase;
using model::Exit;
using model::ExitReason;

namespace {

constexpr std::size_t kChunk = 16 * 1024;
constexpr std::chrono::milliseconds kTick{20};
constexpr std::uint16_t kFirstFinal = 200;
constexpr int kMostInterim = 16;  // heads before the final one: hostile beyond

// Of one connection, said anew by us, or not to be believed from a client.
bool StaysBehind(std::string_view name, const http::ConnectionFields& connections) {
  constexpr std::array<std::string_view, 7> kNames = {
      "proxy-authorization", "expect", "forwarded", "x-forwarded-for", "x-forwarded-host",
      "x-forwarded-proto",   "host"};
  return connections.Has(name) || std::ranges::any_of(kNames, [name](std::string_view each) {
           return EqualsIgnoreCase(each, name);
         });
}

std::string_view WithoutPort(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

bool IsIdempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD",   "OPTIONS",
                                                        "PUT", "DELETE", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

bool MayHaveBody(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

std::string RequestHeadFor(const Call& call) {
  const http::RequestHead& head = call.head;
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  const std::string_view host = http::FindHeader(head.headers, "host").value_or(head.host);
  add("Host", host);
  const http::ConnectionFields connections(head.headers);
  for (const auto& [name, value] : GuestHeaders(call)) {
    if (!StaysBehind(name, connections)) add(name, value);
  }
  add("X-Forwarded-For", WithoutPort(head.peer));
  add("X-Forwarded-Host", host);
  add("X-Forwarded-Proto", head.scheme);
  if (head.content_length) {
    add("Content-Length", std::to_string(*head.content_length));
  } else if (!call.body.ended()) {
    add("Transfer-Encoding", "chunked");
  } else if (MayHaveBody(head.method)) {
    add("Content-Length", "0");
  }
  return text.append("\r\n");
}

Forward::Forward(Loop& loop, const Clock& clock, Connection& connection, const Spec& spec,
                 Call& call)
    : loop_(loop),
      clock_(clock),
      connection_(connection),
      call_(call),
      io_(call, spec.limits),
      event_(loop),
      timer_(loop.get_executor()),
      start_(clock.Now()),
      due_(std::min(call.deadline, start_ + spec.limits.timeout)) {}

void Forward::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

bool Forward::repeatable() const {
  return failed_ && !answered_ && io_.bytes_in().count == 0 && call_.body.ended() &&
         !call_.sink.head_sent() && IsIdempotent(call_.head.method);
}

// Cancellation of the awaiting coroutine is taken as a reason to end, not thrown: the helpers have
// to be joined.
Task<Exit> Forward::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await Supervise();
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (failed_ && !io_.fate()) co_return std::unexpected(*failed_);
  Exit exit;
  if (io_.fate()) exit = {.reason = io_.fate()->reason, .detail = io_.fate()->detail, .usage = {}};
  exit.usage.wall = clock_.Now() - start_;
  exit.usage.bytes_in = io_.bytes_in();
  exit.usage.bytes_out = io_.bytes_out();
  co_return exit;
}

Awaitable<void> Forward::Supervise() {
  feed_.Start(loop_, Feed(), event_);
  answer_.Start(loop_, Answer(), event_);
  tick_.Start(loop_, Tick(), event_);
  for (Watch(); answer_.running() && !io_.fate(); Watch()) {
    co_await event_.Wait();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      io_.Condemn(ExitReason::kStopped, "cancelled");
    }
  }
  // A service may answer before it has read all of the request: then it is not asked to go on.
  reusable_ = reusable_ && sent_ && !io_.fate();
  for (Helper* helper : {&feed_, &answer_, &tick_}) helper->Cancel();
  while (feed_.running() || answer_.running() || tick_.running()) co_await event_.Wait();
}

void Forward::Watch() {
  if (stop_) io_.Condemn(ExitReason::kStopped, "stopped");
  if (clock_.Now() >= due_) io_.Condemn(ExitReason::kStopped, "deadline");
  io_.CheckClient();
}

Awaitable<void> Forward::Tick() {
  boost::system::error_code failed;
  while (!failed) {
    timer_.expires_after(kTick);
    co_await timer_.async_wait(asio::redirect_error(kAwait, failed));
    event_.Wake();
  }
}

// ---- the request -------------------------------------------------------------------------------

// A service that takes no more may have answered already: Answer says what became of it.
Awaitable<void> Forward::Feed() {
  const bool chunked = !call_.head.content_length && !call_.body.ended();
  const std::string head = RequestHeadFor(call_);
  bool taken = co_await SendAll(head);
  std::array<std::byte, kChunk> part;
  while (taken && !io_.body_ended()) {
    const auto got = io_.Read(part);
    if (!got) co_return;
    if (*got == 0) {
      if (!io_.body_ended()) co_await io_.WaitReadable();
      if (io_.fate()) co_return;
      continue;
    }
    const std::string_view bytes = AsText(std::span(part).first(*got));
    if (chunked) {
      const http::ChunkFrame frame(bytes.size());
      taken = co_await SendAll(frame.text());
    }
    if (taken) taken = co_await SendAll(bytes);
    if (taken && chunked) taken = co_await SendAll(http::kChunkEnd);
  }
  if (taken && chunked) taken = co_await SendAll(http::kLastChunk);
  sent_ = taken;
}

Awaitable<bool> Forward::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = co_await connection_.Send(bytes);
    if (!sent) co_return false;
    bytes.remove_prefix(*sent);
  }
  co_return true;
}

// ---- the answer --------------------------------------------------------------------------------

Awaitable<void> Forward::Answer() {
  auto head = co_await ReadHead();
  if (!head) {
    if (head.error().code == Errc::kUnavailable) {
      failed_ = std::move(head).error();
    } else {
      io_.Condemn(ExitReason::kViolation, head.error().message);
    }
    co_return;
  }
  for (auto& [name, value] : head->headers) {
    std::ranges::transform(name, name.begin(), http::LowerAscii);
  }
  if (!io_.Respond({.status = head->status, .headers = std::move(head->headers)})) co_return;
  co_await PassBody(std::move(*head));
}

Task<http::ParsedResponse> Forward::ReadHead() {
  http::HeadScanner scanner{http::HeadLimits{}};
  http::InputBuffer& input = connection_.input();
  int interim = 0;
  while (true) {
    const auto step = scanner.Scan(input.readable());
    if (step == http::HeadScanner::Step::kRejected) {
      co_return Fail(Errc::kInvalidArgument,
                     "its answer: " + std::string(scanner.rejection().detail));
    }
    if (step == http::HeadScanner::Step::kNeedMore) {
      auto got = co_await connection_.Receive();
      if (!got) co_return std::unexpected(std::move(got).error());
      if (*got == 0) co_return Fail(Errc::kUnavailable, "the service closed before it answered");
      answered_ = true;
      continue;
    }
    auto head = http::ParseResponseHead(scanner.HeadIn(input.readable()), call_.head.method);
    input.Consume(scanner.size());
    scanner.Reset();
    if (!head) co_return Wrap(std::move(head).error(), "its answer");
    if (head->status >= kFirstFinal) co_return head;
    if (head->status == 101) co_return Fail(Errc::kInvalidArgument, "its answer: 101 unasked");
    if (++interim > kMostInterim) {
      co_return Fail(Errc::kInvalidArgument, "its answer: too many interim heads");
    }
  }
}

Awaitable<void> Forward::PassBody(http::ParsedResponse head) {
  using http::BodyEnd;
  http::InputBuffer& input = connection_.input();
  http::ChunkDecoder decoder;
  std::uint64_t left = head.body == BodyEnd::kLength ? head.length : ~std::uint64_t{0};
  bool more = head.body == BodyEnd::kChunked || (head.body != BodyEnd::kNone && left != 0);
  while (more) {
    if (input.readable().empty()) {
      // What there is goes out before more is waited for: events must not stay with us.
      co_await io_.WaitWritable();
      if (io_.fate()) co_return;
      const auto got = co_await connection_.Receive();
      if (got && *got == 0 && head.body == BodyEnd::kClose) co_return;
      if (!got || *got == 0) {
        co_return io_.Condemn(ExitReason::kViolation, "its answer: ended inside the body");
      }
    }
    if (head.body == BodyEnd::kChunked) {
      const bool given = co_await GiveChunks(decoder);
      if (!given) co_return;
      more = !decoder.done();
      continue;
    }
    const std::size_t n = std::min<std::uint64_t>(left, input.readable().size());
    const bool given = co_await Give(input.readable().substr(0, n));
    if (!given) co_return;
    input.Consume(n);
    left -= n;
    more = left != 0;
  }
  reusable_ = head.keep_alive && head.body != BodyEnd::kClose && input.readable().empty();
}

Awaitable<bool> Forward::GiveChunks(http::ChunkDecoder& decoder) {
  std::array<std::byte, kChunk> data;
  http::InputBuffer& input = connection_.input();
  while (!decoder.done() && !input.readable().empty()) {
    const auto step = decoder.Decode(input.readable(), data);
    if (!step) {
      io_.Condemn(ExitReason::kViolation, "its answer: " + std::string(step.error().detail));
      co_return false;
    }
    input.Consume(step->consumed);
    const bool given = co_await Give(AsText({data.data(), step->produced}));
    if (!given) co_return false;
  }
  co_return true;
}

// False: the call is condemned.
Awaitable<bool> Forward::Give(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto taken = io_.Write(AsBytes(bytes));
    if (!taken) co_return false;
    bytes.remove_prefix(*taken);
    if (*taken > 0) continue;
    co_await io_.WaitWritable();
    if (io_.fate()) co_return false;
  }
  co_return true;
}

}  // namespace strata::sandbox::remote
