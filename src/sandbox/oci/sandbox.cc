#include "sandbox/oci/sandbox.h"

#include <csignal>
#include <functional>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "sandbox/agent_dial.h"
#include "sandbox/oci/guest/execution.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::oci {
namespace {

Awaitable<void> AwaitEnd(host::Process process) { static_cast<void>(co_await process.Wait()); }

}  // namespace

OciSandbox::OciSandbox(std::shared_ptr<Shared> shared, OwnedBundle bundle, const Spec& spec)
    : shared_(std::move(shared)),
      bundle_(std::move(bundle)),
      spec_(spec),
      network_(*shared_, *bundle_, spec_) {
  ++shared_->metrics.sandboxes;
  ++shared_->metrics.sandboxes_live;
}

OciSandbox::~OciSandbox() {
  --shared_->metrics.sandboxes_live;
  if (waiting_) StartedGuest::End(shared_, std::move(bundle_), std::move(waiting_));
}

Result<void> OciSandbox::CheckFree() const {
  if (running_ == nullptr && serving_ == nullptr && !warming_ && !over_) return {};
  return Fail(Errc::kFailedPrecondition,
              "sandbox " + spec_.id + (over_ ? " has ended" : " is running already"));
}

Task<Bytes> OciSandbox::Warm() {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  if (shared_->config.agent.empty()) {
    co_return Fail(Errc::kUnsupported, "guests wait in strata-agent, which is not configured");
  }
  if (auto can = CheckWaiting(spec_.grants); !can) co_return std::unexpected(can.error());
  warming_ = true;
  auto guest = std::make_unique<StartedGuest>(*shared_, *bundle_);
  auto ready = co_await network_.Open();
  if (ready) ready = co_await guest->Start(spec_.env, Purpose::kLaterCall);
  if (ready) ready = co_await guest->AwaitGate();
  warming_ = false;
  if (!ready) co_return std::unexpected(std::move(ready).error());
  waiting_ = std::move(guest);
  const auto used = bundle_->usage();
  co_return used ? used->memory : Bytes{};
}

Task<model::Exit> OciSandbox::Invoke(Call& call) {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  auto waiting = std::move(waiting_);
  if (!waiting) waiting = std::make_unique<StartedGuest>(*shared_, *bundle_);
  OciCall running(*shared_, *bundle_, network_, spec_, call, std::move(waiting));
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  Settle(exit);
  co_return exit;
}

Task<Sandbox::TypedResult> OciSandbox::InvokeExport(std::string_view, std::span<const Value>,
                                                    TimePoint) {
  co_return Fail(Errc::kUnsupported, "a container has no typed exports");
}

void OciSandbox::Stop() noexcept {
  over_ = true;
  if (running_ != nullptr) running_->Stop();
  if (serving_ != nullptr) serving_->Stop();
}

Task<model::Exit> OciSandbox::Serve() {
  if (auto free = CheckFree(); !free) co_return std::unexpected(std::move(free).error());
  if (waiting_) co_return Fail(Errc::kFailedPrecondition, "it waits for a call");
  ServerRun serving(*shared_, *bundle_, network_, spec_);
  serving_ = &serving;
  auto exit = co_await serving.Run();
  serving_ = nullptr;
  over_ = true;
  if (exit) total_ += exit->usage;
  co_return exit;
}

Result<void> OciSandbox::CheckEntered() const {
  if (serving_ != nullptr && serving_->entered()) return {};
  return Fail(Errc::kUnavailable, "sandbox " + spec_.id + ": its server is not running");
}

Task<void> OciSandbox::SetPaused(bool paused) {
  if (auto entered = CheckEntered(); !entered) co_return entered;
  if (paused && over_) {  // what is frozen cannot finish
    co_return Fail(Errc::kUnavailable, "sandbox " + spec_.id + " is being stopped");
  }
  // Behind a pause, but not behind what else the worker does: that may be waiting for this.
  if (!paused && pausing_ == 0) co_return bundle_->SetPaused(false);
  std::move_only_function<Result<void>()> set = [&bundle = *bundle_, paused] {
    return bundle.SetPaused(paused);
  };
  ++pausing_;
  auto done = co_await shared_->worker->Run(std::move(set));
  --pausing_;
  co_return done;
}

Task<Load> OciSandbox::Measure() {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  std::move_only_function<Result<Load>()> measure = [&bundle = *bundle_]() -> Result<Load> {
    const auto used = bundle.usage();
    if (!used) return std::unexpected(used.error());
    return Load{.cpu = used->cpu, .memory = used->memory};
  };
  co_return co_await shared_->worker->Run(std::move(measure));
}

Task<Fd> OciSandbox::Dial(std::uint16_t port) {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  if (shared_->runtime.stays()) co_return co_await DialThroughAgent(port);
  std::move_only_function<Result<Fd>()> dial = [&bundle = *bundle_, port] {
    return bundle.Dial(port);
  };
  co_return co_await shared_->worker->Run(std::move(dial));
}

Task<Fd> OciSandbox::DialThroughAgent(std::uint16_t port) {
  if (shared_->config.agent.empty()) {
    co_return Fail(Errc::kUnsupported,
                   "ports of this class are reached by strata-agent, which "
                   "is not configured");
  }
  auto dial = MakeAgentDial(port);
  if (!dial) co_return std::unexpected(std::move(dial).error());
  auto process = co_await StartProgram(std::move(dial->program), "dial-" + std::to_string(port));
  if (!process) co_return std::unexpected(std::move(process).error());
  auto connection = co_await AwaitConnected(shared_->loop, std::move(dial->ours), port);
  // It lives as long as the connection, or the sandbox. Killed, it may end only when the sandbox is
  // resumed.
  if (!connection) static_cast<void>(process->Kill(SIGKILL));
  Spawn(shared_->loop, AwaitEnd(std::move(*process)));
  co_return connection;
}

Task<host::Process> OciSandbox::StartProgram(Program program, std::string name) {
  // A named job: gcc 12 destroys a capture twice when the lambda is a temporary of a co_await.
  std::move_only_function<Result<host::Process>()> start =
      [&bundle = *bundle_, env = spec_.env, program = std::move(program), name = std::move(name)] {
        return bundle.Exec(program, env, name);
      };
  co_return co_await shared_->worker->Run(std::move(start));
}

Task<std::shared_ptr<Execution>> OciSandbox::Exec(Program program) {
  if (auto entered = CheckEntered(); !entered) co_return std::unexpected(entered.error());
  if (program.args.empty()) co_return Fail(Errc::kInvalidArgument, "no program is named");
  Fd terminal;
  if (program.terminal) {
    auto copy = DuplicateFd(program.in);
    if (!copy) co_return std::unexpected(std::move(copy).error());
    terminal = std::move(*copy);
  }
  const std::string words = program.args.front();
  const std::string name = "exec-" + std::to_string(++execs_);
  auto process = co_await StartProgram(std::move(program), name);
  if (!process) co_return std::unexpected(std::move(process).error());
  co_return std::make_shared<OciExecution>(*shared_, *bundle_, name, words, std::move(*process),
                                           std::move(terminal));
}

void OciSandbox::Settle(const Result<model::Exit>& exit) {
  if (!exit) {
    over_ = true;
    ++shared_->metrics.failed;
    return;
  }
  shared_->metrics.Count(exit->reason);
  if (exit->reason != model::ExitReason::kReturned) over_ = true;
  total_ += exit->usage;
}

}  // namespace strata::sandbox::oci
