// artifact/store/root_image.h - what a sandbox is started from: an unpacked root file system
// and what its image says about running it. The image store fills it; a
// driver reads no image format.
//
// As a descriptor (Driver::Prepare) it is one JSON object:
//
//   {"lower": ["/top", "/below"], "args": ["/bin/app"], "env": {"A": "b"}, "cwd": "/",
//    "uid": 0, "gid": 0}
//
// Pure but for ReadRootImage. Tested by artifact/store/root_image_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::artifact {

struct RootImage {
  std::vector<std::string> lower;  // directories, the topmost layer first; never written to
  std::vector<std::string> args;   // entrypoint and command; args[0] is looked up in PATH
  model::Env env;
  std::string cwd = "/";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  friend bool operator==(const RootImage&, const RootImage&) = default;
};

// Fails with kInvalidArgument: no JSON, an unknown field, no layer or argument, a path that is not
// absolute and plain (no "..", no ':' ',' or '\', which the kernel's mount options give a meaning),
// a working directory under /proc (CVE-2024-21626 went that way).
Result<RootImage> ParseRootImage(std::string_view text);
std::string WriteRootImage(const RootImage& image);

// The image in a regular or memory file; the same failures.
Result<RootImage> ReadRootImage(const Fd& fd);

}  // namespace strata::artifact
