#include "sandbox/oci/guest/started_guest.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "sandbox/agent_gate.h"

namespace strata::sandbox::oci {
namespace {

constexpr std::chrono::seconds kGatePatience{30};

// What it complained about, if it did by now.
std::string Words(int from) {
  std::array<char, 400> text{};
  const ssize_t got = ::read(from, text.data(), text.size());
  std::string words(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (words.ends_with('\n')) words.pop_back();
  return words.empty() ? "it said nothing" : words;
}

Awaitable<void> EndAll(std::shared_ptr<Shared> /*shared*/, OwnedBundle bundle,
                       std::unique_ptr<StartedGuest> guest) {
  guest->guest.KillAll();
  while (guest->guest.running()) co_await guest->event.Wait();
  guest.reset();
  bundle.reset();
}

}  // namespace

StartedGuest::StartedGuest(Shared& shared, Bundle& bundle)
    : event(shared.loop),
      in(shared.loop.get_executor()),
      out(shared.loop.get_executor()),
      err(shared.loop.get_executor()),
      guest(shared, bundle),
      shared_(shared),
      bundle_(bundle) {}

Task<void> StartedGuest::Start(model::Env env, Purpose purpose) {
  // A named job: gcc 12 destroys a capture twice when the lambda is a temporary of a co_await.
  std::move_only_function<Result<Starting>()> start =
      [&bundle = bundle_, env = std::move(env), purpose] { return bundle.Start(env, purpose); };
  auto started = co_await shared_.worker->Run(std::move(start));
  if (!started) co_return std::unexpected(std::move(started).error());
  in.assign(started->in.Release());
  out.assign(started->out.Release());
  err.assign(started->err.Release());
  guest.Begin(std::move(started->runtime), event);
  co_return Result<void>{};
}

Task<void> StartedGuest::AwaitGate() {
  // What takes too long is killed, and then its output ends.
  Timer timer(shared_.loop.get_executor());
  const auto late = std::make_shared<bool>(false);  // gone when nobody waits any more
  timer.expires_after(kGatePatience);
  timer.async_wait([this, weak = std::weak_ptr(late)](const boost::system::error_code& cancelled) {
    const auto waits = weak.lock();
    if (cancelled || !waits) return;
    *waits = true;
    guest.KillAll();
  });
  const bool waits = co_await ReadSign();
  while (guest.running() && !guest.found()) co_await event.Wait();
  timer.cancel();
  if (waits && guest.running()) co_return Result<void>{};
  guest.KillAll();
  while (guest.running()) co_await event.Wait();
  if (*late) co_return Fail(Errc::kDeadlineExceeded, "the guest was not ready in time");
  if (!guest.ended()->has_value()) co_return std::unexpected(guest.ended()->error());
  co_return Fail(Errc::kInternal, "the guest ended before its call: " + Words(err.native_handle()));
}

Awaitable<bool> StartedGuest::ReadSign() {
  char sign = 0;
  while (true) {
    const ssize_t got = ::read(out.native_handle(), &sign, 1);
    if (got >= 0) co_return got == 1 && sign == kAtGate;
    if (errno != EAGAIN) co_return false;
    boost::system::error_code failed;
    co_await out.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    if (failed) co_return false;
  }
}

void StartedGuest::End(std::shared_ptr<Shared> shared, OwnedBundle bundle,
                       std::unique_ptr<StartedGuest> guest) {
  Loop& loop = shared->loop;
  Spawn(loop, EndAll(std::move(shared), std::move(bundle), std::move(guest)));
}

}  // namespace strata::sandbox::oci
