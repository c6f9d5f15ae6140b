#include "wire/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/bytes.h"

namespace strata::wire {
namespace {

constexpr std::size_t kMaxFds = 200;
constexpr std::size_t kHeaderBytes = 4;
constexpr Bytes kMaxFrame = 16_MiB;
constexpr Bytes kMaxQueued = 32_MiB;      // by Send, which waits
constexpr Bytes kMaxPosted = 64_MiB;      // by Post, which cannot
constexpr std::size_t kTurn = 64 * 1024;  // read before others of the loop have theirs

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

// Room for the control message that carries the descriptors.
union Control {
  char bytes[CMSG_SPACE(kMaxFds * sizeof(int))];
  cmsghdr align;
};

std::array<unsigned char, kHeaderBytes> EncodeLength(std::size_t size) {
  std::array<unsigned char, kHeaderBytes> header;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    header[i] = static_cast<unsigned char>(size >> (8 * i));
  }
  return header;
}

std::size_t DecodeLength(const unsigned char* header) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    size |= static_cast<std::size_t>(header[i]) << (8 * i);
  }
  return size;
}

// Takes ownership of every descriptor in `message`, also when the message is refused afterwards.
void TakeFds(msghdr& message, std::vector<Fd>& fds) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

// Shared by the Channel and its tasks. `broken_` is final: the first failure closes the socket.
class Channel::Impl {
 public:
  Impl(Loop& loop, Fd socket)
      : loop_(loop),
        socket_(loop.get_executor(), socket.Release()),
        drained_(loop.get_executor(), Timer::time_point::max()) {
    ::fcntl(socket_.native_handle(), F_SETFL, O_NONBLOCK);
  }

  static Task<void> Send(std::shared_ptr<Impl> self, Frame frame);
  static Result<void> Post(const std::shared_ptr<Impl>& self, Frame frame);
  static Result<void> Queue(const std::shared_ptr<Impl>& self, Frame frame);
  static Awaitable<void> Drain(std::shared_ptr<Impl> self);
  static Task<Frame> Receive(std::shared_ptr<Impl> self);
  [[nodiscard]] std::size_t queued() const noexcept { return queued_bytes_; }

  void Break(Error error) {
    if (broken_) return;
    broken_ = std::move(error);
    queue_.clear();
    queued_bytes_ = 0;
    boost::system::error_code ignored;
    // close() ends the waits on the descriptor with operation_aborted.
    socket_.close(ignored);
    drained_.cancel();
  }

 private:
  using WaitType = asio::posix::descriptor_base::wait_type;

  static Awaitable<void> Flush(std::shared_ptr<Impl> self);
  void WriteAll();
  Result<bool> WriteSome();
  Result<std::size_t> ReadSome(unsigned char* to, std::size_t size, std::vector<Fd>& fds);
  Task<void> Wait(WaitType what);
  Task<void> ReadExactly(unsigned char* to, std::size_t size, std::vector<Fd>& fds);
  [[nodiscard]] std::unexpected<Error> Broken() const { return std::unexpected(*broken_); }

  Loop& loop_;
  Descriptor socket_;
  std::optional<Error> broken_;
  std::deque<Frame> queue_;  // text is header and body together
  std::size_t written_ = 0;  // bytes of queue_.front() that are out
  std::size_t queued_bytes_ = 0;
  bool flushing_ = false;
  std::size_t unbroken_ = 0;  // bytes that were read since others of the loop had a turn
  Timer drained_;             // never expires; cancelled when the queue gets shorter
};

Task<void> Channel::Impl::Wait(WaitType what) {
  boost::system::error_code error;
  co_await socket_.async_wait(what, asio::redirect_error(kAwait, error));
  if (broken_) co_return Broken();
  if (error) co_return Fail(Errc::kUnavailable, "wait on the wire: " + error.message());
  co_return Result<void>{};
}

// Writes some of the first frame. True: progress, or nothing is left; false: the socket is full.
Result<bool> Channel::Impl::WriteSome() {
  Frame& frame = queue_.front();
  iovec part{frame.text.data() + written_, frame.text.size() - written_};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control;
  if (written_ == 0 && !frame.fds.empty()) {
    std::memset(&control, 0, sizeof(control));
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(frame.fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(frame.fds.size() * sizeof(int));
    for (std::size_t i = 0; i < frame.fds.size(); ++i) {
      const int fd = frame.fds[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
    }
  }
  const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno == EINTR) return true;
    return FailErrno("send on the wire", errno);
  }
  frame.fds.clear();
  written_ += static_cast<std::size_t>(sent);
  if (written_ == frame.text.size()) {
    queued_bytes_ -= frame.text.size();
    queue_.pop_front();
    written_ = 0;
    drained_.cancel();
  }
  return true;
}

// Writes as much as the socket takes now.
void Channel::Impl::WriteAll() {
  while (!broken_ && !queue_.empty()) {
    const auto wrote = WriteSome();
    // Whatever the kernel says, for the caller the peer is gone.
    if (!wrote) return Break({Errc::kUnavailable, wrote.error().message});
    if (!*wrote) return;
  }
}

Awaitable<void> Channel::Impl::Flush(std::shared_ptr<Impl> self) {
  while (!self->broken_ && !self->queue_.empty()) {
    if (auto waited = co_await self->Wait(WaitType::wait_write); !waited) {
      self->Break(std::move(waited).error());
    }
    self->WriteAll();
  }
  self->flushing_ = false;
}

Result<void> Channel::Impl::Queue(const std::shared_ptr<Impl>& self, Frame frame) {
  if (frame.text.empty() || frame.text.size() > kMaxFrame.count || frame.fds.size() > kMaxFds) {
    return Fail(Errc::kInvalidArgument, "a frame holds 1 byte to 16 MiB and 200 descriptors");
  }
  if (self->broken_) return self->Broken();
  const auto header = EncodeLength(frame.text.size());
  frame.text.insert(0, reinterpret_cast<const char*>(header.data()), header.size());
  self->queued_bytes_ += frame.text.size();
  self->queue_.push_back(std::move(frame));
  if (!self->flushing_) self->WriteAll();
  if (!self->flushing_ && !self->broken_ && !self->queue_.empty()) {
    self->flushing_ = true;
    Spawn(self->loop_, Flush(self));
  }
  if (self->broken_) return self->Broken();
  return {};
}

Result<void> Channel::Impl::Post(const std::shared_ptr<Impl>& self, Frame frame) {
  auto queued = Queue(self, std::move(frame));
  // A frame takes memory beside its bytes: of small ones that is most of it.
  if (self->queued_bytes_ + self->queue_.size() * sizeof(Frame) <= kMaxPosted.count) return queued;
  self->Break({Errc::kUnavailable, "the other end of the wire does not read"});
  return self->Broken();
}

Task<void> Channel::Impl::Send(std::shared_ptr<Impl> self, Frame frame) {
  if (auto queued = Queue(self, std::move(frame)); !queued) co_return queued;
  while (!self->broken_ && self->queued_bytes_ > kMaxQueued.count) {
    boost::system::error_code ignored;
    co_await self->drained_.async_wait(asio::redirect_error(kAwait, ignored));
  }
  if (self->broken_) co_return self->Broken();
  co_return Result<void>{};
}

Awaitable<void> Channel::Impl::Drain(std::shared_ptr<Impl> self) {
  while (!self->queue_.empty()) {
    boost::system::error_code ignored;
    co_await self->drained_.async_wait(asio::redirect_error(kAwait, ignored));
  }
}

// Reads up to `size` bytes and the descriptors on them. 0: nothing is here now.
Result<std::size_t> Channel::Impl::ReadSome(unsigned char* to, std::size_t size,
                                            std::vector<Fd>& fds) {
  iovec part{to, size};
  Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  const ssize_t got = ::recvmsg(socket_.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
    return Fail(Errc::kUnavailable, FailErrno("receive on the wire", errno).error().message);
  }
  TakeFds(message, fds);
  if ((message.msg_flags & MSG_CTRUNC) != 0 || fds.size() > kMaxFds) {
    return Fail(Errc::kInvalidArgument, "a frame carries more than 200 descriptors");
  }
  if (got == 0) return Fail(Errc::kUnavailable, "the other end of the wire is gone");
  return static_cast<std::size_t>(got);
}

// Never reads past `size`: descriptors come with a frame's first byte, so bytes of one frame must
// not be read together with those of the next.
Task<void> Channel::Impl::ReadExactly(unsigned char* to, std::size_t size, std::vector<Fd>& fds) {
  while (size > 0) {
    if (broken_) co_return Broken();
    const auto got = ReadSome(to, size, fds);
    if (!got) co_return std::unexpected(got.error());
    to += *got;
    size -= *got;
    if (*got > 0) {
      unbroken_ += *got;
      if (unbroken_ >= kTurn) {
        unbroken_ = 0;
        co_await asio::post(loop_, kAwait);
        if (broken_) co_return Broken();  // closed by one of those that had their turn
      }
      continue;
    }
    unbroken_ = 0;
    if (auto waited = co_await Wait(WaitType::wait_read); !waited) {
      co_return std::unexpected(std::move(waited).error());
    }
  }
  co_return Result<void>{};
}

Task<Frame> Channel::Impl::Receive(std::shared_ptr<Impl> self) {
  Frame frame;
  std::array<unsigned char, kHeaderBytes> header;
  auto read = co_await self->ReadExactly(header.data(), header.size(), frame.fds);
  if (read) {
    const std::size_t size = DecodeLength(header.data());
    if (size == 0 || size > kMaxFrame.count) {
      read = Fail(Errc::kInvalidArgument, "a frame is empty or longer than 16 MiB");
    } else {
      // Grows as bytes arrive: a header alone must not make us reserve 16 MiB.
      constexpr std::size_t kStep = 256 * 1024;
      while (read && frame.text.size() < size) {
        const std::size_t have = frame.text.size();
        const std::size_t step = std::min(kStep, size - have);
        frame.text.resize(have + step);
        read = co_await self->ReadExactly(
            reinterpret_cast<unsigned char*>(frame.text.data()) + have, step, frame.fds);
      }
    }
  }
  if (!read) {
    self->Break(read.error());
    co_return std::unexpected(std::move(read).error());
  }
  co_return std::move(frame);
}

Channel::Channel(Loop& loop, Fd socket) : impl_(std::make_shared<Impl>(loop, std::move(socket))) {}

Channel::~Channel() { Close(); }

Task<void> Channel::Send(Frame frame) { return Impl::Send(impl_, std::move(frame)); }

Result<void> Channel::Post(Frame frame) { return Impl::Post(impl_, std::move(frame)); }

std::size_t Channel::queued() const noexcept { return impl_->queued(); }

Awaitable<void> Channel::Drain() { return Impl::Drain(impl_); }

Task<Frame> Channel::Receive() { return Impl::Receive(impl_); }

void Channel::Close() noexcept { impl_->Break({Errc::kUnavailable, "the wire was closed"}); }

}  // namespace strata::wire
