#include "gateway/hop_call.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/byte_view.h"
#include "gateway/hop_head.h"
#include "http/head_scanner.h"

namespace strata::gateway {
namespace {

constexpr std::size_t kChunk = 16 * 1024;
// A body of this size or less leaves with its head when it is here already.
constexpr std::size_t kSmallBody = 4 * 1024;
constexpr std::uint16_t kFirstFinal = 200;

}  // namespace

HopCall::HopCall(Loop& loop, HopConnection& connection, http::Exchange& exchange,
                 http::ResponseSink& sink, TimePoint due)
    : loop_(loop),
      connection_(connection),
      exchange_(exchange),
      sink_(sink),
      due_(due),
      event_(loop) {}

void HopCall::CheckClient() noexcept {
  if (exchange_.client_gone()) connection_.transport.Kill();
}

Awaitable<HopFate> HopCall::Run(const cell::HopField& field) {
  const bool sent = co_await SendHead(field);
  if (body_error_) co_return HopFate::kBadBody;
  if (!sent && repeatable_) co_return HopFate::kUnprocessed;
  if (sent && !body_sent_) feed_.Start(loop_, Feed(), event_);
  // Also a cell that takes no more may have answered already.
  HopFate fate = co_await Answer();
  feed_.Cancel();
  while (feed_.running()) co_await event_.Wait();
  if (body_error_ && !sink_.head_sent()) fate = HopFate::kBadBody;
  reusable_ = reusable_ && body_sent_ && fate == HopFate::kAnswered;
  co_return fate;
}

// ---- the request -------------------------------------------------------------------------------

// Head, and a small body that is here, in one send. False: nothing more can be sent.
Awaitable<bool> HopCall::SendHead(const cell::HopField& field) {
  http::BodySource& body = exchange_.body();
  const auto& length = exchange_.head().content_length;
  HopBody kind = HopBody::kNone;
  if (length) {
    kind = HopBody::kSized;
  } else if (!body.ended()) {
    kind = HopBody::kChunked;
  }
  chunked_ = kind == HopBody::kChunked;
  body_sent_ = body.ended();
  std::string& out = connection_.out;
  out.clear();
  AppendHopHead(exchange_.head(), kind, field, out);
  repeatable_ = body_sent_;
  if (kind == HopBody::kSized && !body_sent_ && *length <= kSmallBody) {
    std::array<std::byte, kSmallBody> part;
    auto got = body.TryRead(part);
    if (!got) {
      body_error_ = std::move(got).error();
      co_return false;
    }
    out.append(AsText(std::span(part).first(*got)));
    body_sent_ = body.ended();
  }
  const iovec all{out.data(), out.size()};
  const auto taken = connection_.transport.TrySend({&all, 1});
  if (!taken) co_return false;
  co_return co_await SendAll(std::string_view(out).substr(*taken));
}

Awaitable<bool> HopCall::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // it is only read
    const auto taken = connection_.transport.TrySend({&part, 1});
    if (!taken) co_return false;
    bytes.remove_prefix(*taken);
    if (bytes.empty()) break;
    const auto room = co_await connection_.transport.WaitWritable(due_);
    if (!room) co_return false;
  }
  co_return true;
}

Awaitable<void> HopCall::Feed() {
  http::BodySource& body = exchange_.body();
  std::array<std::byte, kChunk> part;
  bool taken = true;
  while (taken && !body.ended()) {
    auto got = body.TryRead(part);
    if (got && *got == 0 && !body.ended()) {
      auto more = co_await body.Readable();
      if (more) continue;
      got = std::unexpected(std::move(more).error());
    }
    if (!got) {
      body_error_ = std::move(got).error();
      // The cell's call ends: a body that is cut short must not be taken for the whole.
      connection_.transport.Kill();
      co_return;
    }
    const std::string_view bytes = AsText(std::span(part).first(*got));
    if (bytes.empty()) continue;
    if (chunked_) {
      const http::ChunkFrame frame(bytes.size());
      taken = co_await SendAll(frame.text());
    }
    if (taken) taken = co_await SendAll(bytes);
    if (taken && chunked_) taken = co_await SendAll(http::kChunkEnd);
  }
  if (taken && chunked_) taken = co_await SendAll(http::kLastChunk);
  body_sent_ = taken;
}

// ---- the answer --------------------------------------------------------------------------------

Awaitable<HopFate> HopCall::Answer() {
  auto head = co_await ReadHead();
  if (!head) {
    if (head.error().code == Errc::kInvalidArgument) co_return HopFate::kBadAnswer;
    if (head.error().code == Errc::kDeadlineExceeded) co_return HopFate::kTooLate;
    co_return WithoutAnswer();
  }
  if (!sink_.Head({.status = head->status, .headers = std::move(head->headers)})) {
    co_return HopFate::kBadAnswer;
  }
  co_return co_await PassBody(std::move(*head));
}

// The connection ended before a head came.
HopFate HopCall::WithoutAnswer() const {
  // Our own doing: the cell saw its client leave, and that is what it writes down.
  if (exchange_.client_gone()) return HopFate::kAnswered;
  const bool unread = repeatable_ && !answered_ && connection_.transport.reset();
  return unread ? HopFate::kUnprocessed : HopFate::kLost;
}

Task<http::ParsedResponse> HopCall::ReadHead() {
  http::HeadScanner scanner{http::HeadLimits{}};
  http::InputBuffer& input = connection_.input;
  while (true) {
    const auto step = scanner.Scan(input.readable());
    if (step == http::HeadScanner::Step::kRejected) {
      co_return Fail(Errc::kInvalidArgument, std::string(scanner.rejection().detail));
    }
    if (step == http::HeadScanner::Step::kNeedMore) {
      auto got = co_await connection_.transport.Recv(input.Space(kChunk), due_);
      if (!got) co_return std::unexpected(std::move(got).error());
      if (*got == 0) co_return Fail(Errc::kUnavailable, "closed without an answer");
      answered_ = true;
      input.Commit(*got);
      continue;
    }
    auto head = http::ParseResponseHead(input.readable().substr(scanner.skipped(), scanner.size()),
                                        exchange_.head().method);
    input.Consume(scanner.size());
    scanner.Reset();
    if (!head || head->status >= kFirstFinal) co_return head;
    if (head->status == 101) co_return Fail(Errc::kInvalidArgument, "101 unasked");
  }
}

// The client has the head already: it must not take a part for the whole.
HopFate HopCall::CutOff() {
  sink_.Abort();
  return HopFate::kAnswered;
}

Awaitable<HopFate> HopCall::PassBody(http::ParsedResponse head) {
  using http::BodyEnd;
  http::InputBuffer& input = connection_.input;
  http::ChunkDecoder decoder;
  std::uint64_t left = head.body == BodyEnd::kLength ? head.length : 0;
  bool more = head.body == BodyEnd::kChunked || left != 0;
  // A host cell frames every answer.
  if (head.body == BodyEnd::kClose) co_return CutOff();
  while (more) {
    if (input.readable().empty()) {
      // What there is goes out before more is waited for.
      const auto flushed = co_await sink_.Writable();
      if (!flushed) co_return CutOff();
      const auto got = co_await connection_.transport.Recv(input.Space(kChunk), due_);
      if (!got || *got == 0) co_return CutOff();
      input.Commit(*got);
    }
    if (head.body == BodyEnd::kChunked) {
      const bool given = co_await GiveChunks(decoder);
      if (!given) co_return CutOff();
      more = !decoder.done();
      continue;
    }
    const std::size_t n = std::min<std::uint64_t>(left, input.readable().size());
    const bool given = co_await Give(input.readable().substr(0, n));
    if (!given) co_return CutOff();
    input.Consume(n);
    left -= n;
    more = left != 0;
  }
  reusable_ = head.keep_alive && input.readable().empty();
  co_return HopFate::kAnswered;
}

// False: the client is gone, or the framing is broken.
Awaitable<bool> HopCall::GiveChunks(http::ChunkDecoder& decoder) {
  std::array<std::byte, kChunk> data;
  http::InputBuffer& input = connection_.input;
  while (!decoder.done() && !input.readable().empty()) {
    const auto step = decoder.Decode(input.readable(), data);
    if (!step) co_return false;
    input.Consume(step->consumed);
    const bool given = co_await Give(AsText({data.data(), step->produced}));
    if (!given) co_return false;
  }
  co_return true;
}

Awaitable<bool> HopCall::Give(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto taken = sink_.TryWrite(AsBytes(bytes));
    if (!taken) co_return false;
    bytes.remove_prefix(*taken);
    if (*taken > 0) continue;
    const auto room = co_await sink_.Writable();
    if (!room) co_return false;
  }
  co_return true;
}

}  // namespace strata::gateway
