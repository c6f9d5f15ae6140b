#include "host/process/orphans.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>
#include <string>

#include <time.h>

#include "base/files/files.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

constexpr Bytes kMaxProcFile = 64_KiB;

struct Register {
  std::mutex mutex;
  std::multiset<pid_t> children;
  std::multiset<std::uint64_t> expected;
};
Register& TheRegister() {
  static Register instance;
  return instance;
}

// In the unit of /proc/<pid>/stat's start time.
std::uint64_t TicksSinceBoot() {
  timespec now = {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(now.tv_sec) * per_second +
         static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000;
}

std::set<pid_t> Children() {
  std::set<pid_t> all;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    const auto text = ReadFile(task.path() / "children", kMaxProcFile);
    std::istringstream pids(text ? *text : "");
    all.insert(std::istream_iterator<pid_t>(pids), {});
  }
  return all;
}

}  // namespace

ExpectedOrphan::ExpectedOrphan() : since_(TicksSinceBoot()) {
  const std::lock_guard lock(TheRegister().mutex);
  TheRegister().expected.insert(since_);
}

ExpectedOrphan::~ExpectedOrphan() {
  const std::lock_guard lock(TheRegister().mutex);
  TheRegister().expected.extract(since_);
}

void NoteChild(pid_t pid) {
  const std::lock_guard lock(TheRegister().mutex);
  TheRegister().children.insert(pid);
}

void ForgetChild(pid_t pid) {
  const std::lock_guard lock(TheRegister().mutex);
  TheRegister().children.extract(pid);
}

bool IsNoted(pid_t pid) {
  const std::lock_guard lock(TheRegister().mutex);
  return TheRegister().children.contains(pid);
}

void ReapOrphan(const ProcessId& id, std::chrono::milliseconds patience) {
  if (IsNoted(id.pid)) return;
  auto process = Process::Adopt(id);
  if (!process) return;
  pollfd ended = {.fd = process->pidfd(), .events = POLLIN, .revents = 0};
  ::poll(&ended, 1, static_cast<int>(patience.count()));
  static_cast<void>(process->Poll());
}

int ReapOrphans() {
  int reaped = 0;
  Register& known = TheRegister();
  for (const pid_t pid : Children()) {
    const std::lock_guard lock(known.mutex);
    if (known.children.contains(pid)) continue;
    if (!known.expected.empty()) {
      const auto id = IdentifyProcess(pid);
      if (!id || id->start_time >= *known.expected.begin()) continue;
    }
    if (::waitpid(pid, nullptr, WNOHANG) == pid) ++reaped;
  }
  return reaped;
}

}  // namespace strata::host
