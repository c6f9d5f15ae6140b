#include "manager/artifacts/volumes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <system_error>
#include <utility>

#include "base/files/files.h"
#include "base/text/byte_view.h"
#include "base/timestamp.h"
#include "host/files/loop_device.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMkfs = "/usr/sbin/mkfs.ext4";
constexpr const char* kDebugfs = "/usr/sbin/debugfs";
// Any user of any image may use its volume, as /tmp; an empty one is empty.
constexpr std::string_view kFirstCommands =
    "set_inode_field <2> mode 041777\n"
    "rmdir lost+found\n";
constexpr std::string_view kSuffix = ".img";
constexpr std::string_view kHalfMade = ".new";

// The volumes that `workload` names, whoever mounts them.
std::vector<model::NamedVolume> NamedIn(const model::Workload& workload) {
  std::vector<model::NamedVolume> named;
  for (const model::Volume& volume : workload.volumes) {
    if (volume.named) named.push_back(*volume.named);
  }
  return named;
}

// A volume that several name is kept when one of them says so.
struct Use {
  std::vector<std::string> users;
  bool retain = false;
};
Use UseOf(const std::vector<model::Revision>& revisions, const store::VolumeRecord& record) {
  Use use;
  for (const model::Revision& revision : revisions) {
    if (revision.tenant != record.tenant) continue;
    for (const model::NamedVolume& volume : NamedIn(revision.workload)) {
      if (volume.volume != record.name) continue;
      use.users.push_back(std::string(model::KindName(revision.kind)) + " " + revision.tenant +
                          "/" + revision.name);
      use.retain = use.retain || volume.retain;
    }
  }
  return use;
}

Json ToJson(const store::VolumeRecord& record, const Use& use) {
  return {{"namespace", record.tenant},
          {"name", record.name},
          {"size_mib", record.size.count >> 20},
          {"retain", use.users.empty() ? record.retain : use.retain},
          {"created", Rfc3339(record.created)},
          {"users", use.users}};
}

// A program of e2fsprogs on a file of ours that no guest has seen.
Task<void> RunTool(const char* program, std::vector<std::string> arguments,
                   std::string_view input) {
  auto in = host::MakeSealedMemfd("input", AsBytes(input));
  if (!in) co_return std::unexpected(std::move(in).error());
  auto words = host::MakeMemfd("words");
  if (!words) co_return std::unexpected(std::move(words).error());
  host::SpawnOptions spawn;
  spawn.program = program;
  spawn.arguments = std::move(arguments);
  spawn.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spawn.stdin_fd = in->get();
  spawn.stdout_fd = words->get();
  spawn.stderr_fd = words->get();
  spawn.parent_death_signal = SIGKILL;
  auto process = host::Process::Spawn(spawn);
  if (!process) co_return std::unexpected(std::move(process).error());
  const auto status = co_await process->Wait();
  if (!status) co_return std::unexpected(status.error());
  if (status->success()) co_return Result<void>{};
  std::string said(4096, '\0');
  const ssize_t got = ::pread(words->get(), said.data(), said.size(), 0);
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  co_return Fail(Errc::kInternal, std::string(program) + ": " + status->ToString() + ": " + said);
}

std::string NameOf(std::string_view tenant, std::string_view volume) {
  return "volume " + std::string(tenant) + "/" + std::string(volume);
}

std::unexpected<Error> NoRoom(Bytes size) {
  return Fail(Errc::kResourceExhausted,
              "the disk has no " + std::to_string(size.count >> 20) + " MiB for new volumes");
}

// All of it now: a disk that is full later would make a guest's writes fail within its limit.
Result<void> Allocate(const fs::path& file, Bytes size) {
  auto fd = OpenFile(file, O_RDWR | O_CREAT | O_EXCL);
  if (!fd) return std::unexpected(std::move(fd).error());
  if (::fallocate(fd->get(), 0, 0, static_cast<off_t>(size.count)) == 0) return {};
  if (errno == ENOSPC) return NoRoom(size);
  return FailErrno("make " + file.string(), errno);
}

Result<void> SyncFile(const fs::path& file) {
  auto fd = OpenFile(file, O_RDWR);
  if (!fd) return std::unexpected(std::move(fd).error());
  if (::fsync(fd->get()) != 0) return FailErrno("sync " + file.string(), errno);
  return {};
}

}  // namespace

fs::path Volumes::Folder() const { return context_.dir.home() / "volumes"; }

// No tenant is called so.
fs::path Volumes::StandIn() const { return Folder() / "none.img"; }

fs::path Volumes::ImageOf(std::string_view tenant, std::string_view name) const {
  return Folder() / tenant / (std::string(name) + std::string(kSuffix));
}

Result<void> Volumes::Recover() {
  if (auto made = MakeDirectories(Folder()); !made) return made;
  const auto stand_in = OpenFile(StandIn(), O_RDONLY | O_CREAT | O_TRUNC);
  if (!stand_in) return std::unexpected(stand_in.error());
  auto records = store_.Volumes();
  if (!records) return std::unexpected(std::move(records).error());
  std::set<fs::path> images{StandIn()};
  for (const store::VolumeRecord& record : *records) {
    images.insert(ImageOf(record.tenant, record.name));
  }
  std::error_code error;
  std::vector<fs::path> strays;
  for (const auto& entry : fs::recursive_directory_iterator(Folder(), error)) {
    if (entry.is_directory(error) || images.contains(entry.path())) continue;
    strays.push_back(entry.path());
  }
  for (const fs::path& stray : strays) fs::remove(stray, error);
  return {};
}

Result<std::optional<store::VolumeRecord>> Volumes::Find(std::string_view tenant,
                                                         std::string_view name) {
  auto records = store_.Volumes();
  if (!records) return std::unexpected(std::move(records).error());
  for (store::VolumeRecord& record : *records) {
    if (record.tenant == tenant && record.name == name) return std::optional(std::move(record));
  }
  return std::nullopt;
}

Result<void> Volumes::Plan(const std::string& tenant, const model::Workload& workload,
                           std::vector<store::VolumeRecord>& missing) {
  for (const model::NamedVolume& wanted : NamedIn(workload)) {
    const std::string what = NameOf(tenant, wanted.volume);
    const auto planned = std::ranges::find_if(missing, [&](const store::VolumeRecord& record) {
      return record.tenant == tenant && record.name == wanted.volume;
    });
    auto found = Find(tenant, wanted.volume);
    if (!found) return std::unexpected(std::move(found).error());
    if (planned != missing.end()) *found = *planned;
    if (*found && (*found)->size != wanted.size) {
      return Fail(Errc::kFailedPrecondition,
                  what + " has size_mib " + std::to_string((*found)->size.count >> 20) + ", not " +
                      std::to_string(wanted.size.count >> 20) +
                      "; its size stays: name another volume, or delete this one first");
    }
    std::error_code error;
    const bool there = *found && fs::exists(ImageOf(tenant, wanted.volume), error);
    if (there || planned != missing.end()) continue;
    missing.push_back({.tenant = tenant, .name = wanted.volume, .size = wanted.size});
    missing.back().created = context_.clock.WallNow();
    if (auto can = CheckCanMake(missing); !can) return Wrap(std::move(can).error(), what);
  }
  return {};
}

Result<void> Volumes::CheckCanMake(const std::vector<store::VolumeRecord>& missing) const {
  if (::access(kMkfs, X_OK) != 0 || ::access(kDebugfs, X_OK) != 0) {
    return Fail(Errc::kUnsupported, std::string("named volumes need ") + kMkfs + " and " +
                                        kDebugfs + " (package e2fsprogs)");
  }
  Bytes all;
  for (const store::VolumeRecord& record : missing) all.count += record.size.count;
  std::error_code error;
  const fs::space_info space = fs::space(Folder(), error);
  if (error) return FailErrno("look at " + Folder().string(), error.value());
  if (all.count > space.available) return NoRoom(all);
  return {};
}

Task<void> Volumes::Make(const std::vector<store::VolumeRecord>& missing) {
  for (const store::VolumeRecord& record : missing) {
    const std::string what = NameOf(record.tenant, record.name);
    // The record first: what has no record is swept. Kept once somebody who says so is stored.
    if (auto noted = store_.PutVolume(record); !noted) co_return Wrap(noted.error(), what);
    if (auto made = co_await MakeImage(record); !made) {
      if (auto removed = Remove(record); !removed) context_.log.Error(what, removed.error());
      co_return Wrap(std::move(made).error(), what);
    }
  }
  co_return Result<void>{};
}

Result<void> Volumes::CheckMountable(const std::string& tenant,
                                     const model::Workload& workload) const {
  for (const model::NamedVolume& wanted : NamedIn(workload)) {
    const fs::path image = ImageOf(tenant, wanted.volume);
    if (std::error_code error; !fs::exists(image, error)) continue;
    // The device goes again with its descriptor.
    auto device = host::AttachLoop(image);
    if (!device) return Wrap(std::move(device).error(), NameOf(tenant, wanted.volume));
  }
  return {};
}

Task<void> Volumes::MakeImage(const store::VolumeRecord& record) {
  const fs::path image = ImageOf(record.tenant, record.name);
  const fs::path half = image.string() + std::string(kHalfMade);
  if (auto made = MakeDirectories(image.parent_path()); !made) co_return made;
  std::error_code error;
  fs::remove(half, error);
  auto done = Allocate(half, record.size);
  // No discard: it would give the space back.
  std::vector<std::string> mkfs{"-q", "-F", "-m", "0", "-E", "nodiscard", half.string()};
  if (done) done = co_await RunTool(kMkfs, std::move(mkfs), "");
  std::vector<std::string> debugfs{"-w", "-f", "/dev/stdin", half.string()};
  if (done) done = co_await RunTool(kDebugfs, std::move(debugfs), kFirstCommands);
  if (done) done = SyncFile(half);
  if (!done) {
    fs::remove(half, error);
    co_return done;
  }
  fs::rename(half, image, error);
  if (error) co_return FailErrno("make " + image.string(), error.value());
  co_return SyncDirectory(image.parent_path());
}

// The file first: without it the record is of no use, without the record nobody would remove it.
Result<void> Volumes::Remove(const store::VolumeRecord& record) {
  std::error_code error;
  const fs::path image = ImageOf(record.tenant, record.name);
  fs::remove(image, error);
  if (error) return FailErrno("remove " + image.string(), error.value());
  if (auto gone = store_.DeleteVolume(record.tenant, record.name); !gone) return gone;
  fs::remove(image.parent_path(), error);  // stays as long as it holds others
  return {};
}

void Volumes::Release(const std::function<bool(std::string_view tenant)>& busy) {
  auto records = store_.Volumes();
  auto revisions = store_.CurrentRevisions();
  if (!records || !revisions) return;
  for (store::VolumeRecord& record : *records) {
    if (busy(record.tenant)) continue;
    const Use use = UseOf(*revisions, record);
    Result<void> done;
    if (use.users.empty() && !record.retain) {
      done = Remove(record);
    } else if (!use.users.empty() && use.retain != record.retain) {
      record.retain = use.retain;
      done = store_.PutVolume(record);
    }
    if (!done) context_.log.Warn("a volume", {{"error", done.error().message}});
  }
}

model::Grants Volumes::GrantsOf(const std::string& tenant, const model::Workload& workload) const {
  return model::GrantsOf(workload, [this, &tenant](std::string_view volume) {
    return ImageOf(tenant, volume).string();
  });
}

model::Grants Volumes::GrantsToAsk(const std::string& tenant,
                                   const model::Workload& workload) const {
  return model::GrantsOf(workload, [this, &tenant](std::string_view volume) {
    std::error_code error;
    const fs::path image = ImageOf(tenant, volume);
    return (fs::exists(image, error) ? image : StandIn()).string();
  });
}

Result<Json> Volumes::List(std::string_view tenant) {
  auto records = store_.Volumes();
  if (!records) return std::unexpected(std::move(records).error());
  auto revisions = store_.CurrentRevisions();
  if (!revisions) return std::unexpected(std::move(revisions).error());
  Json items = Json::array();
  for (const store::VolumeRecord& record : *records) {
    if (!tenant.empty() && record.tenant != tenant) continue;
    items.push_back(ToJson(record, UseOf(*revisions, record)));
  }
  return Json{{"items", std::move(items)}};
}

Result<Json> Volumes::Get(std::string_view tenant, std::string_view name) {
  auto found = Find(tenant, name);
  if (!found) return std::unexpected(std::move(found).error());
  if (!*found) {
    return Fail(Errc::kNotFound,
                "no volume " + std::string(tenant) + "/" + std::string(name) + " exists");
  }
  auto revisions = store_.CurrentRevisions();
  if (!revisions) return std::unexpected(std::move(revisions).error());
  return ToJson(**found, UseOf(*revisions, **found));
}

Result<void> Volumes::Delete(std::string_view tenant, std::string_view name) {
  auto found = Get(tenant, name);
  if (!found) return std::unexpected(std::move(found).error());
  const Json& users = (*found)["users"];
  if (!users.empty()) {
    return Fail(Errc::kFailedPrecondition,
                "volume " + std::string(tenant) + "/" + std::string(name) + " is used by " +
                    users[0].get<std::string>() + "; delete that, or apply it without the volume");
  }
  return Remove({.tenant = std::string(tenant), .name = std::string(name)});
}

}  // namespace strata::manager
