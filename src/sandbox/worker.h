// sandbox/worker.h - the one thread beside the loop, for system calls that may block:
// mounting, starting the runtime, removing. It lives in a mount namespace of its own, so that the
// sandboxes' file systems are seen by nobody else and vanish with this process, however it ends;
// or in the process's, when others have to see them.
//
//   loop --Run(job)--> queue --> thread (private mounts) --result--> loop
//
// Threads:  Run and Post on the loop; jobs on the thread, one after the other in the order given.
// Lifetime: the destructor does the jobs that wait, then ends the thread. A job may outlive the
//           coroutine that waits for it, whose loop ends: it must own, or keep alive, what it uses.
// Tested by worker_test.cc, and by tests/contract through the drivers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/files/files.h"

namespace strata::sandbox {

enum class WorkerMounts : std::uint8_t { kOwn, kShared };

class Worker {
 public:
  // Fails with kPermissionDenied (not root) or FailErrno's codes when there is no own mount
  // namespace to be had, with kResourceExhausted when there is no thread.
  static Result<std::unique_ptr<Worker>> Start(WorkerMounts mounts = WorkerMounts::kOwn);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Queues `job`, whose result nobody waits for. May be called on any thread.
  void Post(std::move_only_function<void()> job);

  // Does `job` on the thread and waits for it on the loop of the calling coroutine. Cancellation
  // does not shorten the wait.
  template <typename T>
  Task<T> Run(std::move_only_function<Result<T>()> job);

  // The same, blocking the calling thread.
  template <typename T>
  Result<T> RunBlocking(std::move_only_function<Result<T>()> job);

 private:
  // What a job leaves for its coroutine; whoever lets go last destroys it.
  template <typename T>
  struct Answer {
    Fd ready;  // an eventfd, readable once `there`
    std::optional<Result<T>> result;
    std::atomic<bool> there = false;
  };

  Worker() = default;
  static Result<Fd> MakeEvent();
  static void Signal(const Fd& event);
  void Loop(WorkerMounts mounts, std::promise<Result<void>> started);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

template <typename T>
Task<T> Worker::Run(std::move_only_function<Result<T>()> job) {
  auto event = MakeEvent();
  if (!event) co_return std::unexpected(std::move(event).error());
  auto copy = DuplicateFd(*event);
  if (!copy) co_return std::unexpected(std::move(copy).error());
  auto answer = std::make_shared<Answer<T>>();
  answer->ready = std::move(*event);
  Post([answer, job = std::move(job)]() mutable {
    answer->result.emplace(job());
    job = nullptr;
    answer->there.store(true, std::memory_order_release);
    Signal(answer->ready);
  });
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  Descriptor ready(co_await asio::this_coro::executor, copy->Release());
  boost::system::error_code ignored;
  // A cancelled wait ends early once; what the job uses may be the coroutine's own.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!answer->there.load(std::memory_order_acquire)) {
    co_await ready.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, ignored));
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return std::move(*answer->result);
}

template <typename T>
Result<T> Worker::RunBlocking(std::move_only_function<Result<T>()> job) {
  std::promise<Result<T>> promise;
  auto future = promise.get_future();
  Post([&promise, &job] { promise.set_value(job()); });
  return future.get();
}

}  // namespace strata::sandbox
