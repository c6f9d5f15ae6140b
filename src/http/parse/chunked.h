// http/parse/chunked.h - the chunked transfer coding: a strict decoder that works on whatever
// pieces arrive, and the frame of a chunk to send.
//
// The decoder refuses what smuggling needs: bare LF, spaces around a size, a sign or a 0x, sizes
// over 15 digits, control characters, folded trailers. Extensions and trailers are checked,
// bounded and thrown away. It allocates nothing.
//
// Threads: a value. Tested by http/parse/chunked_test.cc and tests/fuzz/http_chunked_fuzz.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "http/problem.h"

namespace strata::http {

class ChunkDecoder {
 public:
  struct Progress {
    std::size_t consumed = 0;  // of `in`
    std::size_t produced = 0;  // in `out`
  };

  // Decodes as much of `in` as fits into `out`. Stops after the body's last byte: what follows in
  // `in` is the next message. After a Rejection the decoder must not be used again.
  std::expected<Progress, Rejection> Decode(std::string_view in, std::span<std::byte> out);

  // True once the empty line after the last chunk was consumed.
  [[nodiscard]] bool done() const noexcept { return state_ == State::kDone; }

 private:
  enum class State : std::uint8_t {
    kSizeFirst,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerFirst,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kDone,
  };

  // Takes one byte that is not data; returns why it cannot be there, or nullptr.
  const char* Take(char c);
  const char* TakeSize(char c);
  const char* TakeTrailer(char c);

  std::uint64_t left_ = 0;  // data bytes of this chunk that have not been seen
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint8_t digits_ = 0;
  State state_ = State::kSizeFirst;
};

// "1a\r\n" for a chunk of 26 bytes; the chunk's data and kChunkEnd follow it. `size` is not 0.
class ChunkFrame {
 public:
  explicit ChunkFrame(std::size_t size);
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, 20> text_;
  std::size_t length_ = 0;
};

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace strata::http
