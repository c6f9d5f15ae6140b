// sandbox/oci/runtime/programs.h - where a host has the runtimes of containers: as distributions
// install them, then as an administrator does. Tried in this order; the first that is there, or
// works.
//
// Threads: any. Whoever runs one does it from a sealed copy (runtime.h).
#pragma once

#include <unistd.h>

#include <array>
#include <string_view>

namespace strata::sandbox::oci {

struct RuntimeProgram {
  std::string_view name;
  const char* path;
};

// crun starts faster.
inline constexpr std::array<RuntimeProgram, 5> kContainerRuntimes = {{
    {"crun", "/usr/bin/crun"},
    {"runc", "/usr/sbin/runc"},
    {"runc", "/usr/bin/runc"},
    {"runc", "/usr/local/sbin/runc"},
    {"runc", "/usr/local/bin/runc"},
}};

// The first that is installed, of that name or of any (empty); null: none is.
inline const RuntimeProgram* FindInstalled(std::string_view name = {}) {
  for (const RuntimeProgram& each : kContainerRuntimes) {
    if ((name.empty() || each.name == name) && ::access(each.path, X_OK) == 0) return &each;
  }
  return nullptr;
}

}  // namespace strata::sandbox::oci
