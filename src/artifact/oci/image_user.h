// artifact/oci/image_user.h - who an image's program runs as: "User" of its config, with names
// looked up in the image's own /etc/passwd and /etc/group, whose lines are the image's author's and
// are read as such. Internal to the folder.
//
// Threads: blocking. kInvalidArgument: no such user or group in the image. Tested by
// tests/e2e/images_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace strata::artifact {

struct UserIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// `lower`: the image's layers, the topmost first. An empty `user` is root.
Result<UserIds> FindUser(const std::string& user, const std::vector<std::string>& lower);

}  // namespace strata::artifact
