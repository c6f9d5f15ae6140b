// base/files/fd.h - one owned file descriptor. Move-only; closes in the destructor, whose failure
// is ignored because nothing can be done about it (durable writers call fsync themselves, before).
//
// In a signature: an Fd by value is taken over; an int, or a const Fd&, is borrowed for the call.
// Whether it is close-on-exec or non-blocking is its maker's to see to; base/files/files.h opens
// them close-on-exec.
//
// Threads:  one at a time. Errors: none. Tested by base/files/fd_test.cc.
#pragma once

#include <unistd.h>

#include <utility>

namespace strata {

class Fd {
 public:
  Fd() = default;
  // Takes ownership of `fd`; a negative value means "none".
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { Reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

  // Gives the descriptor up; the caller owns it from here.
  [[nodiscard]] int Release() noexcept { return std::exchange(fd_, -1); }

  void Reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace strata
