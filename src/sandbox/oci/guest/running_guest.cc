#include "sandbox/oci/guest/running_guest.h"

#include <csignal>
#include <functional>
#include <utility>

namespace strata::sandbox::oci {

using model::Exit;
using model::ExitReason;

namespace {

constexpr int kSignalBase = 128;
constexpr int kLastSignal = 64;

// A runtime that stays reports a guest's signal as shells do. A guest that returns such a code by
// itself cannot be told from it.
host::ExitStatus AsGuest(const host::ExitStatus& runtime) {
  using Kind = host::ExitStatus::Kind;
  const int signal = runtime.value - kSignalBase;
  if (runtime.kind != Kind::kExited || signal < 1 || signal > kLastSignal) return runtime;
  return {Kind::kSignaled, signal};
}

}  // namespace

void RunningGuest::Begin(host::Process runtime, WakeEvent& changed) {
  runtime_ = std::move(runtime);
  found_ = shared_.runtime.stays();
  watch_.Start(shared_.loop, Watch(changed), changed);
}

Awaitable<void> RunningGuest::Watch(WakeEvent& changed) {
  auto status = co_await runtime_->Wait();
  if (!status) {
    ended_.emplace(std::unexpected(std::move(status).error()));
    co_return;
  }
  if (shared_.runtime.stays()) {
    auto good = bundle_.CheckRuntime(*status);
    if (good) {
      ended_.emplace(AsGuest(*status));
    } else {
      ended_.emplace(std::unexpected(std::move(good).error()));
    }
    co_return;
  }
  std::move_only_function<Result<host::Process>()> find = [&bundle = bundle_, runtime = *status] {
    return bundle.Guest(runtime);
  };
  auto guest = co_await shared_.worker->Run(std::move(find));
  if (!guest) {
    ended_.emplace(std::unexpected(std::move(guest).error()));
    co_return;
  }
  guest_ = std::move(*guest);
  found_ = true;
  if (doomed_) KillAll();  // while it was being started
  changed.Wake();
  ended_.emplace(co_await guest_->Wait());
}

// Not the runtime: it ends by itself when its container dies, and only it can reap that. What it
// starts all the same is killed when Watch finds it.
void RunningGuest::KillAll() {
  doomed_ = true;
  if (guest_) static_cast<void>(guest_->Kill(SIGKILL));
  bundle_.Kill();
}

void RunningGuest::Terminate() {
  if (guest_) {
    static_cast<void>(guest_->Kill(SIGTERM));
  } else if (shared_.runtime.stays()) {
    shared_.worker->Post([&bundle = bundle_] { bundle.Terminate(); });
  }
}

Result<Exit> RunningGuest::TakeExit(bool condemned, bool out_of_memory) {
  Exit exit;
  if (!ended_->has_value()) {
    if (!condemned && !out_of_memory) return std::unexpected(std::move(*ended_).error());
    exit.reason = ExitReason::kViolation;
  } else if ((*ended_)->kind == host::ExitStatus::Kind::kUnknown) {
    return Fail(Errc::kInternal, "the guest's exit status went to somebody else");
  } else if ((*ended_)->kind == host::ExitStatus::Kind::kSignaled) {
    exit.reason = ExitReason::kViolation;
    exit.detail = (*ended_)->ToString();
  } else {
    exit.status = (*ended_)->value;
  }
  const bool well = exit.reason == ExitReason::kReturned && exit.status == 0;
  if (out_of_memory && !well) {
    exit = {.reason = ExitReason::kLimit, .status = 0, .detail = "memory", .usage = {}};
  }
  return exit;
}

}  // namespace strata::sandbox::oci
