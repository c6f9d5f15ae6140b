#include "keeper/service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "sandbox/log_lines.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};
constexpr seconds kGoodLife{10};
constexpr milliseconds kLookAgain{10};
constexpr seconds kReadyPatience{30};
constexpr std::uint64_t kMostEarlyEnds = 3;  // of replicas, before the first was ready
constexpr seconds kDialPatience{5};
constexpr std::size_t kLongestName = 40;

std::string Describe(const Result<model::Exit>& end) {
  if (!end) return end.error().message;
  std::string text(model::ExitReasonName(end->reason));
  if (!end->detail.empty()) text += " (" + end->detail + ")";
  if (end->reason == model::ExitReason::kReturned) text += " " + std::to_string(end->status);
  return text;
}

}  // namespace

Service::Service(Loop& loop, const Clock& clock, Serve what, std::shared_ptr<sandbox::Image> image,
                 sandbox::Connector& connector, PrintFn print, ReadyFn on_ready)
    : loop_(loop),
      clock_(clock),
      what_(std::move(what)),
      image_(std::move(image)),
      connector_(connector),
      print_(std::move(print)),
      on_ready_(std::move(on_ready)),
      replicas_(what_.replicas),
      next_images_(what_.replicas) {}

Service::~Service() = default;

void Service::Begin() {
  for (std::uint32_t number = 0; number < what_.replicas; ++number) {
    ++running_;
    Spawn(loop_, Keep(shared_from_this(), number));
  }
  if (what_.replicas == 0) return Settle({});
  Spawn(loop_, GiveUpLater(shared_from_this()));
}

void Service::Stop() {
  if (std::exchange(stopping_, true)) return;
  for (const auto& replica : replicas_) {
    if (replica && replica->sandbox) replica->sandbox->Stop();
  }
  for (const auto& fork : forks_) fork->sandbox->Stop();
  for (Timer* wait : waits_) wait->cancel();
  Settle(Fail(Errc::kUnavailable, "the service was stopped"));
}

void Service::Settle(Result<void> ready) {
  if (on_ready_) std::exchange(on_ready_, nullptr)(std::move(ready));
}

void Service::Print(const std::string& sandbox, sandbox::Stream stream, std::string_view text) {
  print_({.name = what_.name,
          .sandbox = sandbox,
          .sandbox_class = what_.image.substr(0, what_.image.find(':')),
          .stream = std::string(sandbox::StreamName(stream)),
          .text = std::string(text)});
}

Awaitable<void> Service::Pause(Duration duration) {
  if (stopping_) co_return;
  Timer timer(loop_.get_executor(), duration);
  waits_.push_back(&timer);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
  std::erase(waits_, &timer);
}

std::shared_ptr<Replica> Service::MakeReplica(const std::string& kind) {
  std::string id =
      what_.name.substr(0, kLongestName) + "-" + kind + "-" + std::to_string(++started_);
  return std::make_shared<Replica>(std::move(id),
                                   [this](const std::string& from, sandbox::Stream stream,
                                          std::string_view text) { Print(from, stream, text); });
}

Result<void> Service::Create(Replica& replica, std::shared_ptr<sandbox::Image> image) {
  auto made = image->Create({.id = replica.id(),
                             .limits = what_.limits,
                             .grants = what_.grants,
                             .env = what_.env,
                             .effects = {.logs = &replica, .connector = &connector_}});
  if (!made) return std::unexpected(std::move(made).error());
  replica.sandbox = std::move(*made);
  replica.image = std::move(image);
  return {};
}

// `self` keeps us while this runs.
Awaitable<void> Service::Keep(std::shared_ptr<Service> self, std::uint32_t number) {
  for (milliseconds pause = kFirstPause; !stopping_; pause = std::min(2 * pause, kLongestPause)) {
    const TimePoint born = clock_.Now();
    const auto replica = MakeReplica(std::to_string(number));
    const auto saved = std::exchange(next_images_[number], nullptr);
    auto made = Create(*replica, saved ? saved : image_);
    Result<model::Exit> end = Fail(Errc::kInternal, "never started");
    if (made) {
      replicas_[number] = replica;
      Spawn(loop_, WaitUntilReady(self, replica));
      end = co_await replica->sandbox->Serve();
      replica->ended = true;
      replica->ready = false;
      replicas_[number] = nullptr;
    } else {
      end = std::unexpected(std::move(made).error());
    }
    if (stopping_) break;
    if (replica->replaced) {
      pause = kFirstPause;
      continue;
    }
    last_end_ = Describe(end);
    if (!end && end.error().code == Errc::kUnsupported) {
      Settle(std::unexpected(end.error()));
      break;
    }
    if (++early_ends_ == kMostEarlyEnds) GiveUp();
    if (clock_.Now() - born >= kGoodLife) pause = kFirstPause;
    Print(replica->id(), sandbox::Stream::kHost,
          "ended: " + last_end_ + "; starting again in " + std::to_string(pause.count()) + " ms");
    co_await Pause(pause);
  }
  --running_;
}

Awaitable<void> Service::WaitUntilReady(std::shared_ptr<Service> self,
                                        std::shared_ptr<Replica> replica) {
  const TimePoint patience = clock_.Now() + kReadyPatience;
  while (!replica->ended && !stopping_) {
    const auto dialled = co_await replica->sandbox->Dial(what_.port);
    if (dialled && !replica->ended) {
      replica->ready = true;
      Settle({});
      break;
    }
    if (clock_.Now() >= patience) {
      Print(replica->id(), sandbox::Stream::kHost,
            "nothing listens at port " + std::to_string(what_.port));
      replica->sandbox->Stop();
      break;
    }
    co_await Pause(kLookAgain);
  }
  static_cast<void>(self);
}

Awaitable<void> Service::GiveUpLater(std::shared_ptr<Service> self) {
  const TimePoint patience = clock_.Now() + kReadyPatience;
  while (on_ready_ && clock_.Now() < patience && !stopping_) co_await Pause(kLookAgain);
  GiveUp();
  static_cast<void>(self);
}

// On what the first replica would have been; nothing, once there was one.
void Service::GiveUp() {
  std::string why = "nothing listened at port " + std::to_string(what_.port);
  why += last_end_.empty() ? " within " + std::to_string(kReadyPatience.count()) + " s"
                           : "; its program ended: " + last_end_;
  Settle(Fail(Errc::kFailedPrecondition, why));
}

Result<std::shared_ptr<Replica>> Service::Find(const std::string& sandbox) {
  if (sandbox.empty()) {
    if (auto ready = NextReady()) return ready;
    return Fail(Errc::kUnavailable, "no sandbox of " + what_.name + " is running");
  }
  for (const auto* all : {&replicas_, &forks_}) {
    for (const auto& each : *all) {
      if (each && each->id() == sandbox) return each;
    }
  }
  return Fail(Errc::kNotFound, what_.name + " has no sandbox " + sandbox);
}

Task<Service::Beside> Service::Exec(std::string sandbox, sandbox::Program program) {
  auto replica = Find(sandbox);
  if (!replica) co_return std::unexpected(std::move(replica).error());
  auto started = co_await (*replica)->sandbox->Exec(std::move(program));
  if (!started) co_return std::unexpected(std::move(started).error());
  co_return Beside{std::move(*replica), std::move(*started)};
}

Task<void> Service::SetPaused(bool paused) {
  const auto self = shared_from_this();
  Result<void> outcome;
  auto all = replicas_;
  all.insert(all.end(), forks_.begin(), forks_.end());
  for (const auto& replica : all) {
    if (!replica) continue;
    auto done = paused ? co_await replica->sandbox->Pause() : co_await replica->sandbox->Resume();
    if (done) replica->paused = paused;
    if (!done && outcome) outcome = done;
  }
  co_return outcome;
}

class Service::Door final : public sandbox::remote::Dialler {
 public:
  explicit Door(std::shared_ptr<Service> service) : service_(std::move(service)) {
    ++service_->doors_;
  }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door() override { --service_->doors_; }
  Task<Fd> Dial() override { return service_->Dial(); }

 private:
  const std::shared_ptr<Service> service_;
};

std::shared_ptr<sandbox::remote::Dialler> Service::MakeDoor() {
  return std::make_shared<Door>(shared_from_this());
}

// In turn, so that the load is shared.
std::shared_ptr<Replica> Service::NextReady() {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    const auto& replica = replicas_[next_++ % replicas_.size()];
    if (replica && replica->ready && !replica->paused) return replica;
  }
  return nullptr;
}

Task<Fd> Service::Dial() {
  const auto self = shared_from_this();
  const TimePoint patience = clock_.Now() + kDialPatience;
  Error failed{Errc::kUnavailable, "no sandbox of " + what_.name + " is running"};
  while (!stopping_) {
    if (const auto replica = NextReady()) {
      auto connection = co_await replica->sandbox->Dial(what_.port);
      if (connection) co_return connection;
      failed = connection.error();
    }
    if (clock_.Now() >= patience || what_.replicas == 0) break;
    co_await Pause(kLookAgain);
  }
  co_return std::unexpected(failed);
}

}  // namespace strata::keeper
