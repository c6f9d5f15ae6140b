#include "http/body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace strata::http {
namespace {

constexpr std::size_t kDiscardBytes = 64 * 1024;
constexpr std::size_t kReadAhead = 16 * 1024;
// After this much without a wait the handler is made to wait once, so that a client on a fast
// link cannot keep everybody else from the loop.
constexpr std::size_t kTurnBytes = 256 * 1024;

std::span<char> Chars(std::span<std::byte> bytes) {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

void RequestBody::Begin(const RequestHead& head, const RequestFraming& framing, Bytes limit) {
  chunked_ = framing.chunked;
  left_ = head.content_length.value_or(0);
  ended_ = !chunked_ && left_ == 0;
  expect_continue_ = framing.expect_continue;
  total_ = 0;
  limit_ = limit.count;
  decoder_ = ChunkDecoder{};
  failed_.reset();
}

Result<std::size_t> RequestBody::TryRead(std::span<std::byte> to) {
  if (failed_) return std::unexpected(*failed_);
  if (ended_ || turn_bytes_ >= kTurnBytes) return 0;
  auto n = chunked_ ? ReadChunked(to) : ReadSized(to);
  if (!n) return n;
  total_ += *n;
  turn_bytes_ += *n;
  if (total_ > limit_) {
    return Broken(Errc::kResourceExhausted, "the body is longer than its limit");
  }
  return n;
}

Result<std::size_t> RequestBody::ReadSized(std::span<std::byte> to) {
  to = to.first(std::min<std::uint64_t>(to.size(), left_));
  std::size_t n = std::min(to.size(), input_.readable().size());
  if (n != 0) {
    std::memcpy(to.data(), input_.readable().data(), n);
    input_.Consume(n);
  } else {
    SendContinue();
    auto got = transport_.TryRecv(Chars(to));
    if (!got) return Broken(got.error().code, "the client closed inside the body");
    n = *got;
    if (n == 0 && transport_.eof()) {
      return Broken(Errc::kUnavailable, "the client closed inside the body");
    }
  }
  left_ -= n;
  ended_ = left_ == 0;
  return n;
}

Result<std::size_t> RequestBody::ReadChunked(std::span<std::byte> to) {
  std::size_t produced = 0;
  for (;;) {
    const std::string_view in = input_.readable();
    const auto step = decoder_.Decode(in, to.subspan(produced));
    if (!step) return Broken(Errc::kInvalidArgument, std::string(step.error().detail));
    input_.Consume(step->consumed);
    produced += step->produced;
    ended_ = decoder_.done();
    if (ended_ || produced != 0) return produced;
    if (auto filled = FillInput(); !filled) return std::unexpected(filled.error());
    if (input_.readable().empty()) return 0;
  }
}

// Everything in the input was decoded and the body goes on: looks for more.
Result<void> RequestBody::FillInput() {
  SendContinue();
  auto got = transport_.TryRecv(input_.Space(kReadAhead));
  if (!got || (*got == 0 && transport_.eof())) {
    return Broken(Errc::kUnavailable, "the client closed inside the body");
  }
  input_.Commit(*got);
  return {};
}

Task<void> RequestBody::Readable() {
  if (failed_) co_return std::unexpected(*failed_);
  if (turn_bytes_ >= kTurnBytes) {
    turn_bytes_ = 0;
    co_await transport_.Yield();
  }
  if (ended_ || !input_.readable().empty()) co_return Result<void>{};
  SendContinue();
  auto got = co_await transport_.Recv(input_.Space(kReadAhead), transport_.now() + timeout_);
  turn_bytes_ = 0;
  if (!got) co_return Broken(got.error().code, got.error().message);
  if (*got == 0) co_return Broken(Errc::kUnavailable, "the client closed inside the body");
  input_.Commit(*got);
  co_return Result<void>{};
}

Result<void> RequestBody::Limit(Bytes limit) {
  limit_ = std::min(limit_, limit.count);
  if (total_ + left_ > limit_) {
    return Broken(Errc::kResourceExhausted, "the body is longer than its limit");
  }
  return {};
}

bool RequestBody::cheap_to_discard() const noexcept {
  return !expect_continue_ && !failed_ && left_ <= kDiscardBytes;
}

Awaitable<bool> RequestBody::Discard() {
  if (ended_ && !failed_) co_return true;
  if (!cheap_to_discard()) co_return false;
  std::array<std::byte, 4096> sink;
  std::size_t dropped = 0;
  while (!ended_) {
    auto n = TryRead(sink);
    if (!n) co_return false;
    dropped += *n;
    if (dropped > kDiscardBytes) co_return false;
    if (*n != 0 || ended_) continue;
    auto more = co_await Readable();
    if (!more) co_return false;
  }
  co_return true;
}

std::unexpected<Error> RequestBody::Broken(Errc code, std::string message) {
  failed_ = Error{code, std::move(message)};
  return std::unexpected(*failed_);
}

void RequestBody::SendContinue() {
  if (!expect_continue_) return;
  expect_continue_ = false;
  writer_.Continue();
}

}  // namespace strata::http
