#include "cell/roles/process_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/files/files.h"
#include "base/text/byte_view.h"

namespace strata::cell {

Result<std::size_t> ProcessInput::TryRead(std::span<std::byte> to) {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (ended_ || ::poll(&ready, 1, 0) <= 0) return 0;
  const ssize_t got = ::read(STDIN_FILENO, to.data(), to.size());
  if (got < 0 && errno == EINTR) return 0;
  if (got < 0) return FailErrno("standard input", errno);
  ended_ = got == 0;
  return static_cast<std::size_t>(got);
}

Task<void> ProcessInput::Readable() {
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  Fd copy(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) co_return FailErrno("standard input", errno);
  Descriptor input(co_await asio::this_coro::executor, copy.Release());
  boost::system::error_code ignored;
  co_await input.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, ignored));
  co_return Result<void>();
}

Result<void> ProcessOutput::Head(http::ResponseHead /*head*/) {
  return Fail(Errc::kFailedPrecondition, "a program's output has no head");
}

Result<std::size_t> ProcessOutput::TryWrite(std::span<const std::byte> from) {
  if (auto written = WriteAll(STDOUT_FILENO, AsText(from)); !written) {
    return std::unexpected(std::move(written).error());
  }
  return from.size();
}

// Nobody is left to be told of an output that cannot be written.
void ProcessOutput::Write(sandbox::Stream /*stream*/, std::string_view text) {
  static_cast<void>(WriteAll(STDERR_FILENO, text));
}

void ProcessLines::Write(const Line& line) {
  const int fd = line.stream == sandbox::Stream::kStdout ? STDOUT_FILENO : STDERR_FILENO;
  static_cast<void>(WriteAll(fd, std::string(line.text) + "\n"));
}

}  // namespace strata::cell
