#include "sandbox/oci/runtime/seccomp_profile.h"

#include <sched.h>

#include <cerrno>
#include <cstdint>

namespace strata::sandbox::oci {
namespace {

constexpr const char* kAllowed[] = {
#include "sandbox/oci/runtime/seccomp_calls.inc"
};

constexpr const char* kForbidden[] = {"bpf",
                                      "fsconfig",
                                      "fsmount",
                                      "fsopen",
                                      "fspick",
                                      "keyctl",
                                      "mount",
                                      "mount_setattr",
                                      "move_mount",
                                      "open_tree",
                                      "perf_event_open",
                                      "pidfd_getfd",
                                      "pivot_root",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "ptrace",
                                      "setns",
                                      "umount2",
                                      "unshare",
                                      "userfaultfd"};

constexpr std::uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET;

Json Argument(int index, const char* compare, std::uint64_t value, std::uint64_t second = 0) {
  return {{"index", index}, {"op", compare}, {"value", value}, {"valueTwo", second}};
}

Json Allow(const char* name, Json argument) {
  return {{"names", Json::array({name})},
          {"action", "SCMP_ACT_ALLOW"},
          {"args", Json::array({std::move(argument)})}};
}

}  // namespace

Json SeccompProfile() {
  Json rules = {{{"names", kAllowed}, {"action", "SCMP_ACT_ALLOW"}},
                {{"names", kForbidden}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", EPERM}},
                // clone3 hides its flags behind a pointer; without it libc uses clone, whose flags
                // can be looked at.
                Allow("clone", Argument(0, "SCMP_CMP_MASKED_EQ", kNamespaceFlags, 0))};
  for (const std::uint64_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xFFFFFFFFULL}) {
    rules.push_back(Allow("personality", Argument(0, "SCMP_CMP_EQ", persona)));
  }
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", ENOSYS},
          {"architectures", Json::array({"SCMP_ARCH_X86_64"})},
          {"syscalls", std::move(rules)}};
}

}  // namespace strata::sandbox::oci
