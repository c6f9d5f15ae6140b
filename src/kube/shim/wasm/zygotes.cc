#include "kube/shim/wasm/zygotes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <set>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/turns.h"
#include "base/files/fd.h"
#include "base/sha256.h"
#include "base/text/byte_view.h"
#include "host/process/fdpass.h"
#include "host/process/orphans.h"
#include "host/process/pipe.h"
#include "host/process/sibling.h"

namespace strata::kube::shim {
namespace {

constexpr std::chrono::seconds kLinger{5};     // after its last container
constexpr std::chrono::seconds kPatience{30};  // for an answer
constexpr int kOomScore = 800;                 // one that is killed hurts no container

constexpr std::size_t kShortName = 24;

// Of a tenant.
constexpr std::size_t kMostZygotes = 16;
constexpr Bytes kMostCode = 1024_MiB;
// Of one zygote: it writes to little of the code that it maps. Its children are in its group until
// they are moved.
constexpr host::CgroupLimits kLimits{.memory = 512_MiB, .cpu_millis = 0, .pids = 64};

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

// Ours does not block.
Result<host::SocketPair> MakeSocket() {
  auto made = host::MakeSocketPair(SOCK_SEQPACKET);
  if (made && ::fcntl(made->ours.get(), F_SETFL, O_NONBLOCK) != 0) {
    return FailErrno("socketpair", errno);
  }
  return made;
}

Error Gone(const std::string& what) { return {Errc::kUnavailable, "zygote: " + what}; }

}  // namespace

struct WasmZygotes::Zygote {
  Zygote(Loop& loop, Key of, std::unique_ptr<host::Cgroup> in, host::Process running,
         host::Kinship its, Fd ours)
      : key(std::move(of)),
        group(std::move(in)),
        process(std::move(running)),
        kinship(std::move(its)),
        socket(loop.get_executor(), ours.Release()),
        turns(loop, 1),
        linger(loop.get_executor()) {}

  const Key key;
  const std::unique_ptr<host::Cgroup> group;  // until nobody uses it
  host::Process process;
  const host::Kinship kinship;  // read before it was asked for anything
  // Registered with the loop once: a copy that is closed would be told of to whoever comes next.
  Descriptor socket;
  Turns turns;  // one request at a time
  std::size_t uses = 0;
  Timer linger;
  std::set<std::pair<std::string, std::uint32_t>> images;  // that it has taken, by module and slots
  Bytes code;                                              // of them
};

Task<WasmZygotes::Child> WasmZygotes::Start(Wanted wanted) {
  Error last;
  // One may have died before, or have as many modules as it can.
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto found = Find(wanted);
    if (!found) co_return std::unexpected(std::move(found).error());
    if (auto room = CheckRoom(**found, wanted); !room) co_return std::unexpected(room.error());
    auto use = Use(*found);
    auto process = co_await Ask(*found, wanted);
    if (process) {
      Zygote& zygote = **found;
      if (zygote.images.emplace(wanted.request.module, wanted.request.slots).second) {
        zygote.code = zygote.code + wanted.code;
      }
      Child child{.process = std::move(*process), .use = std::move(use)};
      co_return child;
    }
    last = process.error();
    if (last.code != Errc::kUnavailable) break;
    Forget(*found);
  }
  co_return std::unexpected(std::move(last));
}

Result<std::shared_ptr<WasmZygotes::Zygote>> WasmZygotes::Find(const Wanted& wanted) {
  auto user = wanted.user;
  if (!user && ::geteuid() == 0) user = cell::CellUser(program_.instance, wanted.tenant);
  Key key(wanted.tenant, user ? user->uid : ::geteuid(), user ? user->gid : ::getegid());
  const auto at = zygotes_.find(key);
  if (at != zygotes_.end()) return at->second;
  return Make(wanted, std::move(key));
}

Result<void> WasmZygotes::CheckRoom(const Zygote& zygote, const Wanted& wanted) const {
  if (zygote.images.contains({wanted.request.module, wanted.request.slots})) return {};
  Bytes all = wanted.code;
  for (const auto& each : living_) {
    if (std::get<0>(each->key) == wanted.tenant) all = all + each->code;
  }
  if (all <= kMostCode) return {};
  return Fail(Errc::kResourceExhausted,
              "class wasm: the modules of this namespace's containers have more than " +
                  std::to_string(kMostCode.count >> 20) + " MiB of code; end some of them first");
}

Result<std::unique_ptr<host::Cgroup>> WasmZygotes::MakeGroup() {
  auto group = groups_.Make(std::to_string(++made_));
  if (!group) return group;
  if (auto limited = (*group)->Limit(kLimits); !limited) {
    return std::unexpected(std::move(limited).error());
  }
  return group;
}

Result<std::shared_ptr<WasmZygotes::Zygote>> WasmZygotes::Make(const Wanted& wanted, Key key) {
  const auto of_tenant = std::ranges::count_if(
      living_, [&](const auto& each) { return std::get<0>(each->key) == wanted.tenant; });
  if (static_cast<std::size_t>(of_tenant) >= kMostZygotes) {
    return Fail(Errc::kResourceExhausted,
                "class wasm: this namespace's containers come from " +
                    std::to_string(kMostZygotes) +
                    " processes already, one for each user and group and for 64 modules: have "
                    "fewer users, or end some of them first");
  }
  auto group = MakeGroup();
  if (!group) return Wrap(std::move(group).error(), "zygote");
  auto ends = MakeSocket();
  if (!ends) return std::unexpected(std::move(ends).error());
  auto options = cell::CellSpawnOptions(program_, wanted.tenant, {"--role=command"});
  if (wanted.user) options.identity = wanted.user;
  options.fds = {{.from = ends->theirs.get(), .to = cell::kZygoteFd}};
  // Else each child would look up and write down the functions that it calls.
  options.environment.emplace_back("LD_BIND_NOW=1");
  // Its children get it from their own parent, who is ours as well.
  options.parent_death_signal = SIGKILL;
  options.oom_score_adjust = kOomScore;
  options.cgroups = (*group)->directories();
  auto process = host::Process::Spawn(options);
  if (!process) return std::unexpected(std::move(process).error());
  auto kinship = host::KinshipOf(process->pid());
  if (!kinship) return std::unexpected(std::move(kinship).error());
  auto made = std::make_shared<Zygote>(loop_, key, std::move(*group), std::move(*process),
                                       std::move(*kinship), std::move(ends->ours));
  zygotes_[std::move(key)] = made;
  living_.push_back(made);
  Spawn(loop_, Watch(made));
  return made;
}

Awaitable<void> WasmZygotes::Watch(std::shared_ptr<Zygote> zygote) {
  static_cast<void>(co_await zygote->process.Wait());
  Forget(zygote);
  std::erase(living_, zygote);
}

std::shared_ptr<const void> WasmZygotes::Use(const std::shared_ptr<Zygote>& zygote) {
  ++zygote->uses;
  zygote->linger.cancel();
  return {zygote.get(), [this, zygote](const void*) {
            if (--zygote->uses == 0) EndWhenUnused(zygote);
          }};
}

void WasmZygotes::EndWhenUnused(const std::shared_ptr<Zygote>& zygote) {
  zygote->linger.expires_after(kLinger);
  zygote->linger.async_wait([this, zygote](boost::system::error_code cancelled) {
    if (cancelled || zygote->uses > 0) return;
    Forget(zygote);
    // Watch sees its end.
    static_cast<void>(zygote->process.Kill(SIGKILL));
  });
}

void WasmZygotes::Forget(const std::shared_ptr<Zygote>& zygote) {
  const auto at = zygotes_.find(zygote->key);
  if (at != zygotes_.end() && at->second == zygote) zygotes_.erase(at);
}

Task<host::Process> WasmZygotes::Ask(std::shared_ptr<Zygote> zygote, const Wanted& wanted) {
  auto turn = co_await zygote->turns.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  const std::string text = cell::ToText(wanted.request);
  const host::ExpectedOrphan expected;
  const auto sent = host::SendWithFds(zygote->socket.native_handle(), AsBytes(text), wanted.fds);
  if (!sent) co_return std::unexpected(Gone(sent.error().message));
  if (*sent == 0) co_return std::unexpected(Gone("it takes no requests"));
  Timer watchdog(loop_.get_executor());
  watchdog.expires_after(kPatience);
  watchdog.async_wait([zygote](boost::system::error_code cancelled) {
    if (!cancelled) static_cast<void>(zygote->process.Kill(SIGKILL));
  });
  std::vector<std::byte> buffer(cell::kZygotePacket.count);
  Result<host::Received> got;
  do {
    boost::system::error_code failed;
    co_await zygote->socket.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    got = failed ? std::unexpected(Gone(failed.message()))
                 : host::ReceiveWithFds(zygote->socket.native_handle(), buffer);
  } while (got && got->state == host::Received::State::kWouldBlock);
  watchdog.cancel();
  // There may be a child that will wait for what the caller holds: it is not asked for again.
  if (!got || got->state != host::Received::State::kData) {
    Forget(zygote);
    static_cast<void>(zygote->process.Kill(SIGKILL));
    co_return Fail(Errc::kInternal, "zygote: it ended before it answered");
  }
  const auto pid = cell::ReadZygoteAnswer(AsText(ByteView(buffer).first(got->size)));
  if (!pid) co_return std::unexpected(pid.error());
  auto adopted = host::AdoptSibling(*pid, zygote->kinship);
  if (!adopted) co_return Wrap(std::move(adopted).error(), "zygote");
  co_return adopted;
}

Result<host::Cgroups> FindZygoteGroups(const std::string& socket) {
  return host::Cgroups::Find("strata-zygotes-" + Sha256Hex(socket).substr(0, kShortName));
}

}  // namespace strata::kube::shim
