#include "sandbox/microvm/agent/guest.h"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

#include "base/files/files.h"
#include "sandbox/microvm/agent/container.h"
#include "sandbox/microvm/agent/drive.h"
#include "sandbox/microvm/agent/network.h"

namespace strata::sandbox::microvm::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPortName = "strata.agent";
constexpr int kPatienceMs = 10'000;
constexpr int kAskAgainMs = 2;

Result<void> Mount(const char* type, const std::string& target, unsigned long flags,
                   const std::string& options = "", const char* source = nullptr) {
  ::mkdir(target.c_str(), 0755);
  if (::mount(source == nullptr ? type : source, target.c_str(), type, flags, options.c_str()) ==
      0) {
    return {};
  }
  return FailErrno("mount " + target, errno);
}

Result<void> LoadModules(const char* folder) {
  std::vector<fs::path> modules;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    modules.push_back(entry.path());
  }
  std::sort(modules.begin(), modules.end());
  for (const fs::path& path : modules) {
    auto file = OpenFile(path, O_RDONLY);
    if (!file) return std::unexpected(std::move(file).error());
    if (::syscall(SYS_finit_module, file->get(), "", 0) != 0 && errno != EEXIST) {
      return FailErrno("load " + path.string(), errno);
    }
  }
  return {};
}

Result<void> MakeDevices(const std::string& dev) {
  struct Device {
    const char* name;
    unsigned major;
    unsigned minor;
  };
  if (auto mounted = Mount("tmpfs", dev, MS_NOSUID, "mode=755,size=64k"); !mounted) return mounted;
  for (const Device& each :
       {Device{"null", 1, 3}, Device{"zero", 1, 5}, Device{"full", 1, 7}, Device{"random", 1, 8},
        Device{"urandom", 1, 9}, Device{"tty", 5, 0}}) {
    const std::string path = dev + "/" + each.name;
    if (::mknod(path.c_str(), S_IFCHR, ::makedev(each.major, each.minor)) != 0 ||
        ::chmod(path.c_str(), 0666) != 0) {
      return FailErrno("make " + path, errno);
    }
  }
  ::symlink("pts/ptmx", (dev + "/ptmx").c_str());
  ::symlink("/proc/self/fd", (dev + "/fd").c_str());
  ::symlink("/proc/self/fd/0", (dev + "/stdin").c_str());
  ::symlink("/proc/self/fd/1", (dev + "/stdout").c_str());
  ::symlink("/proc/self/fd/2", (dev + "/stderr").c_str());
  return {};
}

// The initial file system is no mount that pivot_root, by which a container gets its root, can put
// away: the same files under a mount that is.
Result<void> LeaveInitialRoot() {
  constexpr const char* kAgain = "/again";
  ::mkdir(kAgain, 0755);
  if (::mount("/", kAgain, nullptr, MS_BIND, nullptr) == 0 && ::chdir(kAgain) == 0 &&
      ::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0 && ::chroot(".") == 0) {
    return {};
  }
  return FailErrno("leave the initial root", errno);
}

// By the kernel's command line (qemu_command.cc).
bool IsTold(std::string_view word) {
  const auto line = ReadFile("/proc/cmdline", 4_KiB);
  return line && line->contains(word);
}

Result<void> MountRoot() {
  const std::string root = kRoot;
  const unsigned long careful = MS_NOSUID | MS_NODEV;
  const auto disk = AwaitDrive(kRootDrive);
  if (!disk) return std::unexpected(disk.error());
  auto done = Mount("erofs", kTrees, MS_RDONLY | careful, "", disk->node.c_str());
  if (done) done = Mount("tmpfs", "/layer", careful, "mode=0755,size=64m,nr_inodes=16k");
  if (!done) return done;
  ::mkdir("/layer/upper", 0755);
  ::mkdir("/layer/work", 0755);
  std::string lower = kTrees;
  if (IsTold(" strata.trees")) lower += std::string("/") + kRootTree;
  done = Mount("overlay", root, careful,
               "lowerdir=" + lower + ",upperdir=/layer/upper,workdir=/layer/work");
  if (HasContainers()) return done;
  if (done) done = Mount("proc", root + "/proc", careful | MS_NOEXEC);
  if (done) done = Mount("sysfs", root + "/sys", careful | MS_NOEXEC | MS_RDONLY);
  if (done) done = MakeDevices(root + "/dev");
  if (done) done = Mount("devpts", root + "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666");
  if (done) done = Mount("tmpfs", root + "/dev/shm", careful, "mode=1777,size=64m,nr_inodes=16k");
  if (done) done = Mount("tmpfs", root + "/tmp", careful, "mode=1777,size=64m,nr_inodes=16k");
  return done;
}

}  // namespace

Result<void> SetUp() {
  auto done = HasContainers() ? LeaveInitialRoot() : Result<void>{};
  if (done) done = Mount("proc", "/proc", 0);
  if (done) done = Mount("sysfs", "/sys", 0);
  if (done) done = Mount("devtmpfs", "/dev", 0);
  if (done) done = Mount("cgroup2", "/sys/fs/cgroup", 0);
  if (done) done = LoadModules("/modules");
  if (done && IsTold(" strata.network")) done = LoadModules("/network-modules");
  if (done) done = Raise("lo");
  if (done) done = MountRoot();
  return done;
}

Result<Fd> OpenPort() {
  const fs::path ports = "/sys/class/virtio-ports";
  for (int waited = 0; waited < kPatienceMs; waited += kAskAgainMs) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(ports, error)) {
      const auto name = ReadFile(entry.path() / "name", 4_KiB);
      if (!name || !name->starts_with(kPortName)) continue;
      auto port = OpenFile("/dev" / entry.path().filename(), O_RDWR);
      if (port) return port;
    }
    ::usleep(kAskAgainMs * 1000);
  }
  return Fail(Errc::kNotFound, "the port to the driver does not appear");
}

Result<void> WakeUp(const Wake& wake) {
  const timespec now{.tv_sec = wake.wall_ns / 1'000'000'000,
                     .tv_nsec = wake.wall_ns % 1'000'000'000};
  if (::clock_settime(CLOCK_REALTIME, &now) != 0) return FailErrno("set the clock", errno);
  auto random = OpenFile("/dev/urandom", O_RDWR);
  if (!random) return std::unexpected(std::move(random).error());
  std::vector<int> pool(2 + (wake.entropy.size() + sizeof(int) - 1) / sizeof(int));
  pool[0] = static_cast<int>(wake.entropy.size() * 8);
  pool[1] = static_cast<int>(wake.entropy.size());
  std::memcpy(pool.data() + 2, wake.entropy.data(), wake.entropy.size());
  if (::ioctl(random->get(), RNDADDENTROPY, pool.data()) != 0) {
    return FailErrno("add entropy", errno);
  }
  // Without this, what the restored kernel had ready would be handed out first.
  if (::ioctl(random->get(), RNDRESEEDCRNG, 0) != 0) return FailErrno("reseed", errno);
  if (::sethostname(wake.hostname.data(), wake.hostname.size()) != 0) {
    return FailErrno("set the name", errno);
  }
  return wake.address.empty() ? Result<void>{} : TakeAddress(wake);
}

}  // namespace strata::sandbox::microvm::agent
