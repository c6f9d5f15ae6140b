// model/volume.h - storage that a workload declares, and where its sandboxes see it: the volumes
// and mounts of a manifest, and what becomes of them.
//
//   spec.volumes, spec.mounts --GrantsOf--> Grants::dirs --> every class's driver
//
// Threads: values. Errors are found by the schema (model/schema/checks.h).
// Tested by model/volume_test.cc and model/manifest/manifest_test.cc.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/values.h"

namespace strata::model {

// Of the tenant: made when the first workload that names it is deployed.
struct NamedVolume {
  std::string volume;   // DNS label
  Bytes size;           // with the file system's own records; more is ENOSPC
  bool retain = false;  // it stays when no workload names it any more
  friend bool operator==(const NamedVolume&, const NamedVolume&) = default;
};

// A directory of this machine.
struct HostVolume {
  std::string path;  // absolute once it is resolved (model/manifest/local_paths.h)
  bool read_only = true;
  friend bool operator==(const HostVolume&, const HostVolume&) = default;
};

// Empty and each sandbox's own; counted as its memory.
struct TmpfsVolume {
  Bytes size;
  friend bool operator==(const TmpfsVolume&, const TmpfsVolume&) = default;
};

// One of the three.
struct Volume {
  std::string name;  // in this manifest
  std::optional<NamedVolume> named;
  std::optional<HostVolume> host;
  std::optional<TmpfsVolume> tmpfs;
  friend bool operator==(const Volume&, const Volume&) = default;
};

struct Mount {
  std::string volume;  // a Volume's name
  std::string mount;   // absolute path in the guest
  bool read_only = false;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct Workload;

// Where a named volume of the workload's tenant is on this machine.
using ImageOfFn = std::function<std::string(std::string_view volume)>;

// What a sandbox of `workload` may reach: its grants, and its mounts as directories.
Grants GrantsOf(const Workload& workload, const ImageOfFn& image_of);

}  // namespace strata::model
