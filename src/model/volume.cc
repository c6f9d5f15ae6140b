#include "model/volume.h"

#include <algorithm>

#include "model/resource.h"

namespace strata::model {
namespace {

DirGrant DirectoryOf(const Volume& volume, const Mount& mount, const ImageOfFn& image_of) {
  using Mode = DirGrant::Mode;
  DirGrant dir;
  dir.guest = mount.mount;
  if (volume.named) {
    dir.host = image_of(volume.named->volume);
    dir.mode = mount.read_only ? Mode::kVolumeReadOnly : Mode::kVolume;
  } else if (volume.host) {
    dir.host = volume.host->path;
    dir.mode = mount.read_only || volume.host->read_only ? Mode::kReadOnly : Mode::kReadWrite;
  } else if (volume.tmpfs) {
    dir.mode = Mode::kScratch;
    dir.size = volume.tmpfs->size;
  }
  return dir;
}

}  // namespace

Grants GrantsOf(const Workload& workload, const ImageOfFn& image_of) {
  Grants grants = workload.grants;
  for (const Mount& mount : workload.mounts) {
    const auto volume = std::ranges::find(workload.volumes, mount.volume, &Volume::name);
    if (volume != workload.volumes.end()) {
      grants.dirs.push_back(DirectoryOf(*volume, mount, image_of));
    }
  }
  return grants;
}

}  // namespace strata::model
