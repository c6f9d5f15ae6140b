// http/parse/input_buffer.h - what a connection has received and not yet used. It grows when it
// must and is reused between requests. While a request is being answered its head is pinned: views
// into it stay valid however much body passes through behind it.
//
//   recv into Space, Commit --> [ InputBuffer: pinned head | readable ] --> readable, Consume
//
// It has no bound of its own: whoever fills it stops at a head's or a body's limit.
//
// Threads:  one connection's; neither copied nor moved. Lifetime: readable() and Space() are good
//           until the next Space(), pinned bytes until Unpin(). Tested by
//           http/parse/input_buffer_test.cc.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace strata::http {

class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  [[nodiscard]] std::string_view readable() const noexcept {
    return {data_.get() + begin_, end_ - begin_};
  }

  // Drops the first `n` readable bytes; `n` <= readable().size().
  void Consume(std::size_t n) noexcept;

  // Room for at least `at_least` more bytes; fill it from the front and Commit() what was filled.
  // May move the readable bytes, never the pinned ones.
  std::span<char> Space(std::size_t at_least);
  void Commit(std::size_t n) noexcept { end_ += n; }

  // Drops the first `n` readable bytes too, but keeps them in place until Unpin().
  void ConsumeAndPin(std::size_t n) noexcept { keep_ = begin_ += n; }
  void Unpin() noexcept;

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t keep_ = 0;   // [0, keep_) is pinned
  std::size_t begin_ = 0;  // [begin_, end_) is readable
  std::size_t end_ = 0;
  std::vector<std::unique_ptr<char[]>> retired_;  // pinned storage that was outgrown
};

}  // namespace strata::http
