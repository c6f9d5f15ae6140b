#include "host/process/fdpass.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace strata::host {
namespace {

constexpr std::size_t kKernelMaxFds = 253;  // SCM_MAX_FD: no message can carry more
constexpr std::size_t kControlSize = CMSG_SPACE(kKernelMaxFds * sizeof(int));
struct alignas(cmsghdr) ControlBuffer {
  std::array<char, kControlSize> bytes;
};

// Takes ownership of every descriptor in the control data.
std::vector<Fd> TakeFds(msghdr& message) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

bool WouldBlock(int err) { return err == EAGAIN || err == EWOULDBLOCK; }

}  // namespace

Result<std::size_t> SendWithFds(int socket, ByteView bytes, std::span<const int> fds) {
  if (bytes.empty()) return Fail(Errc::kInvalidArgument, "a message needs at least one byte");
  if (fds.size() > kMaxPassedFds) {
    return Fail(Errc::kInvalidArgument, std::to_string(fds.size()) + " descriptors in one message");
  }
  iovec part = {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control = {};
  if (!fds.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  while (true) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    const int err = errno;
    if (err == EINTR) continue;
    if (WouldBlock(err)) return 0;
    return FailErrno("send", err);
  }
}

Result<Received> ReceiveWithFds(int socket, std::span<std::byte> buffer) {
  iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
  ControlBuffer control = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  Received received;
  if (got < 0) {
    const int err = errno;
    if (!WouldBlock(err)) return FailErrno("receive", err);
    received.state = Received::State::kWouldBlock;
    return received;
  }
  received.fds = TakeFds(message);  // owned from here, so every way out closes them
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    // The buffer holds all that a message can carry, so this process has too many open files.
    return Fail(Errc::kResourceExhausted, "receive: descriptors were cut off");
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    return Fail(Errc::kResourceExhausted, "receive: a packet is longer than the buffer");
  }
  if (got == 0) return received;  // kClosed: senders cannot make empty messages with SendWithFds
  received.state = Received::State::kData;
  received.size = static_cast<std::size_t>(got);
  return received;
}

}  // namespace strata::host
