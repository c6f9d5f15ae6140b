#include "cell/roles/serving.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/post.hpp>

#include "base/random.h"
#include "cell/cell.h"
#include "cell/wire/codec.h"
#include "host/process/cpu_slice.h"
#include "host/process/peer.h"
#include "wire/manager_link.h"

namespace strata::cell {
namespace {

constexpr std::chrono::seconds kDefaultDrain{10};
// A call of a tenant that asks now and then waits, each time that a front or a cell wakes for it,
// for the slices of those that compute meanwhile.
constexpr std::chrono::microseconds kCpuSlice = host::kShortestCpuSlice;

// The process: owns everything, ends the loop when it is over.
class Process final : public wire::ManagerLink::Handler {
 public:
  Process(Loop& loop, const ServingOptions& options, ServingRole& role, telemetry::Logger log,
          uid_t starter, std::uint64_t seed)
      : loop_(loop),
        options_(options),
        role_(role),
        log_(std::move(log)),
        random_(seed),
        link_(loop, log_, starter, *this),
        signals_(loop.get_executor(), SIGTERM) {}

  void Run(Fd wire) {
    link_.Connect(std::move(wire));
    signals_.async_wait([this](boost::system::error_code failed, int) {
      if (!failed) BeginDrain(kDefaultDrain);
    });
  }

  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  Result<void> OnMessage(wire::Frame frame) override {
    auto message = DecodeToCell(frame.text);
    if (!message) return std::unexpected(std::move(message).error());
    return OnMessage(std::move(*message), std::move(frame.fds));
  }

  Result<wire::Frame> OnAdopt(std::string_view text) override {
    auto message = DecodeToCell(text);
    const Adopt* adopt = message ? std::get_if<Adopt>(&*message) : nullptr;
    if (adopt == nullptr || adopt->instance != options_.instance) {
      return Fail(Errc::kPermissionDenied, "not our instance");
    }
    auto stock = cell_->TakeStock();
    if (!stock) return std::unexpected(std::move(stock).error());
    stock->state.endpoints = role_.endpoints();
    return wire::Frame{Encode(ToManager(std::move(stock->state))), std::move(stock->fds)};
  }

  void OnLost() override {
    // Before Start there is nothing to serve and nobody who could ever adopt us.
    if (!cell_) return Exit(1);
    cell_->OnWireLost();
  }

  void OnOrphaned() override { BeginDrain(kDefaultDrain); }

 private:
  Result<void> OnMessage(ToCell message, std::vector<Fd> fds) {
    if (auto* start = std::get_if<Start>(&message)) {
      if (cell_) return Fail(Errc::kInvalidArgument, "a second Start");
      auto started = OnStart(std::move(*start), std::move(fds));
      // Nothing can be served without it: the manager sees the process end and its log line.
      if (!started) Exit(1);
      return started;
    }
    if (!cell_) return Fail(Errc::kInvalidArgument, "the first message is not Start");
    if (const auto* drain = std::get_if<Drain>(&message)) {
      BeginDrain(std::chrono::milliseconds(drain->deadline_ms));
      return {};
    }
    auto taken = role_.Handle(message, fds);
    if (!taken) return std::unexpected(std::move(taken).error());
    return *taken ? Result<void>{} : cell_->Handle(std::move(message), std::move(fds));
  }

  Result<void> OnStart(Start start, std::vector<Fd> fds);

  bool Post(const ToManager& message, std::vector<Fd> fds = {}) {
    return link_.Post({Encode(message), std::move(fds)});
  }

  void BeginDrain(Duration patience) {
    if (std::exchange(draining_, true)) return;
    if (!cell_) return Exit(0);
    Spawn(loop_, DrainAndExit(patience));
  }

  Awaitable<void> DrainAndExit(Duration patience) {
    log_.Info("draining");
    co_await cell_->Drain(patience);
    Post(Drained{});
    // What the socket did not take at once gets a turn of the loop.
    asio::post(loop_, [this] { Exit(0); });
  }

  void Exit(int code) {
    exit_code_ = code;
    loop_.stop();
  }

  Loop& loop_;
  const ServingOptions& options_;
  ServingRole& role_;
  telemetry::Logger log_;
  SystemClock clock_;
  SeededRandom random_;
  wire::ManagerLink link_;
  asio::basic_signal_set<Executor> signals_;
  std::unique_ptr<Cell> cell_;
  bool draining_ = false;
  int exit_code_ = 1;
};

Result<void> Process::OnStart(Start start, std::vector<Fd> fds) {
  constexpr std::size_t kStartFds = 3;
  if (fds.size() != kStartFds) return Fail(Errc::kInvalidArgument, "start: takes 3 descriptors");
  if (start.instance != options_.instance) {
    return Fail(Errc::kInvalidArgument, "start: not our instance");
  }
  auto engine = role_.Begin(loop_, clock_, start);
  if (!engine) return std::unexpected(std::move(engine).error());

  Fd control(::dup(fds[2].get()));
  const std::chrono::seconds patience(start.orphan_exit_s);
  auto cell = Cell::Create({.loop = loop_,
                            .clock = clock_,
                            .random = random_,
                            .driver = *engine->driver,
                            .log = log_.With({{"cell", start.cell}}),
                            .start = std::move(start),
                            .engine_key = engine->key,
                            .allowed = options_.allowed,
                            .ring = std::move(fds[0]),
                            .private_listener = std::move(fds[1]),
                            .control_listener = std::move(fds[2]),
                            .post =
                                [this](const ToManager& message, std::vector<Fd> descriptors) {
                                  return Post(message, std::move(descriptors));
                                },
                            .denials = std::move(engine->denials),
                            .hop = engine->hop});
  if (!cell) return std::unexpected(std::move(cell).error());
  cell_ = std::move(*cell);
  if (auto listening = link_.ListenForAdoption(std::move(control), patience); !listening) {
    return listening;
  }
  Post(Ready{std::move(engine->key)});
  return {};
}

}  // namespace

int RunServing(const ServingOptions& options, ServingRole& role) {
  const SystemClock clock;
  auto log = telemetry::Logger::Open({}, clock);
  if (!log) return 1;
  telemetry::Logger logger = log->With({{"cell", options.cell}});
  // Who made the wire started us: managers of the same user may adopt us later.
  const auto starter = host::PeerOf(options.wire_fd);
  if (!starter) {
    logger.Error("the wire is no socket from a manager", starter.error());
    return 1;
  }
  // A client that hangs up is an error code, never a signal.
  std::signal(SIGPIPE, SIG_IGN);
  host::AskForCpuSlice(kCpuSlice);
  const std::uint64_t seed = SystemRandom().Next();
  const auto confined = Confine(role.role(), options.allowed, options.missing);
  if (!confined) {
    logger.Error("not confined", confined.error());
    return 1;
  }
  for (const std::string& missing : confined->missing) {
    logger.Warn("running without a protection", {{"missing", missing}});
  }
  // The hint tells Asio that one thread runs the loop: no locks in its scheduler.
  Loop loop(1);
  Process process(loop, options, role, logger, starter->uid, seed);
  process.Run(Fd(options.wire_fd));
  loop.run();
  // What still waits was cut off by the drain's deadline and goes with the process; its coroutines
  // refer to objects that are about to be destroyed, so they must not be unwound.
  std::_Exit(process.exit_code());
}

}  // namespace strata::cell
