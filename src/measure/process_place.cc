#include "measure/process_place.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "measure/kinds.h"
#include "measure/pss.h"

namespace strata::measure {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{20};
constexpr Bytes kMostOutput = 64_KiB;

// Reads what `count` servers say when they listen: a byte each.
Result<void> AwaitReady(const Fd& from, std::uint64_t count) {
  const auto end = SteadyClock::now() + kPatience;
  std::array<char, 256> bytes{};
  while (count > 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    pollfd event{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&event, 1, static_cast<int>(left.count())) == 0) {
      return Fail(Errc::kDeadlineExceeded, "a server does not get ready");
    }
    const std::size_t most = std::min<std::uint64_t>(count, bytes.size());
    const ssize_t got = ::read(from.get(), bytes.data(), most);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail(Errc::kInternal, "a server ended at once");
    count -= static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace

std::string_view ProgramName(Program program) noexcept {
  return program == Program::kHello ? "hello" : "yardstick";
}

std::filesystem::path ProcessPlace::FileOf(Program program) const {
  return programs_ / ProgramName(program) / ProgramName(program);
}

Result<void> ProcessPlace::Deploy(Program program) {
  const std::string file = FileOf(program).string();
  if (::access(file.c_str(), X_OK) != 0) return FailErrno("run " + file, errno);
  return {};
}

Result<Answer> ProcessPlace::Call(Program program, std::string_view path) {
  const auto start = SteadyClock::now();
  auto ran = host::RunToEnd({.program = FileOf(program).string(),
                             .arguments = {},
                             .environment = {"PATH_INFO=" + std::string(path)},
                             .parent_death_signal = SIGKILL},
                            kPatience, kMostOutput);
  if (!ran) return std::unexpected(std::move(ran).error());
  const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
  if (!ran->status.success()) {
    return Fail(Errc::kInternal, FileOf(program).string() + ": " + ran->status.ToString());
  }
  return Answer{.ms = took.count(), .body = std::move(ran->out)};
}

Result<double> ProcessPlace::MemoryMib(Program /*program*/) {
  auto answer = Call(Program::kYardstick, "/memory");
  if (!answer) return std::unexpected(std::move(answer).error());
  auto read = ReadAnswer(answer->body);
  if (!read) return std::unexpected(std::move(read).error());
  if (read->empty()) return Fail(Errc::kInternal, "the yardstick says nothing of its memory");
  return read->front().second;
}

Result<double> ProcessPlace::CpuMs(Program /*program*/) {
  rusage used{};
  if (::getrusage(RUSAGE_CHILDREN, &used) != 0) return FailErrno("getrusage", errno);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

Result<double> ProcessPlace::Load(Program program, unsigned callers,
                                  std::chrono::milliseconds time) {
  std::atomic<std::uint64_t> calls = 0;
  std::atomic<bool> failed = false;
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        while (SteadyClock::now() - start < time && !failed) {
          (Call(program, "/") ? void(++calls) : void(failed = true));
        }
      });
    }
  }
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  if (failed) return Fail(Errc::kInternal, "a process failed");
  return static_cast<double>(calls.load()) / took.count();
}

Result<std::vector<Answer>> ProcessPlace::CallWaiting(unsigned /*sandboxes*/) {
  return Fail(Errc::kUnsupported, "no bare process waits for its call");
}

Result<Density> ProcessPlace::Run(std::uint64_t instances) {
  if (instances == 0) servers_.clear();
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return FailErrno("pipe", errno);
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const std::uint64_t before = servers_.size();
  while (servers_.size() < instances) {
    auto server = host::Process::Spawn({.program = FileOf(Program::kYardstick).string(),
                                        .arguments = {},
                                        .environment = {"PORT=0"},
                                        .stdout_fd = theirs.get(),
                                        .parent_death_signal = SIGKILL});
    if (!server) return std::unexpected(std::move(server).error());
    servers_.push_back(*std::move(server));
  }
  theirs.Reset();
  if (auto ready = AwaitReady(ours, servers_.size() - before); !ready) {
    return std::unexpected(std::move(ready).error());
  }
  Density density;
  for (const host::Process& each : servers_) {
    auto used = PssMib(each.pid());
    if (!used) return std::unexpected(std::move(used).error());
    density.memory_mib.push_back(*used);
    density.all_mib += *used;
  }
  density.instances = servers_.size();
  return density;
}

Result<Bytes> ProcessPlace::ImageSize(Program program) {
  std::error_code error;
  const auto size = std::filesystem::file_size(FileOf(program), error);
  if (error) return FailErrno("size of " + FileOf(program).string(), error.value());
  return Bytes{size};
}

Result<Escapes> ProcessPlace::TryToEscape() {
  return Fail(Errc::kUnsupported, "nothing is around a bare process that it could escape from");
}

}  // namespace strata::measure
