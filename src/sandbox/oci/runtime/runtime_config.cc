#include "sandbox/oci/runtime/runtime_config.h"

#include <utility>

#include "sandbox/agent_gate.h"
#include "sandbox/oci/runtime/seccomp_profile.h"

namespace strata::sandbox::oci {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kOpenFiles = 1024;

Json Mount(const char* destination, const char* type, const char* source, Json options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

Json Mounts(const RuntimeConfigInput& input) {
  const std::string size = "size=" + std::to_string(input.writable.count);
  const std::string files = "nr_inodes=" + std::to_string(input.files);
  Json mounts = {
      Mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      Mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      Mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}),
      Mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", size, files}),
      Mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      Mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777", size, files})};
  if (!input.agent.empty()) {
    mounts.push_back(Mount("/.strata-agent", "bind", input.agent.c_str(),
                           {"bind", "ro", "nosuid", "nodev", "rprivate"}));
  }
  if (!input.resolv_conf.empty()) {
    mounts.push_back(Mount("/etc/resolv.conf", "bind", input.resolv_conf.c_str(),
                           {"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"}));
  }
  for (const model::DirGrant& dir : input.grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kScratch) {
      const Bytes most = dir.size.count > 0 ? dir.size : input.writable;
      mounts.push_back(
          Mount(dir.guest.c_str(), "tmpfs", "scratch",
                {"nosuid", "nodev", "mode=1777", "size=" + std::to_string(most.count), files}));
      continue;
    }
    const bool writable = dir.mode == model::DirGrant::Mode::kReadWrite;
    mounts.push_back(Mount(dir.guest.c_str(), "bind", dir.host.c_str(),
                           {"bind", writable ? "rw" : "ro", "nosuid", "nodev", "rprivate"}));
  }
  return mounts;
}

// The group exists with these limits before the runtime joins it; it gets them too, because a
// runtime may set what it was not told back to its defaults.
Json Resources(const host::CgroupLimits& limits) {
  const Json no_device = {{"allow", false}, {"access", "rwm"}};
  Json resources = Json::object();
  resources["devices"] = Json::array({no_device});
  if (limits.memory.count > 0) {
    resources["memory"] = {{"limit", limits.memory.count}, {"swap", limits.memory.count}};
  }
  if (limits.cpu_millis > 0) {
    resources["cpu"] = {{"quota", limits.cpu_millis * 100}, {"period", 100'000}};
  }
  if (limits.pids > 0) resources["pids"] = {{"limit", limits.pids}};
  return resources;
}

}  // namespace

Json MakeExecProcess(const artifact::RootImage& image, const model::Env& env,
                     const std::vector<std::string>& args, Terminal terminal) {
  model::Env all = env;
  all.insert(image.env.begin(), image.env.end());
  all.try_emplace("PATH", kDefaultPath);
  Json variables = Json::array();
  for (const auto& [name, value] : all) variables.push_back(std::string(name) + "=" + value);
  const auto limit = [](const char* type, int value) {
    return Json{{"type", type}, {"hard", value}, {"soft", value}};
  };
  return {{"terminal", terminal == Terminal::kYes},
          {"user", {{"uid", image.uid}, {"gid", image.gid}}},
          {"args", args},
          {"env", std::move(variables)},
          {"cwd", image.cwd},
          {"capabilities",
           {{"bounding", Json::array()},
            {"effective", Json::array()},
            {"inheritable", Json::array()},
            {"permitted", Json::array()},
            {"ambient", Json::array()}}},
          {"rlimits", {limit("RLIMIT_NOFILE", kOpenFiles), limit("RLIMIT_CORE", 0)}},
          {"noNewPrivileges", true}};
}

Json MakeRuntimeConfig(const RuntimeConfigInput& input) {
  Json namespaces = Json::array();
  for (const char* type : {"pid", "ipc", "uts", "mount", "network"}) {
    namespaces.push_back({{"type", type}});
  }
  if (!input.network.empty()) namespaces.back()["path"] = input.network;
  Json mapping = Json::array();
  if (input.users != nullptr) {
    namespaces.push_back({{"type", "user"}, {"path", input.users->path()}});
    mapping.push_back({{"containerID", 0},
                       {"hostID", input.users->first()},
                       {"size", host::UserNamespace::kCount}});
  }
  const auto args = input.gated ? BehindGate(input.image.args) : input.image.args;
  return {{"ociVersion", "1.0.2"},
          {"hostname", input.hostname},
          {"root", {{"path", input.root}, {"readonly", false}}},
          {"process", MakeExecProcess(input.image, input.env, args, Terminal::kNo)},
          {"mounts", Mounts(input)},
          {"linux",
           {{"cgroupsPath", input.cgroup_path},
            {"namespaces", std::move(namespaces)},
            {"uidMappings", mapping},
            {"gidMappings", mapping},
            {"resources", Resources(input.limits)},
            {"seccomp", SeccompProfile()},
            {"maskedPaths",
             {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
              "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
              "/proc/scsi", "/sys/devices/virtual/powercap", "/sys/firmware"}},
            {"readonlyPaths",
             {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}}}};
}

}  // namespace strata::sandbox::oci
