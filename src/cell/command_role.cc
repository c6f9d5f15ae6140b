#include "cell/command_role.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/byte_view.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/task.h"
#include "cell/command_plan.h"
#include "http/exchange.h"
#include "sandbox/driver.h"
#include "sandbox/wasm/directories.h"
#include "sandbox/wasm/driver.h"
#include "sandbox/wasm/program.h"

namespace strata::cell {
namespace {

using model::ExitReason;

constexpr int kFailed = 1;
constexpr int kTrapped = 128 + SIGABRT;
constexpr int kOverLimit = 128 + SIGKILL;
constexpr int kStatusMask = 0xff;  // of an exit status the kernel keeps this
constexpr std::chrono::hours kForever{24 * 365 * 100};
// The engine adds to it.
constexpr Bytes kUnbounded{std::numeric_limits<std::uint64_t>::max() / 2};

// Standard input. Never blocks: a guest may wait for other things, too.
class Input final : public http::BodySource {
 public:
  Result<std::size_t> TryRead(std::span<std::byte> to) override {
    pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (ended_ || ::poll(&ready, 1, 0) <= 0) return 0;
    const ssize_t got = ::read(STDIN_FILENO, to.data(), to.size());
    if (got < 0 && errno == EINTR) return 0;
    if (got < 0) return FailErrno("standard input", errno);
    ended_ = got == 0;
    return static_cast<std::size_t>(got);
  }

  [[nodiscard]] bool ended() const noexcept override { return ended_; }

  Task<void> Readable() override {
    using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
    Fd copy(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!copy.valid()) co_return FailErrno("standard input", errno);
    Descriptor input(co_await asio::this_coro::executor, copy.Release());
    boost::system::error_code ignored;
    co_await input.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, ignored));
    co_return Result<void>();
  }

 private:
  bool ended_ = false;
};

// Standard output and error. Blocks the process, which has nothing else to do.
class Output final : public http::ResponseSink, public sandbox::LogSink {
 public:
  Result<void> Head(http::ResponseHead /*head*/) override {
    return Fail(Errc::kFailedPrecondition, "a program's output has no head");
  }

  Result<std::size_t> TryWrite(std::span<const std::byte> from) override {
    if (auto written = WriteAll(STDOUT_FILENO, AsText(from)); !written) {
      return std::unexpected(std::move(written).error());
    }
    return from.size();
  }

  Task<void> Writable() override { co_return Result<void>(); }
  [[nodiscard]] bool head_sent() const noexcept override { return true; }

  void Write(sandbox::Stream /*stream*/, std::string_view text) override {
    static_cast<void>(WriteAll(STDERR_FILENO, text));
  }
};

Result<CommandPlan> ReadPlan() {
  auto text = ReadFile("/proc/self/fd/" + std::to_string(kCommandPlanFd), 8_MiB);
  if (!text) return std::unexpected(std::move(text).error());
  return ReadCommandPlan(*text);
}

sandbox::Spec SpecOf(const CommandPlan& plan, const AllowedPaths& allowed, Output& output) {
  sandbox::Spec spec;
  spec.id = "command";
  spec.limits.memory = plan.memory;
  spec.limits.cpu_time = kForever;
  spec.limits.timeout = kForever;
  spec.limits.request = kUnbounded;
  spec.limits.response = kUnbounded;
  for (const GivenVolume& volume : allowed.volumes) {
    spec.grants.dirs.push_back(
        {.host = volume.image, .guest = volume.image, .mode = volume.mode, .size = {}});
  }
  spec.env = plan.environment;
  spec.effects.logs = &output;
  return spec;
}

// False: nobody wants it any more.
bool MayBegin() {
  char byte = 0;
  ssize_t got = 0;
  while ((got = ::read(kCommandBeginFd, &byte, 1)) < 0 && errno == EINTR) {
  }
  return got == 1;
}

int Say(const std::string& what, int code) {
  std::fprintf(stderr, "strata-cell: %s\n", what.c_str());
  return code;
}

int CodeOf(const model::Exit& exit) {
  switch (exit.reason) {
    case ExitReason::kReturned:
      return exit.status & kStatusMask;
    case ExitReason::kLimit:
      return Say("the command is over its limit: " + exit.detail, kOverLimit);
    case ExitReason::kViolation:
      return Say(exit.detail, kTrapped);
    default:
      return Say("the command was stopped: " + exit.detail, kFailed);
  }
}

class Command {
 public:
  Command(Loop& loop, const AllowedPaths& allowed) : loop_(loop), allowed_(allowed) {}

  // Loads it, all but running it.
  Result<void> Load() {
    auto plan = ReadPlan();
    if (!plan) return Wrap(std::move(plan).error(), "plan");
    auto directories = std::make_shared<sandbox::wasm::Directories>();
    for (const GivenVolume& volume : allowed_.volumes) {
      directories->AddVolume(volume.image, volume.mode, Fd(volume.fd));
    }
    sandbox::wasm::Config config;
    config.max_sandboxes = 1;
    config.max_memory = kCommandMemory;
    config.directories = std::move(directories);
    config.ca_bundle.clear();
    auto driver = sandbox::wasm::WasmDriver::Create(loop_, clock_, config);
    if (!driver) return Wrap(std::move(driver).error(), "start the engine");
    driver_ = std::move(*driver);
    auto image = driver_->Prepare(Fd(kCommandCodeFd));
    if (!image) return Wrap(std::move(image).error(), "load the command");
    if ((*image)->kind() != model::GuestKind::kCommand) {
      return Fail(Errc::kUnsupported, "this is no WASI command");
    }
    auto made = (*image)->Create(SpecOf(*plan, allowed_, output_));
    if (!made) return Wrap(std::move(made).error(), "make the sandbox");
    sandbox_ = std::move(*made);
    arguments_ = std::move(plan->arguments);
    return {};
  }

  Awaitable<void> Run() {
    const http::RequestHead nothing;
    sandbox::Call call{.head = nothing,
                       .body = input_,
                       .sink = output_,
                       .deadline = TimePoint::max(),
                       .trace = {},
                       .exchange = nullptr};
    const auto ended = co_await sandbox::wasm::RunProgram(*sandbox_, arguments_, call);
    code_ = ended ? CodeOf(*ended) : Say(ended.error().message, kFailed);
    loop_.stop();  // the engine's timer would go on for a while
  }

  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  Loop& loop_;
  const AllowedPaths& allowed_;
  SystemClock clock_;
  Input input_;
  Output output_;
  std::unique_ptr<sandbox::wasm::WasmDriver> driver_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::vector<std::string> arguments_;
  int code_ = kFailed;
};

}  // namespace

int RunCommandRole(const CommandOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto confined = Confine(Role::kHost, options.allowed, options.missing);
  if (!confined) return Say(confined.error().message, kFailed);
  Loop loop(1);
  Command command(loop, options.allowed);
  if (auto loaded = command.Load(); !loaded) return Say(loaded.error().message, kFailed);
  if (!MayBegin()) return kFailed;
  Spawn(loop, command.Run());
  loop.run();
  std::_Exit(command.code());
}

}  // namespace strata::cell
