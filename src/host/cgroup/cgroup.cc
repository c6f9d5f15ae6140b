#include "host/cgroup/cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <utility>

#include "base/ids.h"
#include "host/cgroup/cgroup_files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

// Those that this file uses; a runtime may use more.
constexpr std::array<std::string_view, 5> kV1Controllers = {"cpu", "cpuacct", "freezer", "memory",
                                                            "pids"};
constexpr std::array<std::string_view, 3> kV2Controllers = {"cpu", "memory", "pids"};

Result<void> CheckName(std::string_view name) {
  if (IsValidId(name)) return {};
  return Fail(Errc::kInvalidArgument, "'" + std::string(name) + "' cannot name a cgroup");
}

std::vector<std::string> FindV1(const fs::path& root) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto controller : kV1Controllers) {
    if (fs::exists(root / controller / "cgroup.procs", error)) found.emplace_back(controller);
  }
  return found;
}

std::vector<std::string> FindV2(const fs::path& root) {
  std::vector<std::string> found;
  const auto text = ReadControl(root / "cgroup.controllers");
  std::istringstream words(text ? *text : "");
  for (std::string word; words >> word;) {
    if (std::ranges::find(kV2Controllers, word) != kV2Controllers.end()) found.push_back(word);
  }
  std::ranges::sort(found);
  return found;
}

Result<void> MakeDirectory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0755) == 0) return {};
  return FailErrno("make cgroup " + directory.string(), errno);
}

// A parent may be there from another group.
Result<void> MakeParent(const fs::path& directory) {
  auto made = MakeDirectory(directory);
  if (!made && made.error().code == Errc::kFailedPrecondition) return {};
  return made;
}

// Children have a controller only when every group above says so.
Result<void> Delegate(const fs::path& directory, const std::vector<std::string>& controllers) {
  for (const std::string& controller : controllers) {
    auto done = WriteControl(directory / "cgroup.subtree_control", "+" + controller);
    if (!done) return done;
  }
  return {};
}

// Where a group is that somebody else named: without a parent of ours.
Result<CgroupPlace> PlaceAt(const fs::path& root, const std::vector<std::string>& controllers,
                            const std::string& path) {
  if (path.contains(':')) {
    return Fail(Errc::kUnsupported, "cgroup " + path + ": groups of systemd are not made here");
  }
  const fs::path clean = fs::path(path).lexically_normal();
  const bool named = clean.is_absolute() && clean.has_filename() && clean.native() == path;
  if (!named) return Fail(Errc::kInvalidArgument, "'" + path + "' is no path of a cgroup");
  return CgroupPlace{
      .root = root, .parent = {}, .name = path.substr(1), .controllers = controllers};
}

// Whatever is missing above the group, on v2 with the controllers passed down.
Result<void> MakeAbove(const fs::path& root, const fs::path& group,
                       const std::vector<std::string>& delegated) {
  fs::path at = root;
  for (const fs::path& part : group.parent_path()) {
    if (auto done = Delegate(at, delegated); !done) return done;
    at /= part;
    if (auto made = MakeParent(at); !made) return made;
  }
  return Delegate(at, delegated);
}

Result<void> MakeIn(const fs::path& root, const CgroupPlace& place,
                    const std::vector<std::string>& delegated) {
  const fs::path group = fs::path(place.parent) / place.name;
  auto made = MakeAbove(root, group, delegated);
  if (made) made = MakeDirectory(root / group);
  if (!made && !place.parent.empty()) ::rmdir((root / place.parent).c_str());
  return made;
}

// Takes a parent of ours along when nobody else is in it.
void Unmake(const fs::path& root, const CgroupPlace& place) {
  ::rmdir((root / place.parent / place.name).c_str());
  if (!place.parent.empty()) ::rmdir((root / place.parent).c_str());
}

Result<void> MakeAll(CgroupVersion version, const CgroupPlace& place) {
  if (version == CgroupVersion::kV2) return MakeIn(place.root, place, place.controllers);
  for (std::size_t i = 0; i < place.controllers.size(); ++i) {
    auto made = MakeIn(place.root / place.controllers[i], place, {});
    if (made) continue;
    for (std::size_t undo = 0; undo < i; ++undo) {
      Unmake(place.root / place.controllers[undo], place);
    }
    return made;
  }
  return {};
}

std::unique_ptr<Cgroup> Open(CgroupVersion version, CgroupPlace place) {
  if (version == CgroupVersion::kV1) return OpenCgroupV1(std::move(place));
  return OpenCgroupV2(std::move(place));
}

Result<std::unique_ptr<Cgroup>> MakeGroup(CgroupVersion version, CgroupPlace place) {
  if (auto made = MakeAll(version, place); !made) return std::unexpected(std::move(made).error());
  return Open(version, std::move(place));
}

// Of a process, as /proc has it: lines "number:controllers:path". Empty: none is listed.
// `controller`: of v1; empty on v2.
Result<std::string> ReadGroupOf(pid_t pid, std::string_view controller) {
  const auto text = ReadControl("/proc/" + std::to_string(pid) + "/cgroup");
  if (!text) return std::unexpected(text.error());
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string listed = "," + line.substr(first + 1, second - first - 1) + ",";
    if (listed.contains("," + std::string(controller) + ",")) return line.substr(second + 1);
  }
  return std::string();
}

// Where a parent has groups: on v1 in every hierarchy, also those that only a runtime uses.
std::vector<fs::path> ParentDirectories(const fs::path& root, CgroupVersion version,
                                        const std::string& parent) {
  std::error_code error;
  std::vector<fs::path> found;
  if (version == CgroupVersion::kV2) {
    found.push_back(root / parent);
  } else {
    for (const auto& hierarchy : fs::directory_iterator(root, error)) {
      if (!hierarchy.is_symlink()) found.push_back(hierarchy.path() / parent);
    }
  }
  std::erase_if(found, [&error](const fs::path& path) { return !fs::is_directory(path, error); });
  return found;
}

// One round: signals what is in `directory` and below it, and removes what is empty. True: it is
// gone. A frozen member dies when it is thawed.
bool SweepDirectory(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.is_directory(error)) SweepDirectory(entry.path());
  }
  if (const auto members = ReadPids(directory / "cgroup.procs")) {
    for (const pid_t pid : *members) ::kill(pid, SIGKILL);
  }
  static_cast<void>(WriteControl(directory / "freezer.state", "THAWED"));
  static_cast<void>(WriteControl(directory / "cgroup.freeze", "0"));
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

Result<Cgroups> Cgroups::Find(std::string_view parent, const fs::path& root) {
  if (auto named = CheckName(parent); !named) return std::unexpected(std::move(named).error());
  Cgroups found;
  found.root_ = root;
  found.parent_ = parent;
  std::error_code error;
  if (fs::exists(root / "cgroup.controllers", error)) {
    found.version_ = CgroupVersion::kV2;
    found.controllers_ = FindV2(root);
  } else {
    found.version_ = CgroupVersion::kV1;
    found.controllers_ = FindV1(root);
  }
  if (found.controllers_.empty()) {
    return Fail(Errc::kUnsupported, "no cgroup controllers below " + root.string());
  }
  return found;
}

Result<void> Cgroups::CanEnforce(const CgroupLimits& limits) const {
  return CheckLimits(version_, controllers_, limits);
}

Result<std::unique_ptr<Cgroup>> Cgroups::Make(std::string_view name) const {
  if (auto named = CheckName(name); !named) return std::unexpected(std::move(named).error());
  CgroupPlace place{
      .root = root_, .parent = parent_, .name = std::string(name), .controllers = controllers_};
  return MakeGroup(version_, std::move(place));
}

Result<std::unique_ptr<Cgroup>> Cgroups::MakeAt(const std::string& path) const {
  auto place = PlaceAt(root_, controllers_, path);
  if (!place) return std::unexpected(std::move(place).error());
  return MakeGroup(version_, std::move(*place));
}

Result<std::unique_ptr<Cgroup>> Cgroups::OpenAt(const std::string& path) const {
  auto place = PlaceAt(root_, controllers_, path);
  if (!place) return std::unexpected(std::move(place).error());
  const bool v1 = version_ == CgroupVersion::kV1;
  const fs::path hierarchy = v1 ? root_ / controllers_.front() : root_;
  std::error_code ignored;
  if (!fs::is_directory(hierarchy / place->name, ignored)) {
    return Fail(Errc::kNotFound, "no cgroup " + path);
  }
  return Open(version_, std::move(*place));
}

Result<std::unique_ptr<Cgroup>> Cgroups::Of(pid_t pid) const {
  const bool v1 = version_ == CgroupVersion::kV1;
  const std::string_view controller = v1 ? std::string_view(controllers_.front()) : "";
  const auto path = ReadGroupOf(pid, controller);
  if (!path) return std::unexpected(path.error());
  const auto ours = ReadGroupOf(::getpid(), controller);
  if (path->size() <= 1 || (ours && *ours == *path)) {
    return Fail(Errc::kUnsupported,
                "process " + std::to_string(pid) + " has no control group apart from ours");
  }
  CgroupPlace place{.root = root_,
                    .parent = {},
                    .name = path->substr(1),
                    .controllers = controllers_,
                    .ours = false};
  return Open(version_, std::move(place));
}

std::string JoinFileOf(const std::string& directory) {
  const std::string threads = directory + "/tasks";
  return ::access(threads.c_str(), F_OK) == 0 ? threads : directory + "/cgroup.procs";
}

Result<std::chrono::nanoseconds> Cgroups::CpuTime() const {
  const bool v1 = version_ == CgroupVersion::kV1;
  const std::string_view controller = v1 ? "cpuacct" : "cpu";
  if (auto there = NeedController(controllers_, controller, "CPU time"); !there) {
    return std::unexpected(std::move(there).error());
  }
  const auto used = v1 ? ReadNumber(root_ / controller / parent_ / "cpuacct.usage")
                       : ReadKey(root_ / parent_ / "cpu.stat", "usage_usec");
  if (!used) return std::unexpected(used.error());
  return std::chrono::nanoseconds(v1 ? *used : *used * 1000);
}

Result<void> Cgroups::Sweep(std::chrono::milliseconds patience) const {
  return SweepName(parent_, patience);
}

Result<void> Cgroups::SweepAt(const std::string& path, std::chrono::milliseconds patience) const {
  const auto place = PlaceAt(root_, controllers_, path);
  if (!place) return std::unexpected(place.error());
  return SweepName(place->name, patience);
}

Result<void> Cgroups::SweepName(const std::string& name, std::chrono::milliseconds patience) const {
  return WaitUntil(patience, "sweep cgroup /" + name, [this, &name]() -> Result<bool> {
    bool clean = true;
    for (const fs::path& directory : ParentDirectories(root_, version_, name)) {
      if (!SweepDirectory(directory)) clean = false;
    }
    return clean;
  });
}

Result<void> Cgroups::Probe() const {
  constexpr CgroupLimits kSome{.memory = 16_MiB, .cpu_millis = 500, .pids = 16};
  if (auto can = CanEnforce(kSome); !can) return can;
  auto group = Make("probe-" + std::to_string(::getpid()));
  if (!group) return std::unexpected(std::move(group).error());
  if (auto limited = (*group)->Limit(kSome); !limited) return limited;
  if (auto usage = (*group)->Usage(); !usage) return std::unexpected(std::move(usage).error());
  if (auto frozen = (*group)->Freeze(); !frozen) return frozen;
  if (auto thawed = (*group)->Thaw(); !thawed) return thawed;
  return (*group)->Remove(std::chrono::seconds(1));
}

}  // namespace strata::host
