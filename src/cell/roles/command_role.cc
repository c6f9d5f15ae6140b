#include "cell/roles/command_role.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text/byte_view.h"
#include "cell/roles/command_plan.h"
#include "cell/roles/image_server.h"
#include "cell/roles/process_streams.h"
#include "host/files/memfd.h"
#include "http/message.h"
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

Result<CommandPlan> ReadPlan(const Fd& file) {
  const auto text = host::MapSealedMemfd(file.get());
  if (!text) return std::unexpected(text.error());
  return ReadCommandPlan(AsText(text->bytes()));
}

// The plan's; else what bounds the process bounds its guests, and only their memory has a bound of
// its own.
model::Limits LimitsOf(const CommandPlan& plan) {
  model::Limits limits;
  if (plan.limits) {
    limits = *plan.limits;
    limits.memory = std::min(limits.memory, plan.memory);
    return limits;
  }
  limits.memory = plan.memory;
  limits.cpu_time = kForever;
  limits.timeout = kForever;
  limits.request = kUnbounded;
  limits.response = kUnbounded;
  limits.concurrency = SlotsOf(plan);
  return limits;
}

model::Grants GrantsOf(const AllowedPaths& allowed) {
  model::Grants grants;
  for (const GivenVolume& volume : allowed.volumes) {
    grants.dirs.push_back(
        {.host = volume.image, .guest = volume.image, .mode = volume.mode, .size = {}});
  }
  return grants;
}

// False: nobody wants it any more.
bool MayGoOn(const Fd& begin) {
  char byte = 0;
  ssize_t got = 0;
  while ((got = ::read(begin.get(), &byte, 1)) < 0 && errno == EINTR) {
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

class Process {
 public:
  Process(Loop& loop, CommandOptions& options) : loop_(loop), options_(options) {}

  // Loads it, all but running it.
  Result<void> Load() {
    auto plan = ReadPlan(options_.plan);
    if (!plan) return Wrap(std::move(plan).error(), "plan");
    plan_ = std::move(*plan);
    auto config = CommandConfig(SlotsOf(plan_));
    config.directories = std::make_shared<sandbox::wasm::Directories>();
    for (const GivenVolume& volume : options_.allowed.volumes) {
      config.directories->AddVolume(volume.image, volume.mode, Fd(volume.fd));
    }
    driver_ =
        sandbox::wasm::WasmDriver::On(std::move(options_.loaded.engine), loop_, clock_, config);
    auto image = driver_->Take(std::move(options_.loaded.image));
    const auto kind = plan_.listeners > 0 ? model::GuestKind::kHttp : model::GuestKind::kCommand;
    if (image->kind() != kind) {
      return Fail(Errc::kUnsupported, "this is no " + std::string(model::GuestKindName(kind)));
    }
    return plan_.listeners > 0 ? LoadServer(std::move(image)) : LoadCommand(*image);
  }

  void Begin() { Spawn(loop_, server_ ? Serve() : Run()); }
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  Result<void> LoadCommand(sandbox::Image& image) {
    sandbox::Spec spec;
    spec.id = "command";
    spec.limits = LimitsOf(plan_);
    spec.grants = GrantsOf(options_.allowed);
    spec.env = plan_.environment;
    spec.effects.logs = &output_;
    auto made = image.Create(spec);
    if (!made) return Wrap(std::move(made).error(), "make the sandbox");
    sandbox_ = std::move(*made);
    return {};
  }

  Result<void> LoadServer(std::shared_ptr<sandbox::Image> image) {
    route::FunctionSpec function{.tenant = "pod", .name = "server", .sandbox_class = "wasm"};
    function.limits = LimitsOf(plan_);
    function.grants = GrantsOf(options_.allowed);
    function.env = plan_.environment;
    auto server = ImageServer::Create({.loop = loop_,
                                       .clock = clock_,
                                       .random = random_,
                                       .lines = lines_,
                                       .image = std::move(image),
                                       .function = std::move(function)});
    if (!server) return Wrap(std::move(server).error(), "make the server");
    server_ = std::move(*server);
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
    const auto ended = co_await sandbox::wasm::RunProgram(*sandbox_, plan_.arguments, call);
    code_ = ended ? CodeOf(*ended) : Say(ended.error().message, kFailed);
    loop_.stop();  // the engine's timer would go on for a while
  }

  // Until SIGTERM, then what runs is finished.
  Awaitable<void> Serve() {
    asio::basic_signal_set<Executor> signals(loop_.get_executor(), SIGTERM);
    Result<void> listening;
    for (Fd& listener : options_.listeners) {
      if (listening) listening = server_->Adopt(std::move(listener));
    }
    if (listening) {
      boost::system::error_code ignored;
      co_await signals.async_wait(asio::redirect_error(kAwait, ignored));
      co_await server_->Drain(TimePoint::max());
      code_ = 0;
    } else {
      code_ = Say(listening.error().message, kFailed);
    }
    loop_.stop();
  }

  Loop& loop_;
  CommandOptions& options_;
  SystemClock clock_;
  SeededRandom random_{SystemRandom().Next()};  // of ids
  CommandPlan plan_;
  ProcessInput input_;
  ProcessOutput output_;
  ProcessLines lines_;
  std::unique_ptr<sandbox::wasm::WasmDriver> driver_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;  // of a command
  std::unique_ptr<ImageServer> server_;        // of a server
  int code_ = kFailed;
};

}  // namespace

sandbox::wasm::Config CommandConfig(std::uint32_t slots) {
  sandbox::wasm::Config config;
  config.max_sandboxes = slots;
  config.max_memory = kCommandMemory;
  config.ca_bundle.clear();
  return config;
}

void RunCommand(CommandOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  // It is in its groups then, which all that it uses from here on is counted for.
  if (!MayGoOn(options.begin)) std::_Exit(kFailed);
  const auto confined = Confine(Role::kHost, options.allowed, options.missing, options.filter);
  if (!confined) std::_Exit(Say(confined.error().message, kFailed));
  Loop loop(1);
  Process process(loop, options);
  if (auto loaded = process.Load(); !loaded) std::_Exit(Say(loaded.error().message, kFailed));
  if (!MayGoOn(options.begin)) std::_Exit(kFailed);
  process.Begin();
  loop.run();
  std::_Exit(process.code());
}

}  // namespace strata::cell
