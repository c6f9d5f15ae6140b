#include "sandbox/wasm/engine/ticker.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace strata::sandbox::wasm {
namespace {

constexpr long kTickNanoseconds = 1'000'000;

void OnTick(int /*signal*/, siginfo_t* info, void* /*context*/) {
  // A SIGRTMIN that somebody sent by hand carries no engine of ours.
  if (info->si_code != SI_TIMER) return;
  static_cast<const Engine*>(info->si_value.sival_ptr)->Tick();
}

}  // namespace

Result<void> Ticker::Make() {
  struct sigaction action{};
  action.sa_sigaction = OnTick;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  if (::sigaction(SIGRTMIN, &action, nullptr) != 0) return FailErrno("sigaction SIGRTMIN", errno);

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = ::gettid();  // glibc 2.36 has no sigev_notify_thread_id yet
  event.sigev_value.sival_ptr = const_cast<Engine*>(&engine_);
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
    return Fail(Errc::kResourceExhausted, FailErrno("timer_create", errno).error().message);
  }
  made_ = true;
  return {};
}

Result<void> Ticker::Arm() {
  if (!made_) {
    if (auto made = Make(); !made) return made;
  }
  const itimerspec every{.it_interval = {0, kTickNanoseconds}, .it_value = {0, kTickNanoseconds}};
  if (::timer_settime(timer_, 0, &every, nullptr) != 0) return FailErrno("timer_settime", errno);
  return {};
}

void Ticker::Disarm() noexcept {
  const itimerspec never{};
  if (made_) ::timer_settime(timer_, 0, &never, nullptr);
}

Ticker::~Ticker() {
  if (made_) ::timer_delete(timer_);
}

}  // namespace strata::sandbox::wasm
