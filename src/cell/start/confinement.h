// cell/start/confinement.h - what a cell does to itself before it reads any configuration.
//
//   no new privileges, no core dumps or ptrace (dumpable 0), Landlock, seccomp allow-list
//
// The rest is done from outside by whoever starts it (own user, no capabilities, empty network
// namespace, resource limits); here it is only checked. A protection that this host cannot give, or
// that the starter did not give, ends the program, unless it was told to go on without
// (--insecure-confinement=missing-ok); then each one is named on its log.
//
// NOT covered: what an allowed system call does with a descriptor that the cell holds, side
// channels between guests of one tenant, and whatever Landlock's version here leaves open
// (host/confine/landlock.h).
//
// Threads: call it while there is only one. Cannot be undone. Tested by tests/security.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cell/configuration.h"
#include "host/confine/seccomp.h"

namespace strata::cell {

enum class Role : std::uint8_t {
  kHost,
  kFront,
  kCompile,
  kZygote,  // what a zygote does, and each of its children until it confines itself as a host
};

enum class MissingProtection : std::uint8_t {
  kRefuse,  // Confine() fails
  kAccept,  // Confine() reports it
};

// What the process runs without: "landlock: not enabled in this kernel", ...
struct ConfinementReport {
  std::vector<std::string> missing;
  std::vector<std::string> not_covered;  // holes of this kernel's Landlock, for the log
};

// Confines the process for `role`. `filter`: of SeccompTable(role), where it was made before.
// kFailedPrecondition names everything that is missing at once; what was done stays done.
//
// A zygote is not confined by Landlock: its children would be by the same paths, and which ones
// they have it cannot know.
Result<ConfinementReport> Confine(Role role, const AllowedPaths& allowed, MissingProtection missing,
                                  const host::SeccompFilter* filter = nullptr);

}  // namespace strata::cell
