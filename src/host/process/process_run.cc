#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/files/files.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kLongestPollMs = 60'000;  // poll counts in int

// One of the tool's outputs: our end of a pipe and what came out of it.
struct Output {
  Fd from;
  std::string text;

  // Takes what is there. False: nothing more will come.
  bool Drain(Bytes limit) {
    std::array<char, 16384> chunk;
    while (from.valid() && text.size() <= limit.count) {
      const ssize_t got = ::read(from.get(), chunk.data(), chunk.size());
      if (got > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(got));
      } else if (got < 0 && errno == EINTR) {
        continue;
      } else if (got < 0 && errno == EAGAIN) {
        return true;
      } else {
        from.Reset();
      }
    }
    return from.valid();
  }
};

struct Pipe {
  Fd ours;    // non-blocking
  Fd theirs;  // blocking, as programs expect
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return FailErrno("pipe", errno);
  Pipe pipe{.ours = Fd(ends[0]), .theirs = Fd(ends[1])};
  if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) return FailErrno("pipe", errno);
  return pipe;
}

// A memory file instead of a pipe: nothing to feed, and no SIGPIPE when the tool does not read.
Result<Fd> MakeInput(std::string_view input) {
  auto fd = MakeMemfd("stdin");
  if (!fd) return fd;
  if (auto done = WriteAll(fd->get(), input); !done) {
    return std::unexpected(std::move(done).error());
  }
  if (::lseek(fd->get(), 0, SEEK_SET) != 0) return FailErrno("rewind stdin", errno);
  return fd;
}

// Collects until the tool has ended. Destroying `tool` after a failure kills it.
Result<ExitStatus> Collect(Process& tool, Output& out, Output& err, SteadyClock::time_point end,
                           Bytes limit) {
  while (true) {
    // Asked first: what was written before the end is then in the pipes for sure.
    const auto status = tool.Poll();
    out.Drain(limit);
    err.Drain(limit);
    if (out.text.size() > limit.count || err.text.size() > limit.count) {
      return Fail(Errc::kResourceExhausted,
                  "printed more than " + std::to_string(limit.count) + " bytes");
    }
    if (status) return *status;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return Fail(Errc::kDeadlineExceeded, "ran too long");
    std::array<pollfd, 3> events = {{{.fd = tool.pidfd(), .events = POLLIN, .revents = 0},
                                     {.fd = out.from.get(), .events = POLLIN, .revents = 0},
                                     {.fd = err.from.get(), .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(events.data(), events.size(),
                             static_cast<int>(std::min(left.count(), kLongestPollMs)));
    if (ready < 0 && errno != EINTR) return FailErrno("poll", errno);
  }
}

}  // namespace

Result<RunResult> RunToEnd(const SpawnOptions& options, std::chrono::milliseconds timeout,
                           Bytes output_limit, std::string_view input) {
  if (options.stdin_fd >= 0 || options.stdout_fd >= 0 || options.stderr_fd >= 0) {
    return Fail(Errc::kInvalidArgument, "RunToEnd has its own stdin, stdout and stderr");
  }
  const auto end = SteadyClock::now() + timeout;
  auto in = MakeInput(input);
  if (!in) return std::unexpected(std::move(in).error());
  auto out_pipe = MakePipe();
  if (!out_pipe) return std::unexpected(std::move(out_pipe).error());
  auto err_pipe = MakePipe();
  if (!err_pipe) return std::unexpected(std::move(err_pipe).error());
  SpawnOptions with_pipes = options;
  with_pipes.stdin_fd = in->get();
  with_pipes.stdout_fd = out_pipe->theirs.get();
  with_pipes.stderr_fd = err_pipe->theirs.get();
  auto tool = Process::Spawn(with_pipes);
  if (!tool) return std::unexpected(std::move(tool).error());
  out_pipe->theirs.Reset();
  err_pipe->theirs.Reset();
  Output out{.from = std::move(out_pipe->ours), .text = {}};
  Output err{.from = std::move(err_pipe->ours), .text = {}};
  auto status = Collect(*tool, out, err, end, output_limit);
  if (!status) return Wrap(std::move(status).error(), options.program);
  return RunResult{.status = *status, .out = std::move(out.text), .err = std::move(err.text)};
}

}  // namespace strata::host
