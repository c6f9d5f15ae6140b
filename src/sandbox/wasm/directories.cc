#include "sandbox/wasm/directories.h"

#include <system_error>

#include "base/files/unique_directory.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;

// False: something is left.
bool Empty(const fs::path& place) {
  std::error_code error;
  for (fs::directory_iterator entry(place, error); !error && entry != fs::directory_iterator();) {
    const fs::path path = entry->path();
    entry.increment(error);
    if (!error) fs::remove_all(path, error);
  }
  return !error && fs::is_empty(place, error) && !error;
}

// The root of a file system, for who opens it by path.
std::string PathOf(const Fd& mount) { return "/proc/self/fd/" + std::to_string(mount.get()); }

}  // namespace

Scratch::~Scratch() {
  if (path_.empty()) return;
  if (free_) {
    if (Empty(path_)) free_->push_back(std::move(path_));
    return;
  }
  // What cannot be removed goes with the cell's scratch folder when the cell has ended.
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Directories::AddVolume(std::string image, model::DirGrant::Mode mode, Fd mount) {
  volumes_[{std::move(image), mode}] = mount.valid() ? PathOf(mount) : "";
  mounts_.push_back(std::move(mount));
}

void Directories::AddScratch(Bytes size, Fd mount) {
  auto& free = free_[size.count];
  if (!free) free = std::make_shared<Scratch::Places>();
  free->emplace_back(PathOf(mount));
  mounts_.push_back(std::move(mount));
}

Result<std::string> Directories::VolumeOf(const model::DirGrant& dir) const {
  const auto found = volumes_.find({dir.host, dir.mode});
  if (found == volumes_.end()) {
    return Fail(Errc::kUnsupported, "volumes: this process was not given " + dir.host);
  }
  if (!found->second.empty()) return found->second;
  return Fail(Errc::kUnavailable, "volumes: " + dir.host + " could not be mounted");
}

Result<void> Directories::CheckScratch(Bytes size) const {
  if (size.count == 0 ? !root_.empty() : free_.contains(size.count)) return {};
  return Fail(Errc::kUnsupported, "scratch: this process has no directories of " +
                                      std::to_string(size.count) + " bytes to give");
}

Result<Scratch> Directories::TakeScratch(Bytes size, std::string_view id) {
  if (size.count > 0) {
    const auto found = free_.find(size.count);
    if (found == free_.end() || found->second->empty()) {
      return Fail(Errc::kResourceExhausted,
                  "all scratch directories of " + std::to_string(size.count) + " bytes are taken");
    }
    Scratch taken(found->second->back(), found->second);
    found->second->pop_back();
    return taken;
  }
  const auto made = MakeUniqueDirectory(root_ / id);
  if (!made) return Wrap(made.error(), "scratch");
  return Scratch(*made, nullptr);
}

}  // namespace strata::sandbox::wasm
