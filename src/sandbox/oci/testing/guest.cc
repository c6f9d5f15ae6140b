// One static program for every behaviour that tests ask of a container's guest: its first argument
// says which. No library that a root file system would have to hold.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void Print(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
}

int Echo() {
  static char part[32768];
  for (ssize_t got = 0; (got = ::read(STDIN_FILENO, part, sizeof(part))) > 0;) {
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(STDOUT_FILENO, part + done, got - done);
      if (wrote < 0) return 1;
      done += wrote;
    }
  }
  return 0;
}

int Large() {
  const std::string part(65536, 'x');
  for (int i = 0; i < 16; ++i) Print(part);
  return 0;
}

// The calls so far are the length of a file in the writable layer.
int Count() {
  const int fd = ::open("/calls", O_RDWR | O_CREAT | O_APPEND, 0600);
  if (fd < 0 || ::write(fd, "x", 1) != 1) return 1;
  Print(std::to_string(::lseek(fd, 0, SEEK_END)));
  return 0;
}

int Memory() {
  for (std::vector<char*> taken;;) {
    taken.push_back(static_cast<char*>(std::malloc(1 << 20)));
    if (taken.back() == nullptr) std::abort();
    std::memset(taken.back(), 1, 1 << 20);
  }
}

// What confines this process, one fact a line.
int Confinement() {
  std::string facts;
  const auto add = [&](const char* name, long value) {
    facts += std::string(name) + "=" + std::to_string(value) + "\n";
  };
  char text[4096] = {};
  const int status = ::open("/proc/self/status", O_RDONLY);
  [[maybe_unused]] const ssize_t got = ::read(status, text, sizeof(text) - 1);
  ::close(status);
  for (const char* name : {"CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}) {
    const char* at = std::strstr(text, (std::string(name) + ":").c_str());
    add(name, at == nullptr ? -1 : std::strtol(at + std::strlen(name) + 1, nullptr, 16));
  }
  add("pid", ::getpid());
  add("mount", ::mount("none", "/tmp", "tmpfs", 0, "") == 0 ? 0 : errno);
  add("unshare", ::syscall(SYS_unshare, 0x10000000) == 0 ? 0 : errno);
  add("unknown", ::syscall(SYS_kexec_load) == 0 ? 0 : errno);
  const int masked = ::open("/proc/timer_list", O_RDONLY);
  add("masked", masked >= 0 ? ::read(masked, text, 1) : -errno);
  ::close(masked);
  add("sysctl", ::open("/proc/sys/kernel/domainname", O_WRONLY) >= 0 ? 0 : errno);
  int open_files = 0;
  for (int fd = 0; fd < 1024; ++fd) open_files += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  add("open", open_files);
  rlimit core = {};
  ::getrlimit(RLIMIT_CORE, &core);
  add("core", static_cast<long>(core.rlim_cur));
  Print(facts);
  return 0;
}

int Environment() {
  std::string all;
  for (char** entry = environ; *entry != nullptr; ++entry) all += std::string(*entry) + '\0';
  Print(all);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "hello") return Print("hello"), 0;
  if (what == "count") return Count();
  if (what == "echo") return Echo();
  if (what == "large") return Large();
  if (what == "memory") return Memory();
  if (what == "confinement") return Confinement();
  if (what == "exit-3") return 3;
  if (what == "environment") return Environment();
  if (what == "exit") return std::atoi(argv[2]);
  if (what == "getenv") return Print(std::getenv(argv[2]) ? std::getenv(argv[2]) : "(unset)"), 0;
  if (what == "read") return ::open(argv[2], O_RDONLY) >= 0 ? 0 : errno;
  if (what == "write") return ::open(argv[2], O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
  if (what == "fork") {
    while (::fork() >= 0) {
    }
    return Print("refused"), 0;
  }
  if (what == "log") {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, "a line\n", 7);
    return Print("hello"), 0;
  }
  if (what == "trap") std::abort();
  if (what == "spin") {
    for (volatile int turns = 0;; turns = turns + 1) {
    }
  }
  return 99;
}
