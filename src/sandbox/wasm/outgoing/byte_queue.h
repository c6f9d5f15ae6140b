// sandbox/wasm/outgoing/byte_queue.h - a bounded queue of bytes between a guest and a socket: 64
// KiB, allocated at first use. Both ends work in place, on contiguous parts.
//
//   request.h: guest --Push--> [ body out ] --Front--> socket --Room--> [ body in ] --Pop--> guest
//
// A full one is how a slow side holds the other up. A part that Room or Front gives may be shorter
// than what there is: it ends where the ring does.
//
// Threads:  the loop's. Lifetime: a part is good until the next call. Never fails.
// Tested by byte_queue_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace strata::sandbox::wasm::outgoing {

class ByteQueue {
 public:
  static constexpr std::size_t kCapacity = 64 * 1024;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  // Free space to fill; empty when full. Then Commit what was filled.
  std::span<std::byte> Room() {
    if (ring_.empty()) ring_.resize(kCapacity);
    const std::size_t end = (begin_ + size_) % kCapacity;
    return {ring_.data() + end, std::min(kCapacity - size_, kCapacity - end)};
  }
  void Commit(std::size_t count) noexcept { size_ += count; }

  // The oldest bytes; empty when there are none. Then Consume what was used.
  [[nodiscard]] std::span<const std::byte> Front() const noexcept {
    return {ring_.data() + begin_, std::min(size_, ring_.size() - begin_)};
  }
  void Consume(std::size_t count) noexcept {
    begin_ = (begin_ + count) % kCapacity;
    size_ -= count;
  }

  // Copies as much of `from` as fits; returns how much.
  std::size_t Push(std::span<const std::byte> from) {
    std::size_t done = 0;
    while (done < from.size()) {
      const auto room = Room();
      if (room.empty()) break;
      const std::size_t count = std::min(room.size(), from.size() - done);
      std::memcpy(room.data(), from.data() + done, count);
      Commit(count);
      done += count;
    }
    return done;
  }

  // Copies out up to `to.size()` bytes; returns how many.
  std::size_t Pop(std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size() && size_ > 0) {
      const auto front = Front();
      const std::size_t count = std::min(front.size(), to.size() - done);
      std::memcpy(to.data() + done, front.data(), count);
      Consume(count);
      done += count;
    }
    return done;
  }

 private:
  std::vector<std::byte> ring_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace strata::sandbox::wasm::outgoing
