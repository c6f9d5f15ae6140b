#include "sandbox/worker.h"

#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace strata::sandbox {
namespace {

// Ours stay here; what the host unmounts is unmounted here, too, so that we pin nothing of it.
Result<void> EnterOwnMounts() {
  if (::unshare(CLONE_NEWNS) != 0) return FailErrno("own mount namespace", errno);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return FailErrno("keep mounts private", errno);
  }
  return {};
}

// Signals are the loop's business.
void BlockSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::Start(WorkerMounts mounts) {
  std::unique_ptr<Worker> worker(new Worker());
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  try {
    worker->thread_ =
        std::thread([&self = *worker, mounts, started = std::move(promise)]() mutable {
          self.Loop(mounts, std::move(started));
        });
  } catch (const std::system_error& error) {
    return Fail(Errc::kResourceExhausted, std::string("start a thread: ") + error.what());
  }
  if (auto started = future.get(); !started) return std::unexpected(std::move(started).error());
  return worker;
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::Post(std::move_only_function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

Result<Fd> Worker::MakeEvent() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return FailErrno("eventfd", errno);
  return event;
}

void Worker::Signal(const Fd& event) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event.get(), &one, sizeof(one));
}

void Worker::Loop(WorkerMounts mounts, std::promise<Result<void>> started) {
  BlockSignals();
  auto entered = mounts == WorkerMounts::kOwn ? EnterOwnMounts() : Result<void>();
  const bool usable = entered.has_value();
  started.set_value(std::move(entered));
  if (!usable) return;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
    lock.lock();
  }
}

}  // namespace strata::sandbox
