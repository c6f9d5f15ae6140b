#include "keeper/role.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>
#include <variant>

#include <boost/asio/basic_signal_set.hpp>

#include "base/async/pause.h"
#include "base/bytes.h"
#include "base/files/files.h"
#include "host/confine/session_keyring.h"
#include "host/process/peer.h"
#include "keeper/pools/backlog.h"
#include "keeper/wire/codec.h"
#include "telemetry/log.h"
#include "wire/manager_link.h"

namespace strata::keeper {
namespace {

constexpr std::chrono::seconds kDefaultDrain{10};
constexpr std::chrono::seconds kLastWords{1};  // to be read, once all has ended
// Of what the manager has not read yet; with more, what services print is kept back.
constexpr Bytes kMostQueued = 1_MiB;

// The process: owns everything, ends the loop when it is over.
class KeeperProcess final : public wire::ManagerLink::Handler {
 public:
  KeeperProcess(Loop& loop, const Options& options, const TryClassOnFn& try_class,
                telemetry::Logger log, uid_t starter)
      : loop_(loop),
        options_(options),
        try_class_(try_class),
        log_(std::move(log)),
        link_(loop, log_, starter, *this),
        signals_(loop.get_executor(), SIGTERM) {}

  void Run(Fd wire) {
    link_.Connect(std::move(wire));
    signals_.async_wait([this](boost::system::error_code failed, int) {
      if (!failed) BeginDrain(kDefaultDrain);
    });
  }

  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  // Whether the process may unwind; else guests are still being ended.
  [[nodiscard]] bool idle() const noexcept { return !keeper_ || keeper_->idle(); }

  Result<void> OnMessage(wire::Frame frame) override {
    auto message = DecodeToKeeper(frame.text);
    if (!message) return std::unexpected(std::move(message).error());
    if (auto* start = std::get_if<Start>(&*message)) {
      auto started = OnStart(std::move(*start), std::move(frame.fds));
      // Nothing can be held without it: the manager sees the process end and its log line.
      if (!started) Exit(1);
      return started;
    }
    if (!keeper_) return Fail(Errc::kInvalidArgument, "the first message is not Start");
    if (const auto* drain = std::get_if<keeper::Drain>(&*message)) {
      BeginDrain(std::chrono::milliseconds(drain->deadline_ms));
      return {};
    }
    return keeper_->Handle(std::move(*message), std::move(frame.fds));
  }

  Result<wire::Frame> OnAdopt(std::string_view text) override {
    auto message = DecodeToKeeper(text);
    const auto* adopt = message ? std::get_if<Adopt>(&*message) : nullptr;
    if (adopt == nullptr || adopt->instance != options_.instance) {
      return Fail(Errc::kPermissionDenied, "not our instance");
    }
    auto control = DuplicateFd(control_);
    if (!control) return std::unexpected(std::move(control).error());
    wire::Frame answer{Encode(ToManager(keeper_->TakeStock())), {}};
    answer.fds.push_back(std::move(*control));
    return answer;
  }

  void OnAdopted() override {
    TellBacklog();
    keeper_->TellAnew();
  }

  void OnLost() override {
    // Before Start there is nothing to hold and nobody who could ever adopt us.
    if (!keeper_) return Exit(1);
    keeper_->EndPrograms();
  }

  void OnOrphaned() override { BeginDrain(kDefaultDrain); }

 private:
  Result<void> OnStart(Start start, std::vector<Fd> fds);
  // False: there is no manager.
  bool Post(ToManager message) {
    auto* line = std::get_if<Printed>(&message);
    const bool late = line != nullptr && IsLate();
    if (!late && link_.Post({Encode(message), {}})) return true;
    if (line != nullptr) backlog_.Add(std::move(*line));
    return late;
  }

  // The manager reads more slowly than services print: lines wait, and are lost, in the backlog,
  // until it has read what is on its way.
  bool IsLate() {
    if (!late_ && link_.queued() > kMostQueued.count) {
      late_ = true;
      Spawn(loop_, CatchUp());
    }
    return late_;
  }

  Awaitable<void> CatchUp() {
    co_await link_.Drain();
    late_ = false;
    if (link_.connected()) TellBacklog();
  }

  void TellBacklog() {
    for (Printed& line : backlog_.Take()) Post(std::move(line));
  }

  void BeginDrain(Duration patience) {
    if (std::exchange(draining_, true)) return;
    if (!keeper_) return Exit(0);
    Spawn(loop_, DrainAndExit(patience));
  }

  Awaitable<void> DrainAndExit(Duration patience) {
    log_.Info("draining");
    co_await keeper_->Drain(patience);
    Post(Drained{});
    Spawn(loop_, ExitLater());
    co_await link_.Drain();
    Exit(0);
  }

  // A manager that reads no more is not waited for.
  Awaitable<void> ExitLater() {
    co_await Pause(loop_, kLastWords);
    Exit(0);
  }

  void Exit(int code) {
    exit_code_ = code;
    loop_.stop();
  }

  Loop& loop_;
  const Options& options_;
  const TryClassOnFn& try_class_;
  telemetry::Logger log_;
  SystemClock clock_;
  wire::ManagerLink link_;
  asio::basic_signal_set<Executor> signals_;
  Fd control_;  // only kept, for a later manager
  Backlog backlog_;
  bool late_ = false;
  std::unique_ptr<Keeper> keeper_;
  bool draining_ = false;
  int exit_code_ = 1;
};

Result<void> KeeperProcess::OnStart(Start start, std::vector<Fd> fds) {
  if (keeper_) return Fail(Errc::kInvalidArgument, "a second Start");
  if (fds.size() != 1) return Fail(Errc::kInvalidArgument, "start: takes one descriptor");
  if (start.instance != options_.instance) {
    return Fail(Errc::kInvalidArgument, "start: not our instance");
  }
  auto control = DuplicateFd(fds.front());
  if (!control) return std::unexpected(std::move(control).error());
  control_ = std::move(fds.front());
  const std::chrono::seconds patience(start.orphan_exit_s);
  keeper_ = std::make_unique<Keeper>(
      loop_, clock_, std::move(start),
      [this](model::Class sandbox_class, const Start& with) {
        return try_class_(loop_, clock_, sandbox_class, with);
      },
      [this](ToManager message) { return Post(std::move(message)); });
  if (auto listening = link_.ListenForAdoption(std::move(*control), patience); !listening) {
    return listening;
  }
  Post(Ready{});
  return {};
}

}  // namespace

int Run(const Options& options, const TryClassOnFn& try_class) {
  const SystemClock clock;
  auto log = telemetry::Logger::Open({}, clock);
  if (!log) return 1;
  telemetry::Logger logger = log->With({{"keeper", options.keeper}});
  // Who made the wire started us: managers of the same user may adopt us later.
  const auto starter = host::PeerOf(options.wire_fd);
  if (!starter) {
    logger.Error("the wire is no socket from a manager", starter.error());
    return 1;
  }
  // What sandboxes inherit: they may make no use of it, and need not have the starter's either.
  if (auto own = host::JoinOwnSessionKeyring(); !own && own.error().code != Errc::kUnsupported) {
    logger.Error("sandboxes inherit the server's keyring", own.error());
  }
  // A peer that hangs up is an error code, never a signal.
  std::signal(SIGPIPE, SIG_IGN);
  Loop loop(1);
  KeeperProcess process(loop, options, try_class, logger, starter->uid);
  process.Run(Fd(options.wire_fd));
  loop.run();
  // Coroutines of calls that would not end refer to what is about to be destroyed. What they hold
  // on the host is the manager's to sweep.
  if (!process.idle()) std::_Exit(1);
  return process.exit_code();
}

}  // namespace strata::keeper
