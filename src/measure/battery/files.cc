// Files and sockets of others.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

// Whether the file at `path` is the planted one.
Outcome ReadsToken(const std::string& path, const Plants& plants) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ByErrno("open", errno);
  std::array<char, 256> content{};
  const ssize_t got = ::read(fd, content.data(), content.size());
  ::close(fd);
  const std::string text(content.data(), got > 0 ? got : 0);
  if (!plants.token.empty() && text.contains(plants.token)) return Allowed("read the planted file");
  return Blocked("another file");
}

Outcome OpensOnly(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC);
  if (fd < 0) return ByErrno("open", errno);
  ::close(fd);
  return Allowed(std::string("opened ") + path);
}

Outcome ReadFile(const Plants& plants) { return ReadsToken(plants.file, plants); }
Outcome DotDot(const Plants& plants) {
  return ReadsToken("../../../../../../../../../.." + plants.file, plants);
}
Outcome ProcRoot(const Plants& plants) { return ReadsToken("/proc/1/root" + plants.file, plants); }
Outcome ProcessRoot(const Plants& plants) {
  return ReadsToken("/proc/" + std::to_string(plants.pid) + "/root" + plants.file, plants);
}
Outcome ProcCwd(const Plants& plants) {
  return ReadsToken("/proc/self/cwd/../../../../../.." + plants.file, plants);
}
Outcome SymlinkOut(const Plants& plants) {
  ::unlink("/tmp/strata-link");
  if (::symlink(plants.file.c_str(), "/tmp/strata-link") != 0) return ByErrno("symlink", errno);
  const Outcome outcome = ReadsToken("/tmp/strata-link", plants);
  ::unlink("/tmp/strata-link");
  return outcome;
}
// Swaps a plain file for a link between the look and the use.
Outcome SymlinkRace(const Plants& plants) {
  const std::string path = "/tmp/strata-race";
  for (int turn = 0; turn < 200; ++turn) {
    ::unlink(path.c_str());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return ByErrno("open", errno);
    ::close(fd);
    struct stat seen{};
    if (::lstat(path.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode)) continue;
    ::unlink(path.c_str());
    if (::symlink(plants.file.c_str(), path.c_str()) != 0) return ByErrno("symlink", errno);
    if (ReadsToken(path, plants).result == Result::kAllowed) {
      ::unlink(path.c_str());
      return Allowed("read the planted file through the swapped name");
    }
  }
  ::unlink(path.c_str());
  return Blocked("200 turns");
}
Outcome WritesInto(const std::string& directory) {
  const std::string path = directory + "/written-by-a-guest";
  struct stat there{};
  if (::stat(directory.c_str(), &there) != 0) return ByErrno("stat", errno);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ByErrno("open", errno);
  ::close(fd);
  ::unlink(path.c_str());
  return Allowed("wrote into the planted directory");
}
Outcome WriteFile(const Plants& plants) { return WritesInto(plants.directory); }
Outcome GrantedDotDot(const Plants& plants) {
  return ReadsToken(plants.granted + "/../secret", plants);
}
Outcome GrantedLink(const Plants& plants) { return ReadsToken(plants.granted + "/out", plants); }
Outcome GrantedWrite(const Plants& plants) { return WritesInto(plants.granted); }
Outcome TenantFile(const Plants& plants) { return ReadsToken(plants.tenant_file, plants); }
Outcome OverwriteFile(const Plants& plants) {
  const int fd = ::open(plants.file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ByErrno("open", errno);
  ::close(fd);
  return Allowed("opened the planted file for writing");
}
Outcome Shadow(const Plants&) { return OpensOnly("/etc/shadow", O_RDONLY); }
Outcome Environment(const Plants& plants) {
  const std::string path = "/proc/" + std::to_string(plants.pid) + "/environ";
  return ReadsToken(path, plants);
}

// runc, CVE-2024-21626: a directory of the host left open.
Outcome LeakedDescriptor(const Plants& plants) {
  for (int fd = 3; fd < 256; ++fd) {
    const int file = ::openat(fd, plants.file.c_str() + 1, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::close(file);
    return Allowed("the planted file through descriptor " + std::to_string(fd));
  }
  return Blocked("no directory of the host is open");
}
Outcome LeakedWorkingDirectory(const Plants& plants) {
  for (int fd = 3; fd < 64; ++fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd) + plants.file;
    const Outcome outcome = ReadsToken(path, plants);
    if (outcome.result == Result::kAllowed) return outcome;
  }
  return Blocked("no /proc/self/fd leads out");
}

Outcome Connects(int family, const sockaddr* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ByErrno("socket", errno);
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const bool connected = ::connect(fd, address, size) == 0;
  const int error = errno;
  ::close(fd);
  return connected ? Allowed("connected") : ByErrno("connect", error);
}
Outcome ConnectsUnix(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), std::min(name.size(), sizeof(address.sun_path)));
  return Connects(AF_UNIX, reinterpret_cast<const sockaddr*>(&address),
                  static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
}
Outcome ConnectsTcp(const char* host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return Connects(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}
Outcome Abstract(const Plants& plants) {
  return ConnectsUnix(std::string(1, '\0') + plants.abstract);
}
Outcome UnixSocket(const Plants& plants) { return ConnectsUnix(plants.path); }
Outcome Loopback(const Plants& plants) { return ConnectsTcp("127.0.0.1", plants.port); }
Outcome Metadata(const Plants& plants) {
  if (plants.metadata_port == 0) return {Result::kNotApplicable, "nothing planted"};
  return ConnectsTcp("169.254.169.254", plants.metadata_port);
}
Outcome TenantNetwork(const Plants& plants) {
  if (plants.tenant_port == 0) return {Result::kNotApplicable, "nothing planted"};
  return ConnectsTcp(plants.tenant_address.c_str(), plants.tenant_port);
}
Outcome SharedMemory(const Plants& plants) {
  const int id = ::shmget(plants.shm_key, 0, 0);
  return id >= 0 ? Allowed("found the planted segment") : ByErrno("shmget", errno);
}

constexpr Scenario kAll[] = {
    {"host-file-read", "read a file of the host", Kind::kPlanted, ReadFile},
    {"host-file-dotdot", "leave the root by ..", Kind::kPlanted, DotDot},
    {"host-file-proc-root", "a file of the host by /proc/1/root", Kind::kPlanted, ProcRoot},
    {"host-file-process-root", "a file of the host by another process' root", Kind::kPlanted,
     ProcessRoot},
    {"host-file-proc-cwd", "a file of the host by /proc/self/cwd", Kind::kPlanted, ProcCwd},
    {"host-file-symlink", "a file of the host through a link", Kind::kPlanted, SymlinkOut},
    {"host-file-race", "a link swapped in between look and use", Kind::kPlanted, SymlinkRace},
    {"host-file-write", "write into a directory of the host", Kind::kPlanted, WriteFile},
    {"host-file-overwrite", "open a file of the host for writing", Kind::kPlanted, OverwriteFile},
    {"host-shadow", "open /etc/shadow of the host", Kind::kPlanted, Shadow},
    {"host-process-environ", "read another process' environment", Kind::kPlanted, Environment},
    {"leaked-descriptor", "a directory of the host left open", Kind::kPlanted, LeakedDescriptor,
     "CVE-2024-21626"},
    {"leaked-working-directory", "the host through /proc/self/fd", Kind::kPlanted,
     LeakedWorkingDirectory, "CVE-2024-21626"},
    {"abstract-socket", "connect to an abstract socket of the host", Kind::kPlanted, Abstract,
     "CVE-2020-15257"},
    {"unix-socket", "connect to a Unix socket of the host", Kind::kPlanted, UnixSocket},
    {"host-loopback", "connect to a service on the host's loopback", Kind::kPlanted, Loopback},
    {"metadata-address", "connect to the metadata address", Kind::kPlanted, Metadata},
    {"tenant-network", "connect to another tenant's sandbox", Kind::kPlanted, TenantNetwork},
    {"tenant-file", "read a file of another tenant", Kind::kPlanted, TenantFile},
    {"granted-dotdot", "leave a granted directory by ..", Kind::kPlanted, GrantedDotDot},
    {"granted-link", "leave a granted directory by a link in it", Kind::kPlanted, GrantedLink},
    {"granted-write", "write into a directory granted for reading", Kind::kPlanted, GrantedWrite},
    {"sysv-shared-memory", "find another's shared memory", Kind::kPlanted, SharedMemory},
};

}  // namespace

std::span<const Scenario> FileScenarios() { return kAll; }

}  // namespace strata::measure::battery
