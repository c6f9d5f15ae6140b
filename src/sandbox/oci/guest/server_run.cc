#include "sandbox/oci/guest/server_run.h"

#include <functional>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace strata::sandbox::oci {

using model::Exit;
using model::ExitReason;

ServerRun::ServerRun(Shared& shared, Bundle& bundle, Network& network, const Spec& spec)
    : shared_(shared),
      bundle_(bundle),
      network_(network),
      spec_(spec),
      lines_(spec.effects.logs, Stream::kStdout),
      errors_(spec.effects.logs, Stream::kStderr),
      event_(shared.loop),
      out_(shared.loop.get_executor()),
      err_(shared.loop.get_executor()),
      guest_(shared, bundle) {}

void ServerRun::Stop() noexcept {
  stop_ = true;
  event_.Wake();
}

// A cancelled wait is a Stop: the container has to be ended and the helpers joined.
Task<Exit> ServerRun::Run() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  auto exit = co_await Supervise();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return exit;
}

Task<Exit> ServerRun::Supervise() {
  const TimePoint begun = shared_.clock.Now();
  if (auto open = co_await network_.Open(); !open) co_return std::unexpected(open.error());
  // A named job: gcc 12 destroys a capture twice when the lambda is a temporary of a co_await.
  std::move_only_function<Result<Starting>()> start = [&bundle = bundle_, env = spec_.env] {
    return bundle.Start(env, Purpose::kServer);
  };
  auto started = co_await shared_.worker->Run(std::move(start));
  if (!started) co_return std::unexpected(std::move(started).error());
  started->in.Reset();
  out_.assign(started->out.Release());
  err_.assign(started->err.Release());
  guest_.Begin(std::move(started->runtime), event_);
  out_helper_.Start(shared_.loop, CollectLines(out_, lines_), event_);
  err_helper_.Start(shared_.loop, CollectLines(err_, errors_), event_);

  while (guest_.running()) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) stop_ = true;
    if (stop_ && guest_.found() && !std::exchange(stopping_, true)) {
      // What is frozen cannot finish: at once, as the worker may be busy with others, and again
      // behind a freeze that is under way there.
      static_cast<void>(bundle_.SetPaused(false));
      shared_.worker->Post([&bundle = bundle_] { static_cast<void>(bundle.SetPaused(false)); });
      guest_.Terminate();
      grace_.Start(shared_.loop, KillAfterGrace(), event_);
    }
    co_await event_.Wait();
  }
  grace_.Cancel();
  // Others of its processes may hold the streams open: they end with it.
  guest_.KillAll();
  while (out_helper_.running() || err_helper_.running() || grace_.running()) {
    co_await event_.Wait();
  }
  const auto used = bundle_.usage();
  auto exit = guest_.TakeExit(stopping_, used && used->oom_kills > 0);
  if (!exit) co_return exit;
  if (stopping_) {
    exit->reason = ExitReason::kStopped;
    exit->detail = "stopped";
  }
  if (used) exit->usage = {.cpu = used->cpu, .wall = {}, .memory_peak = used->memory_peak};
  exit->usage.wall = shared_.clock.Now() - begun;
  co_return exit;
}

Awaitable<void> ServerRun::KillAfterGrace() {
  Timer timer(shared_.loop.get_executor(), spec_.stop_grace);
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(kAwait, cancelled));
  if (!cancelled) guest_.KillAll();
}

}  // namespace strata::sandbox::oci
