#include "kube/shim/microvm/disks.h"

#include <atomic>
#include <memory>
#include <utility>

namespace strata::kube::shim {
namespace {

constexpr std::size_t kAtOnce = 4;
constexpr std::size_t kMostLeftBehind = 4;  // of a tenant

}  // namespace

Disks::Disks(Loop& loop, Patience patience)
    : loop_(loop), patience_(patience), turns_(loop, kAtOnce), of_tenants_(loop) {}

Task<Fd> Disks::Make(std::string tenant, Look look, MakeOf make) {
  const auto of_tenant = co_await of_tenants_.Take(tenant);
  if (!of_tenant) co_return std::unexpected(of_tenant.error());
  const auto left = at_work_.find(tenant);
  if (left != at_work_.end() && left->second >= kMostLeftBehind) {
    co_return Fail(Errc::kResourceExhausted,
                   "class microvm: " + std::to_string(left->second) +
                       " containers of this namespace wait for mounts that do not answer: mend or "
                       "unmount these first");
  }
  auto trees = co_await RunFor<Trees>(patience_.look, tenant, sandbox::WorkerMounts::kShared,
                                      std::move(look));
  if (!trees) co_return std::unexpected(std::move(trees).error());
  const auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  std::move_only_function<Result<Fd>()> rest =
      [make = std::move(make), trees = std::move(*trees)]() mutable { return make(trees); };
  co_return co_await RunFor<Fd>(patience_.make, tenant, sandbox::WorkerMounts::kOwn,
                                std::move(rest));
}

template <typename T>
Task<T> Disks::RunFor(std::chrono::milliseconds patience, std::string tenant,
                      sandbox::WorkerMounts mounts, std::move_only_function<Result<T>()> job) {
  auto worker = sandbox::Worker::Start(mounts);
  if (!worker) co_return std::unexpected(std::move(worker).error());
  const auto answer = std::make_shared<Promise<T>>(loop_);
  const auto late = std::make_shared<std::atomic<bool>>(false);
  // What comes too late is let go of on its thread: to close a dead mount may take as long.
  std::move_only_function<Result<T>()> watched = [job = std::move(job), late]() mutable {
    auto done = job();
    return late->load() ? Result<T>(Fail(Errc::kDeadlineExceeded, "too late")) : std::move(done);
  };
  ++at_work_[tenant];
  Spawn(loop_, Finish<T>(std::move(tenant), std::move(*worker), std::move(watched), answer));
  auto done = co_await answer->Wait(patience);
  if (done || answer->ready()) co_return done;
  late->store(true);
  co_return Fail(Errc::kDeadlineExceeded,
                 "class microvm: no disk after " + std::to_string(patience.count()) +
                     " ms: the server of a mount that is copied may not answer");
}

template <typename T>
Awaitable<void> Disks::Finish(std::string tenant, std::unique_ptr<sandbox::Worker> worker,
                              std::move_only_function<Result<T>()> job, Answer<T> answer) {
  auto done = co_await worker->Run(std::move(job));
  answer->Set(std::move(done));
  if (--at_work_[tenant] == 0) at_work_.erase(tenant);
}

}  // namespace strata::kube::shim
