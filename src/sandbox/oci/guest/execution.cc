#include "sandbox/oci/guest/execution.h"

#include <csignal>
#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "host/process/terminal.h"
#include "sandbox/start_failure.h"

namespace strata::sandbox::oci {

OciExecution::OciExecution(Shared& shared, Bundle& bundle, std::string name, std::string words,
                           host::Process runtime, Fd terminal)
    : shared_(shared),
      bundle_(bundle),
      name_(std::move(name)),
      words_(std::move(words)),
      runtime_(std::move(runtime)),
      terminal_(std::move(terminal)),
      timer_(shared.loop.get_executor()) {}

Task<int> OciExecution::Wait() {
  const auto self = shared_from_this();
  auto status = co_await runtime_.Wait();
  if (!status) co_return std::unexpected(std::move(status).error());  // nobody waits any longer
  over_ = true;
  timer_.cancel();
  terminal_.Reset();
  // The program has ended, but others of its session may go on.
  if (ending_) Signal(SIGKILL);
  std::move_only_function<Result<std::optional<std::string>>()> finish =
      [&bundle = bundle_, name = name_]() -> Result<std::optional<std::string>> {
    return bundle.FinishExec(name);
  };
  auto complaint = co_await shared_.worker->Run(std::move(finish));
  if (status->kind == host::ExitStatus::Kind::kSignaled) {
    co_return Fail(Errc::kUnavailable,
                   (ending_ ? "it was ended: " : "the sandbox ended: ") + status->ToString());
  }
  if (!status->success() && !ending_ && complaint && *complaint) {
    co_return std::unexpected(StartFailure("run " + words_ + ": " + **complaint));
  }
  co_return status->value;
}

// The kernel tells the runtime, which has the terminal, and that tells the program.
void OciExecution::Resize(host::TerminalSize size) noexcept {
  if (terminal_.valid()) static_cast<void>(host::SetSize(terminal_, size));
}

void OciExecution::End() noexcept {
  if (over_ || std::exchange(ending_, true)) return;
  Spawn(shared_.loop, EndInSteps(shared_from_this()));
}

// `self` keeps us, and we touch the bundle only while Wait has not returned.
Awaitable<void> OciExecution::EndInSteps(std::shared_ptr<OciExecution> self) {
  Signal(terminal_.valid() ? SIGHUP : SIGTERM);
  co_await Pause(shared_.config.exec_grace);
  if (over_) co_return;
  Signal(SIGKILL);
  co_await Pause(shared_.config.exec_grace);
  // What left the session may hold its streams open: the runtime would wait for that.
  if (!over_) static_cast<void>(runtime_.Kill(SIGKILL));
  static_cast<void>(self);
}

Awaitable<void> OciExecution::Pause(Duration duration) {
  timer_.expires_after(duration);
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(kAwait, ignored));
}

void OciExecution::Signal(int signal) {
  shared_.worker->Post(
      [&bundle = bundle_, name = name_, signal] { bundle.SignalExec(name, signal); });
}

}  // namespace strata::sandbox::oci
