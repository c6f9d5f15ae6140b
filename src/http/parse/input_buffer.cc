#include "http/parse/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace strata::http {
namespace {

// Small, because thousands of idle connections hold one each; nearly every head fits.
constexpr std::size_t kFirstCapacity = 2048;
constexpr std::size_t kKeptCapacity = 32 * 1024;  // a larger one is given back after its request

}  // namespace

void InputBuffer::Consume(std::size_t n) noexcept {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = keep_;
}

std::span<char> InputBuffer::Space(std::size_t at_least) {
  const std::size_t size = end_ - begin_;
  if (capacity_ - end_ < at_least) {
    if (capacity_ - keep_ - size >= at_least) {
      std::memmove(data_.get() + keep_, data_.get() + begin_, size);
      begin_ = keep_;
    } else {
      const std::size_t capacity = std::max({kFirstCapacity, 2 * size, size + at_least});
      auto fresh = std::make_unique_for_overwrite<char[]>(capacity);
      if (size != 0) std::memcpy(fresh.get(), data_.get() + begin_, size);
      if (keep_ != 0) retired_.push_back(std::move(data_));
      data_ = std::move(fresh);
      capacity_ = capacity;
      keep_ = 0;
      begin_ = 0;
    }
    end_ = begin_ + size;
  }
  return {data_.get() + end_, capacity_ - end_};
}

void InputBuffer::Unpin() noexcept {
  keep_ = 0;
  retired_.clear();
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (capacity_ > kKeptCapacity) {
    data_.reset();
    capacity_ = 0;
  }
}

}  // namespace strata::http
