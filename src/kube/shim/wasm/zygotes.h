// kube/shim/wasm/zygotes.h - the processes from which commands and components are forked, one for
// each tenant, user and group.
//
//   WasmBackend --> [ WasmZygotes ] --ZygoteRequest--> strata-cell --role=command --> child of ours
//
// A zygote is started when somebody needs it and ends a while after the last container that has it,
// or with this process. Its death hurts no container: the next one gets another.
//
// What a zygote says is not believed: the process that it names must be a child of ours that nobody
// else answers for, with the zygote's user, groups and network namespace, which is no one else's.
// When the host is short of memory, the kernel ends zygotes before what runs. Each has a control
// group of its own with limits; and a tenant has only so many zygotes, and so much code in them,
// full ones among them that still have containers.
//
// Threads: the loop's. Lifetime: outlives calls and uses. Errors: kUnavailable: none can be
// asked; kInternal: it died of the request; kPermissionDenied: the process that it named is not
// its; kResourceExhausted: the tenant has as many zygotes, or as much code, as one may have; else
// the zygote's own. Tested by tests/kube/wasm_test.py.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "cell/roles/zygote_request.h"
#include "cell/start/spawn.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"

namespace strata::kube::shim {

class WasmZygotes {
 public:
  // `groups`: ours alone (FindZygoteGroups).
  WasmZygotes(Loop& loop, host::Cgroups groups, cell::CellProgram program)
      : loop_(loop), groups_(std::move(groups)), program_(std::move(program)) {}
  WasmZygotes(const WasmZygotes&) = delete;
  WasmZygotes& operator=(const WasmZygotes&) = delete;

  struct Wanted {
    std::string tenant;
    std::optional<host::Identity> user;  // none: the tenant's
    cell::ZygoteRequest request;
    Bytes code;            // size of the module's
    std::vector<int> fds;  // borrowed until the answer
  };
  struct Child {
    host::Process process;            // with the zygote's OOM score
    std::shared_ptr<const void> use;  // of its zygote, as long as the container is there
  };
  Task<Child> Start(Wanted wanted);

 private:
  struct Zygote;
  using Key = std::tuple<std::string, uid_t, gid_t>;  // tenant, user, group

  Result<std::shared_ptr<Zygote>> Find(const Wanted& wanted);
  Result<std::shared_ptr<Zygote>> Make(const Wanted& wanted, Key key);
  std::shared_ptr<const void> Use(const std::shared_ptr<Zygote>& zygote);
  Result<std::unique_ptr<host::Cgroup>> MakeGroup();
  // Whether the tenant may have that module in this zygote.
  Result<void> CheckRoom(const Zygote& zygote, const Wanted& wanted) const;
  void Forget(const std::shared_ptr<Zygote>& zygote);
  void EndWhenUnused(const std::shared_ptr<Zygote>& zygote);
  Awaitable<void> Watch(std::shared_ptr<Zygote> zygote);
  Task<host::Process> Ask(std::shared_ptr<Zygote> zygote, const Wanted& wanted);

  Loop& loop_;
  const host::Cgroups groups_;
  const cell::CellProgram program_;
  std::map<Key, std::shared_ptr<Zygote>> zygotes_;  // that are asked
  std::vector<std::shared_ptr<Zygote>> living_;     // all
  std::uint64_t made_ = 0;
};

// The control groups of the zygotes of the shim that listens at `socket`. kUnsupported: there are
// none on this host.
Result<host::Cgroups> FindZygoteGroups(const std::string& socket);

}  // namespace strata::kube::shim
