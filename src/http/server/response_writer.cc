#include "http/server/response_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text/byte_view.h"
#include "http/parse/ascii.h"
#include "http/parse/chunked.h"
#include "http/parse/connection_fields.h"
#include "http/parse/response_parser.h"
#include "http/problem.h"

namespace strata::http {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;   // body bytes waiting for the client
constexpr std::size_t kDirectBytes = 16 * 1024;   // from here on worth a send without a copy
constexpr std::size_t kTurnBytes = 256 * 1024;    // see body.cc: fairness on a fast link
constexpr std::size_t kKeptCapacity = 32 * 1024;  // a larger buffer is given back when empty

// Fields that belong to one connection, not to the message, and Date: the server's own business.
bool IsOurs(std::string_view name) {
  return IsConnectionField(name) || EqualsIgnoreCase(name, "date");
}

void AppendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  static_cast<void>(error);  // 20 digits always fit
  out.append(text.data(), end);
}

}  // namespace

void ResponseWriter::Begin(const RequestHead& request, const RequestFraming& framing) {
  framing_ = Framing::kNoBody;
  left_ = 0;
  head_request_ = request.method == "HEAD";
  http10_ = framing.http10;
  head_sent_ = false;
  keep_alive_ = framing.keep_alive;
  aborted_ = false;
}

Result<void> ResponseWriter::Head(ResponseHead head) {
  if (head_sent_) return Fail(Errc::kFailedPrecondition, "the response's head was already set");
  auto length = CheckHead(head);
  if (!length) return std::unexpected(std::move(length).error());
  head_sent_ = true;
  ChooseFraming(head.status, *length);
  keep_alive_ = keep_alive_ && framing_ != Framing::kUntilClose && policy_.MayKeepAlive();
  AppendHead(head, *length);
  return {};
}

// Returns the Content-Length that the caller gave, if any.
Result<std::optional<std::uint64_t>> ResponseWriter::CheckHead(const ResponseHead& head) const {
  if (head.status < 200 || head.status > 599) {
    return Fail(Errc::kInvalidArgument, "response status " + std::to_string(head.status));
  }
  std::optional<std::uint64_t> length;
  std::size_t bytes = 0;
  for (const auto& [name, value] : head.headers) {
    if (!IsToken(name) || !IsFieldText(value)) {
      return Fail(Errc::kInvalidArgument, "response field '" + name + "' is malformed");
    }
    if (!IsOurs(name)) bytes += name.size() + value.size() + 4;  // which come back to who hands on
    if (!EqualsIgnoreCase(name, "content-length")) continue;
    const auto parsed = ParseContentLength(value);
    if (!parsed || (length && *length != *parsed)) {
      return Fail(Errc::kInvalidArgument, "response Content-Length '" + value + "'");
    }
    length = parsed;
  }
  if (bytes > kMostAnswerFields.count) {
    return Fail(Errc::kInvalidArgument, "the response's head is over 64 KiB");
  }
  return length;
}

void ResponseWriter::ChooseFraming(std::uint16_t status, std::optional<std::uint64_t> length) {
  if (status == 204 || status == 304) {
    framing_ = Framing::kNoBody;
  } else if (length) {
    framing_ = Framing::kLength;
    left_ = *length;
  } else {
    framing_ = http10_ ? Framing::kUntilClose : Framing::kChunked;
  }
}

void ResponseWriter::AppendHead(const ResponseHead& head, std::optional<std::uint64_t> length) {
  if (head.status == 200) {
    out_ += "HTTP/1.1 200 OK\r\n";
  } else {
    out_ += "HTTP/1.1 ";
    AppendNumber(out_, head.status);
    out_ += ' ';
    out_ += ReasonPhrase(head.status);
    out_ += "\r\n";
  }
  for (const auto& [name, value] : head.headers) {
    if (IsOurs(name)) continue;
    out_ += name;
    out_ += ": ";
    out_ += value;
    out_ += "\r\n";
  }
  if (framing_ == Framing::kChunked) out_ += "Transfer-Encoding: chunked\r\n";
  if (length && head.status != 204) {
    out_ += "Content-Length: ";
    AppendNumber(out_, *length);
    out_ += "\r\n";
  }
  if (!keep_alive_) {
    out_ += "Connection: close\r\n";
  } else if (http10_) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += date_.line();
  out_ += "\r\n";
}

Result<std::size_t> ResponseWriter::TryWrite(std::span<const std::byte> from) {
  if (!head_sent_) return Fail(Errc::kFailedPrecondition, "body bytes before the response's head");
  if (transport_.dead()) return Fail(Errc::kUnavailable, "the client closed the connection");
  if (framing_ == Framing::kLength && from.size() > left_) {
    return Fail(Errc::kInvalidArgument, "more body bytes than the response's Content-Length");
  }
  if (head_request_ || framing_ == Framing::kNoBody) {
    left_ -= framing_ == Framing::kLength ? from.size() : 0;
    return from.size();
  }
  if (from.empty() || pending_bytes() >= kBufferBytes || turn_bytes_ >= kTurnBytes) return 0;
  const std::size_t n = std::min(from.size(), kBufferBytes - pending_bytes());
  const std::string_view data = AsText(from.first(n));
  turn_bytes_ += n;
  if (framing_ == Framing::kLength) left_ -= n;
  Result<void> pushed;
  if (framing_ == Framing::kChunked) {
    const ChunkFrame frame(n);
    pushed = Push(std::array{frame.text(), data, kChunkEnd});
  } else {
    pushed = Push(std::array{data});
  }
  if (!pushed) return std::unexpected(std::move(pushed).error());
  return n;
}

// Buffers `parts`; when they are large, sends what the kernel takes of them first.
Result<void> ResponseWriter::Push(std::span<const std::string_view> parts) {
  std::size_t total = 0;
  for (const std::string_view part : parts) total += part.size();
  std::size_t gone = 0;  // of `parts`
  if (total >= kDirectBytes) {
    std::array<iovec, 4> pieces;
    std::size_t used = 0;
    if (pending()) pieces[used++] = iovec{out_.data() + sent_, pending_bytes()};
    for (const std::string_view part : parts) {
      pieces[used++] = iovec{const_cast<char*>(part.data()), part.size()};  // only read
    }
    auto sent = transport_.TrySend({pieces.data(), used});
    if (!sent) return std::unexpected(std::move(sent).error());
    const std::size_t before = std::min(*sent, pending_bytes());
    gone = *sent - before;
    sent_ += before;
  }
  if (!pending()) {
    out_.clear();
    sent_ = 0;
  }
  for (std::string_view part : parts) {
    const std::size_t skip = std::min(gone, part.size());
    gone -= skip;
    out_ += part.substr(skip);
  }
  return {};
}

Task<void> ResponseWriter::Writable() {
  if (turn_bytes_ >= kTurnBytes) {
    co_await transport_.Yield();
    turn_bytes_ = 0;
  }
  for (;;) {
    auto flushed = TryFlush();
    if (!flushed || !pending()) co_return flushed;
    auto room = co_await transport_.WaitWritable(transport_.now() + timeout_);
    turn_bytes_ = 0;
    if (!room) {
      // A client that is too slow for us is given up: nothing more can be said to it.
      gave_up_ = room.error().code == Errc::kDeadlineExceeded;
      transport_.Kill();
      co_return room;
    }
  }
}

Result<void> ResponseWriter::TryFlush() {
  if (!pending()) return {};
  const iovec piece{out_.data() + sent_, pending_bytes()};
  auto sent = transport_.TrySend({&piece, 1});
  if (!sent) return std::unexpected(std::move(sent).error());
  sent_ += *sent;
  if (pending()) return {};
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kKeptCapacity) std::string().swap(out_);
  return {};
}

// A failed send is noticed by the read that follows.
void ResponseWriter::Continue() {
  if (head_sent_) return;
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  static_cast<void>(TryFlush());
}

bool ResponseWriter::Finish() {
  if (aborted_ && framing_ == Framing::kUntilClose) transport_.ResetOnClose();
  if (aborted_ || transport_.dead()) return false;
  if (head_request_) return keep_alive_;
  if (framing_ == Framing::kChunked) out_ += kLastChunk;
  return keep_alive_ && left_ == 0;
}

}  // namespace strata::http
