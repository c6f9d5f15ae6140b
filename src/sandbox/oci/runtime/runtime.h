// sandbox/oci/runtime/runtime.h - the OCI runtime as a program: runc, crun, or another with their
// command line.
//
// It is run from a sealed copy in memory: a container that gets hold of its runtime's executable
// (CVE-2019-5736) finds a file that nobody can write. It gets the three standard descriptors and
// no other (CVE-2024-21626).
//
// Threads: const methods from any; Load blocks for milliseconds. Tested by tests/contract.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"
#include "model/values.h"
#include "sandbox/oci/config.h"

namespace strata::sandbox::oci {

enum class NetworkKind : std::uint8_t { kNone, kJoined };

class Runtime {
 public:
  // Copies the program. FailErrno's codes; kResourceExhausted: larger than 128 MiB.
  static Result<Runtime> Load(const Config& config);

  // How to start the container `id` of `bundle`. One that stays runs in `group`, and its exit
  // status is the guest's. Any other ends when the guest runs; the guest has inherited its standard
  // streams and is an orphan, ours if we are a subreaper. Dies with the thread that spawns it, so
  // that a killed keeper leaves nothing that still makes things. `network`: whether config.json
  // names a network namespace that it has to join.
  [[nodiscard]] host::SpawnOptions RunCommand(const std::filesystem::path& bundle,
                                              const std::string& id, const host::Cgroup& group,
                                              NetworkKind network) const;
  // Of a program beside the container's own.
  struct ExecFiles {
    std::filesystem::path process;  // what it is, as "process" of the OCI runtime specification
    std::filesystem::path pid;      // gets its pid: ours, or the guest's of a runtime that stays
    std::filesystem::path log;      // gets the runtime's complaints
    // Gets the pid in the guest, of a runtime that stays and of DetachedExecCommand.
    std::filesystem::path inner_pid = {};
  };
  // How to run a program in the running container `id`: ends when that does, with its exit code.
  [[nodiscard]] host::SpawnOptions ExecCommand(const std::filesystem::path& bundle,
                                               const std::string& id, const host::Cgroup& group,
                                               const ExecFiles& files) const;

  // How to send `signal` ("TERM") to the first process of the container `id`.
  [[nodiscard]] host::SpawnOptions KillCommand(const std::filesystem::path& bundle,
                                               const std::string& id,
                                               const std::string& signal) const;

  // The same to the program whose pid in the guest is `inner_pid`, of a runtime that stays.
  [[nodiscard]] host::SpawnOptions KillInnerCommand(const std::filesystem::path& bundle,
                                                    const std::string& id, int inner_pid,
                                                    int signal) const;

  // The steps of a container whose config.json somebody else wrote (kube/shim). Created, it waits
  // before its program until it is started; it has inherited the caller's standard streams, or
  // sends its terminal to `console`, a Unix socket. The runtime's complaints are in
  // `bundle`/runtime.log, the pid of the first process, or of what stays beside it, in
  // `bundle`/pid: an orphan whose exit status is the program's.
  [[nodiscard]] host::SpawnOptions CreateCommand(const std::filesystem::path& bundle,
                                                 const std::string& id,
                                                 const std::string& console) const;
  [[nodiscard]] host::SpawnOptions StartCommand(const std::filesystem::path& bundle,
                                                const std::string& id) const;
  // Kills what is left of it, and forgets it. Succeeds when there is none.
  [[nodiscard]] host::SpawnOptions DeleteCommand(const std::filesystem::path& bundle,
                                                 const std::string& id) const;
  // New limits, from the file `resources`: "linux.resources" of the specification.
  [[nodiscard]] host::SpawnOptions UpdateCommand(const std::filesystem::path& bundle,
                                                 const std::string& id,
                                                 const std::filesystem::path& resources) const;
  // As ExecCommand, but ends once the program runs, which is an orphan then, or what stays for it.
  [[nodiscard]] host::SpawnOptions DetachedExecCommand(const std::filesystem::path& bundle,
                                                       const std::string& id,
                                                       const ExecFiles& files,
                                                       const std::string& console) const;

  [[nodiscard]] bool stays() const noexcept { return stays_; }

 private:
  // `verb` and what follows it, after the options that every command needs.
  [[nodiscard]] host::SpawnOptions Command(const std::filesystem::path& bundle,
                                           const std::filesystem::path& log,
                                           std::vector<std::string> verb) const;

  Runtime(Fd program, const Config& config)
      : program_(std::move(program)),
        arguments_(config.runtime_arguments),
        network_arguments_(config.network_arguments),
        stays_(config.runtime_stays) {}
  Fd program_;
  std::vector<std::string> arguments_;
  std::vector<std::string> network_arguments_;
  bool stays_;
};

}  // namespace strata::sandbox::oci
