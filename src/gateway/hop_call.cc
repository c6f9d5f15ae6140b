#include "gateway/hop_call.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/text/byte_view.h"
#include "gateway/hop_head.h"

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
  Prepare(field);
  if (body_error_) co_return HopFate::kBadBody;
  // A request that is all here may leave together with others; else the rest follows at once.
  const bool all = body_sent_ ? connection_.FlushSoon() : connection_.Flush();
  if (!all || !body_sent_) feed_.Start(loop_, Feed(), event_);
  // Also a cell that takes no more may have answered already.
  HopFate fate = co_await Answer();
  if (feed_.running()) {
    feed_.Cancel();
    while (feed_.running()) co_await event_.Wait();
  }
  if (body_error_ && !sink_.head_sent()) fate = HopFate::kBadBody;
  reusable_ = reusable_ && body_sent_ && fate == HopFate::kAnswered;
  co_return fate;
}

// ---- the request -------------------------------------------------------------------------------

// Head, and a small body that is here.
void HopCall::Prepare(const cell::HopField& field) {
  http::BodySource& body = exchange_.body();
  const auto& length = exchange_.head().content_length;
  HopBody kind = HopBody::kNone;
  if (length) {
    kind = HopBody::kSized;
  } else if (!body.ended()) {
    kind = HopBody::kChunked;
  }
  chunked_ = kind == HopBody::kChunked;
  repeatable_ = body_sent_ = body.ended();
  std::string& out = connection_.Begin();
  AppendHopHead(exchange_.head(), kind, field, out);
  if (body_sent_ || kind != HopBody::kSized || *length > kSmallBody) return;
  std::array<std::byte, kSmallBody> part;
  auto got = body.TryRead(part);
  if (!got) {
    body_error_ = std::move(got).error();
    return;
  }
  out.append(AsText(std::span(part).first(*got)));
  body_sent_ = body.ended();
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
  while (taken && !connection_.Flush()) {
    taken = (co_await connection_.transport.WaitWritable(due_)).has_value();
  }
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
  for (Step step = Advance(); step != Step::kDone; step = Advance()) {
    // What there is goes out before more is waited for.
    if (step == Step::kRoom || head_passed_) {
      const auto room = co_await sink_.Writable();
      if (!room) {
        CutOff();
        break;
      }
      if (step == Step::kRoom) continue;
    }
    const auto got = co_await connection_.transport.Recv(connection_.input.Space(kChunk), due_);
    if (got && *got != 0) {
      answered_ = true;
      connection_.input.Commit(*got);
      continue;
    }
    if (!head_passed_) co_return WithoutAnswer(got);
    CutOff();
    break;
  }
  co_return fate_;
}

HopCall::Step HopCall::Advance() {
  if (!head_passed_) {
    if (const Step step = PassHead(); step != Step::kRoom) return step;
  }
  return PassBody();
}

// kRoom: it went on to the client.
HopCall::Step HopCall::PassHead() {
  http::InputBuffer& input = connection_.input;
  while (true) {
    const auto found = scanner_.Scan(input.readable());
    if (found == http::HeadScanner::Step::kNeedMore) return Step::kBytes;
    if (found == http::HeadScanner::Step::kRejected) return End(HopFate::kBadAnswer);
    auto head = http::ParseResponseHead(scanner_.HeadIn(input.readable()), exchange_.head().method);
    input.Consume(scanner_.size());
    scanner_.Reset();
    if (!head || head->status == 101) return End(HopFate::kBadAnswer);
    if (head->status < kFirstFinal) continue;
    keep_alive_ = head->keep_alive;
    body_ = head->body;
    left_ = body_ == http::BodyEnd::kLength ? head->length : 0;
    head_passed_ = true;
    if (!sink_.Head({.status = head->status, .headers = std::move(head->headers)})) {
      return End(HopFate::kBadAnswer);
    }
    return Step::kRoom;
  }
}

HopCall::Step HopCall::PassBody() {
  http::InputBuffer& input = connection_.input;
  while (true) {
    const bool sized = body_ == http::BodyEnd::kLength;
    if (sized) pending_ = input.readable().substr(0, std::min(left_, input.readable().size()));
    if (!pending_.empty()) {
      const auto taken = sink_.TryWrite(AsBytes(pending_));
      if (!taken) return CutOff();
      if (*taken == 0) return Step::kRoom;
      pending_.remove_prefix(*taken);
      if (sized) {
        input.Consume(*taken);
        left_ -= *taken;
      }
      continue;
    }
    // A host cell frames every answer.
    if (body_ == http::BodyEnd::kClose) return CutOff();
    if (body_ == http::BodyEnd::kChunked ? decoder_.done() : left_ == 0) break;
    if (input.readable().empty()) return Step::kBytes;
    if (!DecodePart()) return CutOff();
  }
  reusable_ = keep_alive_ && input.readable().empty();
  return End(HopFate::kAnswered);
}

// Of a chunked body. False: the framing is broken.
bool HopCall::DecodePart() {
  connection_.decoded.resize(kChunk);
  const auto step = decoder_.Decode(connection_.input.readable(),
                                    std::as_writable_bytes(std::span(connection_.decoded)));
  if (!step) return false;
  connection_.input.Consume(step->consumed);
  pending_ = std::string_view(connection_.decoded).substr(0, step->produced);
  return true;
}

HopCall::Step HopCall::End(HopFate fate) {
  fate_ = fate;
  return Step::kDone;
}

// The client has the head already: it must not take a part for the whole.
HopCall::Step HopCall::CutOff() {
  sink_.Abort();
  return End(HopFate::kAnswered);
}

// The connection ended, or the call's time, before a head came.
HopFate HopCall::WithoutAnswer(const Result<std::size_t>& got) const {
  if (!got && got.error().code == Errc::kDeadlineExceeded) return HopFate::kTooLate;
  const bool unread = connection_.untouched() || (!answered_ && connection_.transport.reset());
  // A cell that saw its client leave writes that down.
  if (exchange_.client_gone()) return unread ? HopFate::kLeft : HopFate::kAnswered;
  return repeatable_ && unread ? HopFate::kUnprocessed : HopFate::kLost;
}

}  // namespace strata::gateway
