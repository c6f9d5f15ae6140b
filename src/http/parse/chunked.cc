#include "http/parse/chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/parse/ascii.h"

namespace strata::http {
namespace {

constexpr std::uint32_t kMaxExtensionBytes = 4096;  // over a whole body: nobody uses them
constexpr std::uint32_t kMaxTrailerBytes = 4096;
constexpr std::uint8_t kMaxSizeDigits = 15;  // 2^60 bytes: no overflow is possible

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = LowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool IsText(char c) { return IsFieldText(std::string_view(&c, 1)); }

}  // namespace

std::expected<ChunkDecoder::Progress, Rejection> ChunkDecoder::Decode(std::string_view in,
                                                                      std::span<std::byte> out) {
  Progress done;
  while (done.consumed < in.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t n =
          std::min<std::uint64_t>({left_, in.size() - done.consumed, out.size() - done.produced});
      if (n == 0) break;
      std::memcpy(out.data() + done.produced, in.data() + done.consumed, n);
      done.consumed += n;
      done.produced += n;
      left_ -= n;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    if (const char* wrong = Take(in[done.consumed++]))
      return std::unexpected(Rejection{400, wrong});
  }
  return done;
}

const char* ChunkDecoder::Take(char c) {
  switch (state_) {
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r' ? nullptr : "a chunk is longer than its size";
    case State::kDataLf:
      state_ = State::kSizeFirst;
      return c == '\n' ? nullptr : "a chunk does not end with CRLF";
    case State::kSizeFirst:
    case State::kSize:
    case State::kExtension:
    case State::kSizeLf:
      return TakeSize(c);
    default:
      return TakeTrailer(c);
  }
}

const char* ChunkDecoder::TakeSize(char c) {
  if (state_ == State::kSizeLf) {
    if (c != '\n') return "a chunk size does not end with CRLF";
    state_ = left_ == 0 ? State::kTrailerFirst : State::kData;
    return nullptr;
  }
  if (state_ == State::kSizeFirst) {
    left_ = 0;
    digits_ = 0;
  }
  if (const int value = HexValue(c); value >= 0 && state_ != State::kExtension) {
    if (++digits_ > kMaxSizeDigits) return "a chunk size is too large";
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    state_ = State::kSize;
    return nullptr;
  }
  if (state_ == State::kSizeFirst) return "a chunk size is not a hexadecimal number";
  if (c == '\r') {
    state_ = State::kSizeLf;
    return nullptr;
  }
  if (state_ == State::kSize && c != ';') return "a chunk size is not a hexadecimal number";
  state_ = State::kExtension;
  if (!IsText(c)) return "a control character in a chunk extension";
  return ++extension_bytes_ > kMaxExtensionBytes ? "the chunk extensions are too long" : nullptr;
}

const char* ChunkDecoder::TakeTrailer(char c) {
  if (++trailer_bytes_ > kMaxTrailerBytes) return "the trailer section is too long";
  switch (state_) {
    case State::kTrailerFirst:
      if (c == '\r') {
        state_ = State::kEndLf;
        return nullptr;
      }
      [[fallthrough]];
    case State::kTrailerName:
      if (c == ':' && state_ == State::kTrailerName) {
        state_ = State::kTrailerValue;
        return nullptr;
      }
      state_ = State::kTrailerName;
      return IsTokenChar(c) ? nullptr : "a trailer field is malformed";
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return nullptr;
      }
      return IsText(c) ? nullptr : "a control character in a trailer field";
    case State::kTrailerLf:
      state_ = State::kTrailerFirst;
      return c == '\n' ? nullptr : "a trailer field does not end with CRLF";
    default:  // kEndLf: kDone never gets here
      state_ = State::kDone;
      return c == '\n' ? nullptr : "the body does not end with CRLF";
  }
}

ChunkFrame::ChunkFrame(std::size_t size) : text_{} {
  const auto [end, error] = std::to_chars(text_.data(), text_.data() + text_.size() - 2, size, 16);
  static_cast<void>(error);  // 16 digits always fit
  end[0] = '\r';
  end[1] = '\n';
  length_ = static_cast<std::size_t>(end - text_.data()) + 2;
}

}  // namespace strata::http
