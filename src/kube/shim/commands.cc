#include "kube/shim/commands.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <utility>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/files/files.h"
#include "base/text/json.h"
#include "host/process/process.h"
#include "host/unix_address.h"
#include "kube/shim/config_json.h"
#include "kube/shim/events.h"
#include "kube/shim/messages.h"
#include "kube/shim/microvm/machines.h"
#include "kube/shim/options.h"
#include "kube/shim/pod/place.h"
#include "kube/shim/resident.h"
#include "kube/shim/task/own_group.h"
#include "kube/shim/task/root_mounts.h"
#include "kube/shim/task/runc.h"
#include "kube/shim/tenant.h"
#include "kube/shim/wasm/zygotes.h"
#include "kube/ttrpc/client.h"
#include "sandbox/oci/runtime/runtime.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int kPassedListener = 3;
constexpr int kBacklog = 128;
constexpr std::uint32_t kKilled = 128 + SIGKILL;
constexpr Bytes kBootstrapFile = 64_KiB;
constexpr Bytes kWords = 64_KiB;
// containerd gives `delete` five seconds in all. A resident shim that is stopped answers nothing,
// so that what it is asked has a part of them and not each question.
constexpr milliseconds kDeletePatience{4000};
constexpr milliseconds kAskPatience{1500};
constexpr milliseconds kInfoPatience{3000};

using Deadline = std::chrono::steady_clock::time_point;

Deadline In(milliseconds patience) { return std::chrono::steady_clock::now() + patience; }

// Never less than a moment: what is to be done is tried once, however late it is.
milliseconds Left(Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(left));
}

Result<Fd> Listen(const host::UnixAddress& address) {
  auto socket = host::UnixSocket();
  if (!socket) return socket;
  ::unlink(address.path());  // nobody answers there
  if (::bind(socket->get(), address.get(), host::UnixAddress::size()) != 0 ||
      ::chmod(address.path(), 0600) != 0 || ::listen(socket->get(), kBacklog) != 0) {
    return FailErrno(std::string("listen at ") + address.path(), errno);
  }
  return socket;
}

// Makes one call and waits for its end.
ttrpc::Reply Ask(Loop& loop, ttrpc::Client& client, ttrpc::Request request) {
  ttrpc::Reply reply = Fail(Errc::kInternal, "no reply");
  asio::co_spawn(loop.get_executor(), client.Call(std::move(request)),
                 [&reply](std::exception_ptr error, ttrpc::Reply got) {
                   if (error) std::rethrow_exception(error);
                   reply = std::move(got);
                 });
  loop.restart();
  loop.run();
  return reply;
}

// Of a shim that was killed: nobody is in them.
void RemoveLeftZygotes(const std::string& socket, Deadline deadline) {
  if (socket.empty() || host::ConnectUnix(socket)) return;
  const auto lock = LockDirectory(fs::path(socket).parent_path());
  if (!lock || host::ConnectUnix(socket)) return;  // there is another by now
  const auto groups = FindZygoteGroups(socket);
  if (groups) static_cast<void>(groups->Sweep(Left(deadline)));
}

fs::path BundleOf(const Invocation& invocation) {
  std::error_code ignored;
  return invocation.bundle.empty() ? fs::current_path(ignored) : fs::path(invocation.bundle);
}

// A sandbox's has none.
bool IsTasks(const fs::path& bundle) {
  std::error_code ignored;
  return fs::exists(bundle / "config.json", ignored);
}

// Where the resident shim of that bundle listens, or listened; empty: nobody knows.
std::string SocketOf(const fs::path& bundle) {
  constexpr std::string_view kUnix = "unix://";
  const auto text = ReadFile(bundle / "bootstrap.json", kBootstrapFile);
  const auto json = text ? ParseJson(*text) : Result<Json>(Json());
  if (!json || !json->is_object()) return {};
  const std::string address = TextOf(*json, "address");
  return address.starts_with(kUnix) ? address.substr(kUnix.size()) : std::string();
}

// Has the resident shim forget what it may still hold. Whatever fails is made up for below.
void Forget(const Invocation& invocation, const fs::path& bundle, const std::string& socket) {
  if (socket.empty()) return;
  Loop loop(1);
  ttrpc::Client client(loop, socket);
  const Deadline deadline = In(kAskPatience);
  const auto ask = [&](const char* service, const char* method, std::string payload) {
    return Ask(loop, client,
               {.service = service,
                .method = method,
                .payload = std::move(payload),
                .timeout = Left(deadline),
                .containerd_namespace = invocation.name_space})
        .has_value();
  };
  if (!IsTasks(bundle)) {
    sandbox_api::ShutdownSandboxRequest shutdown;
    shutdown.set_sandbox_id(invocation.id);
    ask("containerd.runtime.sandbox.v1.Sandbox", "ShutdownSandbox", shutdown.SerializeAsString());
    return;
  }
  constexpr const char* kTasks = "containerd.task.v3.Task";
  task_api::KillRequest kill;
  kill.set_id(invocation.id);
  kill.set_signal(SIGKILL);
  kill.set_all(true);
  task_api::WaitRequest wait;
  wait.set_id(invocation.id);
  task_api::DeleteRequest remove;
  remove.set_id(invocation.id);
  if (ask(kTasks, "Kill", kill.SerializeAsString())) ask(kTasks, "Wait", wait.SerializeAsString());
  ask(kTasks, "Delete", remove.SerializeAsString());
}

Result<void> RemoveByRuntime(const std::string& id, const fs::path& bundle, Deadline deadline) {
  std::error_code ignored;
  if (!fs::exists(bundle / "state" / id, ignored)) return {};
  const auto program = FindRunc();
  if (!program) return std::unexpected(program.error());
  const auto runtime = sandbox::oci::Runtime::Load({.runtime = *program});
  if (!runtime) return std::unexpected(runtime.error());
  const auto ran = host::RunToEnd(runtime->DeleteCommand(bundle, id), Left(deadline), kWords);
  if (!ran) return std::unexpected(ran.error());
  if (ran->status.success()) return {};
  return Fail(Errc::kInternal, "delete " + id + ": " + ran->err);
}

}  // namespace

Result<std::string> Start(const Invocation& invocation, std::string_view input,
                          std::string_view ttrpc_address, const std::string& program) {
  const auto bootstrap = ReadBootstrap(input, invocation, ttrpc_address);
  if (!bootstrap) return std::unexpected(bootstrap.error());
  const auto options = ReadOptions(bootstrap->options);
  if (!options) return std::unexpected(options.error());
  Result<std::string> tenant;
  if (options->shim_per == ShimPer::kNamespace)
    tenant = FindTenant(invocation, BundleOf(invocation));
  if (!tenant) return tenant;
  const std::string path = SocketPath(bootstrap->socket_dir, bootstrap->ttrpc_address,
                                      fs::path(program).filename().string(), *tenant);
  const auto address = host::UnixAddress::Of(path);
  if (!address) return std::unexpected(address.error());
  if (auto made = MakeDirectories(bootstrap->socket_dir, 0711); !made) {
    return std::unexpected(std::move(made).error());
  }
  const auto lock = LockDirectory(bootstrap->socket_dir);
  if (!lock) return std::unexpected(lock.error());
  std::string result = WriteResult(bootstrap->dialect, path);
  if (host::ConnectUnix(path)) return result;
  const auto listener = Listen(*address);
  if (!listener) return std::unexpected(listener.error());
  auto resident = host::Process::Spawn(
      {.program = program,
       .arguments = {"-listen-fd", std::to_string(kPassedListener), "-ttrpc",
                     bootstrap->ttrpc_address, "-address", invocation.address, "serve"},
       .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
       .fds = {{.from = listener->get(), .to = kPassedListener}},
       .privileges = host::Privileges::kKeep});
  if (!resident) {
    ::unlink(path.c_str());
    return std::unexpected(std::move(resident).error());
  }
  resident->Detach();
  return result;
}

Result<std::string> Delete(const Invocation& invocation) {
  const Deadline deadline = In(kDeletePatience);
  const fs::path bundle = BundleOf(invocation);
  const std::string socket = SocketOf(bundle);
  Forget(invocation, bundle, socket);
  if (auto removed = RemoveByRuntime(invocation.id, bundle, deadline); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  if (auto removed = RemoveLeftGroup(bundle, Left(deadline)); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  RemoveLeftDisk(bundle);
  RemoveLeftZygotes(socket, deadline);
  UnmountRoot(bundle / "rootfs");
  RemovePod({.bundle = bundle, .network = {}});
  task_api::DeleteResponse response;
  if (const auto pid = ReadFile(bundle / "pid", kWords)) {
    response.set_pid(static_cast<std::uint32_t>(std::atoi(pid->c_str())));
  }
  response.set_exit_status(kKilled);
  SetTime(*response.mutable_exited_at(), SystemClock().WallNow());
  return response.SerializeAsString();
}

std::string Info() {
  const auto program = FindRunc();
  if (!program) return WriteInfo({});
  const auto ran =
      host::RunToEnd({.program = *program, .arguments = {"features"}}, kInfoPatience, kWords);
  return WriteInfo(ran && ran->status.success() ? ran->out : std::string());
}

}  // namespace strata::kube::shim
