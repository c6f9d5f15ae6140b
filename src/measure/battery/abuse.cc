// Taking more than the limits give. Bounded: each stops at a size that natively is within the outer
// limits (256 processes, 512 MiB, 20 s).
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

constexpr int kProcesses = 200;
constexpr int kThreads = 180;
constexpr std::size_t kMemory = 200 << 20;
constexpr std::size_t kDisk = 100 << 20;
constexpr int kFiles = 30'000;
constexpr int kDescriptors = 2'000;
constexpr std::size_t kOutput = 12 << 20;
constexpr int kCpuSeconds = 4;

Outcome Forks(const Plants&) {
  std::vector<pid_t> children;
  int error = 0;
  for (int i = 0; i < kProcesses && error == 0; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    if (child < 0) {
      error = errno;
    } else {
      children.push_back(child);
    }
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  const std::string count = std::to_string(children.size()) + " processes";
  return error == 0 ? Allowed(count) : Blocked(count + ": " + strerrorname_np(error));
}

void* Sleep(void*) {
  ::pause();
  return nullptr;
}
Outcome Threads(const Plants&) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 64 * 1024);
  int made = 0;
  int error = 0;
  for (; made < kThreads && error == 0; ++made) {
    pthread_t thread{};
    error = ::pthread_create(&thread, &attributes, Sleep, nullptr);
  }
  const std::string count = std::to_string(made) + " threads";
  return error == 0 ? Allowed(count) : Blocked(count + ": " + strerrorname_np(error));
}

Outcome Memory(const Plants&) {
  constexpr std::size_t kStep = 1 << 20;
  for (std::size_t taken = 0; taken < kMemory; taken += kStep) {
    void* part = ::mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (part == MAP_FAILED) return ByErrno("mmap", errno);
    std::memset(part, 1, kStep);
  }
  return Allowed("200 MiB");
}

Outcome FillDisk(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return ByErrno("open", errno);
  const std::vector<char> part(1 << 20, 'x');
  int error = 0;
  for (std::size_t wrote = 0; wrote < kDisk && error == 0;) {
    const ssize_t got = ::write(fd, part.data(), part.size());
    if (got < 0) error = errno;
    if (got > 0) wrote += static_cast<std::size_t>(got);
  }
  ::close(fd);
  ::unlink(path);
  return error == 0 ? Allowed("100 MiB") : ByErrno("write", error);
}
Outcome Disk(const Plants&) { return FillDisk("/tmp/strata-fill"); }
Outcome RootDisk(const Plants&) {
  const int fd = ::open("/strata-fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EROFS) return FillDisk("/tmp/strata-fill");  // natively: / is read-only
  ::close(fd);
  return FillDisk("/strata-fill");
}

Outcome Files(const Plants&) {
  int made = 0;
  int error = 0;
  for (; made < kFiles && error == 0; ++made) {
    const std::string path = "/tmp/strata-inode-" + std::to_string(made);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      error = errno;
    } else {
      ::close(fd);
    }
  }
  for (int i = 0; i < made; ++i) ::unlink(("/tmp/strata-inode-" + std::to_string(i)).c_str());
  const std::string count = std::to_string(made) + " files";
  return error == 0 ? Allowed(count) : Blocked(count + ": " + strerrorname_np(error));
}

Outcome Descriptors(const Plants&) {
  // As many as it may.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  for (int opened = 0; opened < kDescriptors; ++opened) {
    if (::open("/", O_RDONLY | O_CLOEXEC) < 0) return ByErrno("open", errno);
  }
  return Allowed("2000 descriptors");
}

Outcome Output(const Plants&) {
  const std::vector<char> part(64 * 1024, 'x');
  for (std::size_t wrote = 0; wrote < kOutput;) {
    const ssize_t got = ::write(STDOUT_FILENO, part.data(), part.size());
    if (got < 0) return ByErrno("write", errno);
    wrote += static_cast<std::size_t>(got);
  }
  // The last line is the verdict.
  [[maybe_unused]] const ssize_t line = ::write(STDOUT_FILENO, "\n", 1);
  return Allowed("12 MiB of output");
}

Outcome Log(const Plants&) {
  const std::string line(1023, 'x');
  for (std::size_t wrote = 0; wrote < kOutput; wrote += line.size() + 1) {
    if (::write(STDERR_FILENO, (line + "\n").data(), line.size() + 1) < 0) {
      return ByErrno("write", errno);
    }
  }
  return Allowed("12 MiB of log lines");
}

Outcome Compute(const Plants&) {
  const std::clock_t end = std::clock() + kCpuSeconds * CLOCKS_PER_SEC;
  while (std::clock() < end) {
  }
  return Allowed("4 s of a processor");
}

Outcome CallFlood(const Plants&) {
  const std::clock_t end = std::clock() + kCpuSeconds * CLOCKS_PER_SEC;
  while (std::clock() < end) {
    for (int i = 0; i < 1'000; ++i) ::syscall(SYS_getppid);
  }
  return Allowed("calls for 4 s");
}

Outcome Wait(const Plants&) {
  for (int i = 0; i < 8; ++i) ::sleep(1);
  return Allowed("8 s of time");
}

constexpr Scenario kAll[] = {
    {"fork-bomb", "make 200 processes", Kind::kAbuse, Forks},
    // Of the kernel that they are made in: gVisor's threads and files in /tmp are none of the
    // host's.
    {"thread-bomb", "make 180 threads", Kind::kObjects, Threads},
    {"memory-bomb", "take 200 MiB", Kind::kAbuse, Memory},
    {"disk-bomb", "write 100 MiB to /tmp", Kind::kAbuse, Disk},
    {"root-disk-bomb", "write 100 MiB to the root", Kind::kAbuse, RootDisk},
    {"inode-bomb", "make 30000 files", Kind::kObjects, Files},
    {"descriptor-bomb", "open 2000 descriptors", Kind::kAbuse, Descriptors},
    {"output-bomb", "answer with 12 MiB", Kind::kAbuse, Output},
    {"log-bomb", "log 12 MiB", Kind::kLog, Log},
    {"processor-bomb", "compute for 4 s", Kind::kAbuse, Compute},
    {"call-flood", "call the kernel, or the host, for 4 s", Kind::kAbuse, CallFlood},
    {"time-bomb", "stay for 8 s", Kind::kAbuse, Wait},
};

}  // namespace

std::span<const Scenario> AbuseScenarios() { return kAll; }

}  // namespace strata::measure::battery
