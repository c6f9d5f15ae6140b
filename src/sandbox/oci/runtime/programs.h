// sandbox/oci/runtime/programs.h - where a host has the runtimes of containers: as distributions
// install them, then as an administrator does. Tried in this order; the first that is there, or
// works.
//
// Threads: values. Whoever runs one does it from a sealed copy (runtime.h).
#pragma once

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

}  // namespace strata::sandbox::oci
