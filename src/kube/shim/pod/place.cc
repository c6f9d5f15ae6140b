#include "kube/shim/pod/place.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/files/files.h"
#include "kube/shim/pod/network.h"
#include "kube/shim/pod/own_thread.h"
#include "kube/shim/task/root_mounts.h"

namespace strata::kube::shim {
namespace {

constexpr Bytes kSmallFile = 1_MiB;
constexpr mode_t kReadable = 0644;
constexpr const char* kShmOptions = "mode=1777,size=64m";  // as containerd's own pods have it
// Containers may write to its files, and the bundle's file system is the node's /run.
constexpr const char* kEtcOptions = "mode=0755,size=1m,nr_inodes=64";

Result<void> CopyFile(const char* from, const std::string& to) {
  auto text = ReadFile(from, kSmallFile);
  // A host without the file: an empty one.
  if (!text && text.error().code != Errc::kNotFound)
    return std::unexpected(std::move(text).error());
  return WriteFileAtomic(to, text ? *text : std::string(), kReadable);
}

Result<std::string> HostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return FailErrno("host name", errno);
  return std::string(name);
}

Result<void> WriteFiles(const PodSettings& settings, const PodPlace& place) {
  auto name = settings.hostname.empty() ? HostName() : Result<std::string>(settings.hostname);
  if (!name) return std::unexpected(std::move(name).error());
  auto done = WriteFileAtomic(place.hostname(), *name + "\n", kReadable);
  if (done) done = CopyFile("/etc/hosts", place.hosts());
  if (!done) return done;
  if (!settings.resolv_conf) return CopyFile("/etc/resolv.conf", place.resolv_conf());
  return WriteFileAtomic(place.resolv_conf(), *settings.resolv_conf, kReadable);
}

Result<void> MountMemory(const char* name, const std::string& place, const char* options) {
  if (::mkdir(place.c_str(), 0700) != 0 && errno != EEXIST)
    return FailErrno("make " + place, errno);
  if (::mount(name, place.c_str(), "tmpfs", MS_NOEXEC | MS_NOSUID | MS_NODEV, options) != 0) {
    return FailErrno("mount " + place, errno);
  }
  return {};
}

// Has the mount at `place` hold the calling thread's namespace.
Result<void> Hold(const char* name, const std::string& place) {
  const auto made = OpenFile(place, O_RDONLY | O_CREAT, 0400);
  if (!made) return std::unexpected(made.error());
  const std::string ours = std::string("/proc/thread-self/ns/") + name;
  if (::mount(ours.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return FailErrno("hold the pod's namespace at " + place, errno);
  }
  return {};
}

// Of the namespaces that the calling thread is in.
Result<void> SetSysctls(const PodSettings& settings) {
  for (const auto& [name, value] : settings.sysctls) {
    std::string path = name;
    if (path.find('/') == std::string::npos) std::ranges::replace(path, '.', '/');
    auto file = OpenFile("/proc/sys/" + path, O_WRONLY);
    if (!file) return Wrap(std::move(file).error(), "sysctl " + name);
    if (auto written = WriteAll(file->get(), value); !written) {
      return Wrap(std::move(written).error(), "sysctl " + name);
    }
  }
  return {};
}

// On a thread that ends afterwards.
Result<void> MakeNamespaces(const PodSettings& settings, const PodPlace& place) {
  const int kinds =
      (settings.host_ipc ? 0 : CLONE_NEWIPC) | (settings.host_network ? 0 : CLONE_NEWUTS);
  if (::unshare(kinds) != 0) return FailErrno("make the pod's namespaces", errno);
  Result<void> done;
  if (!settings.host_ipc) done = Hold("ipc", place.ipc());
  if (done && !settings.host_network) {
    if (!settings.hostname.empty() &&
        ::sethostname(settings.hostname.data(), settings.hostname.size()) != 0) {
      return FailErrno("host name " + settings.hostname, errno);
    }
    done = Hold("uts", place.uts());
    if (done) done = EnterNetwork(place.network);
  }
  return done ? SetSysctls(settings) : done;
}

}  // namespace

Result<void> MakePod(const PodSettings& settings, const PodPlace& place) {
  auto done = MountMemory("etc", place.etc(), kEtcOptions);
  if (done) done = WriteFiles(settings, place);
  if (done && !settings.host_ipc) done = MountMemory("shm", place.shm(), kShmOptions);
  if (done) done = OnOwnThread([&] { return MakeNamespaces(settings, place); });
  if (!done) RemovePod(place);
  return done;
}

void RemovePod(const PodPlace& place) noexcept {
  for (const std::string& mounted :
       {place.ipc(), place.uts(), place.processes(), place.shm(), place.etc()}) {
    UnmountRoot(mounted);
  }
}

}  // namespace strata::kube::shim
