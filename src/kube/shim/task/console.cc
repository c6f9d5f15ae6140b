#include "kube/shim/task/console.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/files/files.h"
#include "host/process/fdpass.h"
#include "host/unix_address.h"

namespace strata::kube::shim {
namespace {

using ErrorCode = boost::system::error_code;

constexpr std::size_t kChunk = 16 * 1024;  // copied at once
constexpr std::size_t kNameSent = 4096;    // what runtimes send with the descriptor

std::string Beneath(const Fd& directory, const std::string& name) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(directory.get()) + "/" +
         name;
}

// A second, non-blocking descriptor; none for none.
Result<Fd> ForLoop(int fd) {
  if (fd < 0) return Fd();
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid() || ::fcntl(copy.get(), F_SETFL, O_NONBLOCK) != 0) {
    return FailErrno("terminal", errno);
  }
  return copy;
}

}  // namespace

Result<ConsoleSocket> ConsoleSocket::Listen(const std::string& directory, const std::string& name) {
  auto held = OpenFile(directory, O_PATH | O_DIRECTORY);
  if (!held) return std::unexpected(std::move(held).error());
  auto listener = host::UnixSocket();
  if (!listener) return Wrap(std::move(listener).error(), "console socket");
  const auto address = host::UnixAddress::Of(Beneath(*held, name));
  if (!address) return Wrap(address.error(), "console socket");
  ::unlinkat(held->get(), name.c_str(), 0);
  if (::bind(listener->get(), address->get(), host::UnixAddress::size()) != 0 ||
      ::listen(listener->get(), 1) != 0) {
    return FailErrno("console socket", errno);
  }
  return ConsoleSocket(std::move(*held), *std::move(listener), name);
}

ConsoleSocket::~ConsoleSocket() {
  if (directory_.valid()) ::unlinkat(directory_.get(), name_.c_str(), 0);
}

std::string ConsoleSocket::path() const { return Beneath(directory_, name_); }

Result<Fd> ConsoleSocket::Take() const {
  const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer.valid()) return FailErrno("console socket: the runtime did not come", errno);
  std::array<std::byte, kNameSent> name{};
  auto received = host::ReceiveWithFds(peer.get(), name);
  if (!received) return std::unexpected(std::move(received).error());
  if (received->fds.size() != 1) {
    return Fail(Errc::kInternal, "console socket: the runtime sent no terminal");
  }
  return std::move(received->fds.front());
}

Result<std::shared_ptr<Console>> Console::Start(Loop& loop, Fd terminal, const Stdio& stdio) {
  auto copy = ForLoop(terminal.get());
  auto in = ForLoop(stdio.in());
  auto out = ForLoop(stdio.out());
  for (auto* each : {&copy, &in, &out}) {
    if (!*each) return std::unexpected(std::move(*each).error());
  }
  const auto descriptor = [&loop](Fd fd) {
    return fd.valid() ? Descriptor(loop.get_executor(), fd.Release())
                      : Descriptor(loop.get_executor());
  };
  std::shared_ptr<Console> console(new Console(descriptor(std::move(*copy)),
                                               descriptor(std::move(*in)),
                                               descriptor(std::move(*out)), std::move(terminal)));
  Spawn(loop, Copy(console, console->terminal_, console->out_));
  if (console->in_.is_open()) Spawn(loop, Copy(console, console->in_, console->terminal_));
  return console;
}

Result<void> Console::Resize(host::TerminalSize size) { return host::SetSize(size_, size); }

void Console::Close() noexcept {
  ErrorCode ignored;
  for (Descriptor* each : {&terminal_, &in_, &out_}) each->close(ignored);
  size_.Reset();
}

// A terminal that nobody has any more reads as an error; then all is over, in both directions.
Awaitable<void> Console::Copy(std::shared_ptr<Console> self, Descriptor& from, Descriptor& to) {
  std::array<std::byte, kChunk> buffer{};
  ErrorCode failed;
  while (!failed) {
    const std::size_t size =
        co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(kAwait, failed));
    if (failed || !to.is_open()) continue;
    co_await asio::async_write(to, asio::buffer(buffer, size),
                               asio::redirect_error(kAwait, failed));
  }
  if (&from == &self->terminal_) self->Close();
}

}  // namespace strata::kube::shim
