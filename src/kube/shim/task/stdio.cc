#include "kube/shim/task/stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/files/files.h"
#include "host/process/pipe.h"

namespace strata::kube::shim {
namespace {

using ErrorCode = boost::system::error_code;

constexpr std::string_view kFile = "file://";
constexpr std::size_t kCopied = 16 * 1024;  // at once

// The read end of the FIFO `path`, whoever is at its other end.
Result<Fd> OpenFifo(const std::string& path) {
  auto fifo = OpenFile(path, O_RDONLY | O_NONBLOCK);
  if (!fifo) return fifo;
  struct stat status{};
  if (::fstat(fifo->get(), &status) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISFIFO(status.st_mode)) return Fail(Errc::kInvalidArgument, path + " is no FIFO");
  return fifo;
}

// The write end of a FIFO that is open already, so this never waits.
Result<Fd> OpenOther(const Fd& fifo) {
  return OpenFile("/proc/self/fd/" + std::to_string(fifo.get()), O_WRONLY);
}

Result<void> CheckPath(std::string_view name) {
  if (name.starts_with('/')) return {};
  const bool scheme = name.find("://") != std::string_view::npos;
  return Fail(scheme ? Errc::kUnsupported : Errc::kInvalidArgument,
              "stdio " + std::string(name) + ": takes a FIFO's absolute path" +
                  (scheme ? ", or file:// for an output" : ""));
}

}  // namespace

Result<Stdio::End> Stdio::OpenInput(const std::string& name) {
  if (name.empty()) return End{};
  if (auto good = CheckPath(name); !good) return std::unexpected(std::move(good).error());
  auto fifo = OpenFifo(name);
  if (!fifo) return std::unexpected(std::move(fifo).error());
  auto pipe = host::MakePipe();
  if (!pipe) return std::unexpected(std::move(pipe).error());
  if (::fcntl(pipe->write.get(), F_SETFL, O_NONBLOCK) != 0) return FailErrno("pipe", errno);
  return End{
      .program = std::move(pipe->read), .held = std::move(*fifo), .feed = std::move(pipe->write)};
}

// What is typed at a terminal. It never ends: the writer is ours, too.
Result<Stdio::End> Stdio::OpenTyped(const std::string& name) {
  if (name.empty()) return End{};
  if (auto good = CheckPath(name); !good) return std::unexpected(std::move(good).error());
  auto read = OpenFifo(name);
  if (!read) return std::unexpected(std::move(read).error());
  auto write = OpenOther(*read);
  if (!write) return std::unexpected(std::move(write).error());
  return End{.program = std::move(*read), .held = std::move(*write), .feed = {}};
}

Result<Stdio::End> Stdio::OpenOutput(const std::string& name) {
  if (name.empty()) return End{};
  if (name.starts_with(kFile)) {
    auto file = OpenFile(name.substr(kFile.size()), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (!file) return std::unexpected(std::move(file).error());
    return End{.program = std::move(*file), .held = {}, .feed = {}};
  }
  if (auto good = CheckPath(name); !good) return std::unexpected(std::move(good).error());
  auto read = OpenFifo(name);
  if (!read) return std::unexpected(std::move(read).error());
  auto write = OpenOther(*read);
  if (!write) return std::unexpected(std::move(write).error());
  return End{.program = std::move(*write), .held = std::move(*read), .feed = {}};
}

Result<Stdio> Stdio::Open(const StdioNames& names) {
  auto in = names.terminal ? OpenTyped(names.in) : OpenInput(names.in);
  if (!in) return std::unexpected(std::move(in).error());
  auto out = OpenOutput(names.out);
  if (!out) return std::unexpected(std::move(out).error());
  auto err = OpenOutput(names.terminal ? std::string() : names.err);
  if (!err) return std::unexpected(std::move(err).error());
  Stdio stdio;
  stdio.in_ = std::move(*in);
  stdio.out_ = std::move(*out);
  stdio.err_ = std::move(*err);
  return stdio;
}

void Stdio::LetGo() noexcept {
  for (End* end : {&in_, &out_, &err_}) end->program.Reset();
}

std::shared_ptr<Input> Input::Start(Loop& loop, Stdio& stdio) {
  if (!stdio.in_.feed.valid()) return nullptr;
  std::shared_ptr<Input> input(
      new Input(Descriptor(loop.get_executor(), stdio.in_.held.Release()),
                Descriptor(loop.get_executor(), stdio.in_.feed.Release())));
  Spawn(loop, Fill(input));
  return input;
}

void Input::Finish() noexcept {
  finishing_ = true;
  ErrorCode ignored;
  from_.cancel(ignored);
}

void Input::Close() noexcept {
  ErrorCode ignored;
  from_.close(ignored);
  to_.close(ignored);
}

// Waits before it reads: until a writer has come, reading would say that it has gone.
Awaitable<void> Input::Fill(std::shared_ptr<Input> self) {
  std::array<char, kCopied> buffer{};
  ErrorCode failed;
  while (!failed) {
    if (!self->finishing_) {
      co_await self->from_.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    }
    if (failed && !self->finishing_) break;
    const ssize_t size = ::read(self->from_.native_handle(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && !self->finishing_))) continue;
    if (size <= 0) break;
    co_await asio::async_write(self->to_,
                               asio::buffer(buffer.data(), static_cast<std::size_t>(size)),
                               asio::redirect_error(kAwait, failed));
  }
  self->Close();
}

}  // namespace strata::kube::shim
