#include "kube/shim/resident.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/async/pause.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/files.h"
#include "host/cgroup/cgroup.h"
#include "host/process/file_limit.h"
#include "host/process/orphans.h"
#include "kube/shim/installed.h"
#include "kube/shim/sandbox_service.h"
#include "kube/shim/shared.h"
#include "kube/shim/task_service.h"
#include "kube/ttrpc/server.h"

namespace strata::kube::shim {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr std::chrono::milliseconds kSweepPatience{1'000};
constexpr int kIdleLooks = 10;  // in a row
// For the loop to take whoever has connected already.
constexpr std::chrono::milliseconds kAccept{10};

// Nothing, when the socket has no path.
std::string PathOf(const Fd& listener) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return {address.sun_path, ::strnlen(address.sun_path, sizeof(address.sun_path))};
}

class Resident {
 public:
  Resident(Loop& loop, Shared& shared, std::string socket)
      : loop_(loop),
        socket_(std::move(socket)),
        shared_(shared),
        tasks_(shared),
        sandboxes_(shared, tasks_),
        server_(loop, [this](ttrpc::Call call) { return Handle(std::move(call)); }) {}

  Result<void> Begin(Fd listener) {
    auto listening = server_.Listen(std::move(listener));
    if (listening) Spawn(loop_, EndWhenIdle());
    return listening;
  }

 private:
  Awaitable<ttrpc::Reply> Handle(ttrpc::Call call) {
    if (TaskService::Has(call.request.service)) co_return co_await tasks_.Handle(std::move(call));
    if (SandboxService::Has(call.request.service)) {
      co_return co_await sandboxes_.Handle(std::move(call));
    }
    co_return Fail(Errc::kUnsupported, "no service " + call.request.service);
  }

  Awaitable<void> EndWhenIdle() {
    bool left = false;
    for (int idle = 0; !left;) {
      const std::uint64_t seen = server_.accepted();
      co_await Pause(loop_, kLook);
      // What programs with the node's process ids leave behind is our child, and ends unseen.
      host::ReapOrphans();
      idle = Idle(seen) ? idle + 1 : 0;
      // A statement of its own: gcc 12 awaits what stands behind a || in a loop's condition always.
      if (idle >= kIdleLooks) left = co_await Leave();
    }
    loop_.stop();
  }

  // That nobody has come since `seen` were accepted, and nothing is left to do. A thread that a
  // mount holds is not to be waited for once nobody is answered any more.
  [[nodiscard]] bool Idle(std::uint64_t seen) const {
    return tasks_.tasks() == 0 && shared_.pods.empty() && !shared_.microvm.disks().at_work() &&
           server_.connections() == 0 && server_.accepted() == seen;
  }

  // Under the lock nobody is about to be told our address. Whoever was told it just before has
  // connected under the lock: false, as they are on their way.
  Awaitable<bool> Leave() {
    const std::uint64_t seen = server_.accepted();
    const auto lock = LockDirectory(std::filesystem::path(socket_).parent_path());
    co_await Pause(loop_, kAccept);
    if (!Idle(seen)) co_return false;
    if (lock) ::unlink(socket_.c_str());
    co_return true;
  }

  Loop& loop_;
  const std::string socket_;
  Shared& shared_;
  TaskService tasks_;
  SandboxService sandboxes_;
  ttrpc::Server server_;
};

void IgnoreSignals() {
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_IGN);
}

}  // namespace

Result<void> Serve(Fd listener, const ContainerdSockets& containerd) {
  IgnoreSignals();
  // Six descriptors for each pod, of which containerd starts us with 1,024.
  host::RaiseFileLimit();
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return FailErrno("be a subreaper", errno);
  auto groups = FindGroups();
  if (!groups) return std::unexpected(std::move(groups).error());
  const std::string socket = PathOf(listener);
  auto zygote_groups = FindZygoteGroups(socket);
  if (!zygote_groups) return std::unexpected(std::move(zygote_groups).error());
  // Of one that was killed: its zygotes died with it, and `delete` sweeps only while nobody
  // listens.
  static_cast<void>(zygote_groups->Sweep(kSweepPatience));
  auto worker = sandbox::Worker::Start(sandbox::WorkerMounts::kShared);
  if (!worker) return std::unexpected(std::move(worker).error());
  const SystemClock clock;
  Loop loop(1);
  Shared shared{.loop = loop,
                .clock = clock,
                .groups = std::move(*groups),
                .containerd = containerd.grpc,
                .events = Events(loop, clock, containerd.ttrpc),
                .pods = {},
                .modules = WasmModules(loop, CellProgram()),
                .zygotes = WasmZygotes(loop, std::move(*zygote_groups), CellProgram()),
                .runc = {},
                .appkernel = Appkernel(loop),
                .microvm = Microvm(loop, clock, BesideUs("strata-agent")),
                .worker = std::move(*worker)};
  Resident resident(loop, shared, socket);
  if (auto begun = resident.Begin(std::move(listener)); !begun) return begun;
  loop.run();
  return {};
}

Result<Fd> LockDirectory(const std::string& directory) {
  auto held = OpenFile(directory, O_RDONLY | O_DIRECTORY);
  if (!held) return held;
  while (::flock(held->get(), LOCK_EX) != 0) {
    if (errno != EINTR) return FailErrno("lock " + directory, errno);
  }
  return held;
}

Result<host::Cgroups> FindGroups() { return host::Cgroups::Find("strata"); }

}  // namespace strata::kube::shim
