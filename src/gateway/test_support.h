// gateway/test_support.h - a host cell's end of a line, which the test plays itself: for tests
// only.
//
//   Endpoint, HopCall (under test) ==socket pair==> CellLine --Accept--> CellConnection (a test)
//
// Threads:  one: nothing waits; whoever expects bytes runs the loop in between. Lifetime: both ends
//           are gone with their objects.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/fd.h"

namespace strata::gateway {

// One connection as the cell has it. Nothing waits.
class CellConnection {
 public:
  explicit CellConnection(Fd fd) : fd_(std::move(fd)) {}

  const std::string& Read() {
    std::array<char, 65536> piece;
    for (ssize_t n = 0; (n = ::recv(fd_.get(), piece.data(), piece.size(), MSG_DONTWAIT)) >= 0;) {
      if (n == 0) {
        closed_ = true;
        break;
      }
      received_.append(piece.data(), static_cast<std::size_t>(n));
    }
    return received_;
  }
  bool Has(std::string_view text) { return Read().find(text) != std::string::npos; }
  bool closed() {
    Read();
    return closed_;
  }
  void Forget() { received_.clear(); }
  void Send(std::string_view bytes) {
    ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void Close() { fd_.Reset(); }

 private:
  Fd fd_;
  std::string received_;
  bool closed_ = false;
};

// The line of a cell: connections come over it.
class CellLine {
 public:
  CellLine() {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    theirs_ = Fd(pair[0]);
    ours_ = Fd(pair[1]);
  }

  Fd TakeTheirs() { return std::move(theirs_); }

  // The next connection that has come; not valid: none.
  Fd Accept() {
    std::array<char, 64> bytes;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{bytes.data(), 5};  // u32 length, "c"
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(ours_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return {};
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return Fd(fd);
  }

  void Close() { ours_.Reset(); }

 private:
  Fd theirs_;
  Fd ours_;
};

}  // namespace strata::gateway
