#include "host/files/sweep.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/files/files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kMaxCommandLine = 256_KiB;

std::optional<pid_t> PidOf(const fs::path& entry) {
  const std::string name = entry.filename().string();
  pid_t pid = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (failed != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

std::vector<std::string> SplitArguments(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

// The executable's file name. A program that was replaced on disk reads "/x/strata-cell (deleted)";
// one that we may not look into is taken at its own word, argv[0].
std::string ProgramOf(const fs::path& proc, const std::vector<std::string>& arguments) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::error_code failed;
  std::string path = fs::read_symlink(proc / "exe", failed).string();
  if (failed) path = arguments.empty() ? "" : arguments[0];
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return fs::path(path).filename().string();
}

// The process `pid` if it is one of `instance`. Whatever cannot be read has ended or is nobody's
// business, so it is left out.
std::optional<FoundProcess> Examine(pid_t pid, const std::string& instance_argument,
                                    std::span<const std::string_view> programs) {
  // Identified before and after: the rest was then read from one process, not from two that had the
  // same pid one after the other.
  auto id = IdentifyProcess(pid);
  if (!id) return std::nullopt;
  const fs::path proc = "/proc/" + std::to_string(pid);
  const auto command_line = ReadFile(proc / "cmdline", kMaxCommandLine);
  if (!command_line) return std::nullopt;
  auto arguments = SplitArguments(*command_line);
  if (std::ranges::find(arguments, instance_argument) == arguments.end()) return std::nullopt;
  std::string program = ProgramOf(proc, arguments);
  if (std::ranges::find(programs, program) == programs.end()) return std::nullopt;
  if (const auto again = IdentifyProcess(pid); !again || *again != *id) return std::nullopt;
  return FoundProcess{
      .id = std::move(*id), .program = std::move(program), .arguments = std::move(arguments)};
}

Result<void> WaitForAll(std::vector<Process>& processes, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (Process& process : processes) {
    while (!process.Poll()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        return Fail(Errc::kDeadlineExceeded,
                    "process " + std::to_string(process.pid()) + " does not end");
      }
      pollfd ended = {.fd = process.pidfd(), .events = POLLIN, .revents = 0};
      if (::poll(&ended, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
        return FailErrno("poll", errno);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<FoundProcess>> FindInstanceProcesses(
    std::string_view instance, std::span<const std::string_view> programs) {
  const std::string argument = "--instance=" + std::string(instance);
  std::vector<FoundProcess> found;
  std::error_code failed;
  for (fs::directory_iterator entry("/proc", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const auto pid = PidOf(entry->path());
    if (!pid || *pid == ::getpid()) continue;
    if (auto process = Examine(*pid, argument, programs)) found.push_back(std::move(*process));
  }
  if (failed) return FailErrno("list /proc", failed.value());
  return found;
}

Result<void> EndProcesses(std::span<const FoundProcess> processes,
                          std::chrono::milliseconds timeout) {
  std::vector<Process> ending;
  for (const FoundProcess& found : processes) {
    auto process = Process::Adopt(found.id);
    if (!process) {
      if (process.error().code == Errc::kNotFound) continue;  // it has ended by itself
      return std::unexpected(std::move(process).error());
    }
    if (auto done = process->Kill(SIGKILL); !done) return done;
    ending.push_back(std::move(*process));
  }
  return WaitForAll(ending, timeout);
}

}  // namespace strata::host
