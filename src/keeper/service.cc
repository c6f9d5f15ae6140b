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

class Service::Door final : public sandbox::remote::Dialler {
 public:
  explicit Door(std::shared_ptr<Service> service) : service_(std::move(service)) {
    service_->doors_.insert(this);
  }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door() override { service_->doors_.erase(this); }
  Task<Fd> Dial() override { return service_->Dial(); }
  void Retire() const {
    if (on_retire) on_retire();
  }

 private:
  const std::shared_ptr<Service> service_;
};

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
      next_images_(what_.replicas),
      pasts_(what_.replicas) {}

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

void Service::SettleWhenReady() {
  const auto ready = [](const std::shared_ptr<Replica>& each) { return each && each->ready; };
  if (std::ranges::all_of(replicas_, ready)) Settle({});
}

// Kept connections are not used again: one that is not ready any more would still get requests
// through them, and one that has become so would get none. Which lead where, the other side does
// not know.
void Service::SetReady(Replica& replica, bool ready) {
  replica.ready = ready;
  for (Door* door : doors_) door->Retire();
  if (ready) SettleWhenReady();
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
                             .effects = {.logs = &replica, .connector = &connector_},
                             .stop_grace = what_.stop_timeout});
  if (!made) return std::unexpected(std::move(made).error());
  replica.sandbox = std::move(*made);
  replica.image = std::move(image);
  replica.seen = clock_.Now();
  return {};
}

// One life: from its start to its end, which `end` says.
Awaitable<void> Service::Live(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica,
                              std::uint32_t number, Result<model::Exit>& end) {
  const auto saved = std::exchange(next_images_[number], nullptr);
  if (auto made = Create(*replica, saved ? saved : image_); !made) {
    end = std::unexpected(std::move(made).error());
    co_return;
  }
  replicas_[number] = replica;
  if (what_.health.readiness) {
    Spawn(loop_, WatchReadiness(self, replica));
  } else {
    Spawn(loop_, WaitUntilReady(self, replica));
  }
  if (what_.health.liveness) Spawn(loop_, WatchLiveness(self, replica));
  end = co_await replica->sandbox->Serve();
  HasEnded(*replica, end);
  replicas_[number] = nullptr;
}

// One that broke does not say what it used: it is what was measured last.
void Service::HasEnded(Replica& replica, const Result<model::Exit>& end) {
  replica.ended = true;
  replica.ready = false;
  for (Timer* wait : replica.waits) wait->cancel();
  replica.HoldUntil(clock_.Now());
  if (end) replica.used.cpu = std::max(end->usage.cpu, replica.used.cpu);
  ended_ += replica.used;
}

std::vector<std::shared_ptr<Replica>> Service::Living() const {
  std::vector<std::shared_ptr<Replica>> all;
  for (const auto* of : {&replicas_, &forks_}) {
    for (const auto& each : *of) {
      if (each) all.push_back(each);
    }
  }
  return all;
}

bool Service::StartsAgain(const Result<model::Exit>& end) const {
  if (what_.restart != model::Restart::kOnFailure) return what_.restart == model::Restart::kAlways;
  return !end || end->reason != model::ExitReason::kReturned || end->status != 0;
}

// `self` keeps us while this runs.
Awaitable<void> Service::Keep(std::shared_ptr<Service> self, std::uint32_t number) {
  Past& past = pasts_[number];
  for (milliseconds pause = kFirstPause; !stopping_; pause = std::min(2 * pause, kLongestPause)) {
    const TimePoint born = clock_.Now();
    const auto replica = MakeReplica(std::to_string(number));
    past.next_start.reset();
    Result<model::Exit> end = Fail(Errc::kInternal, "never started");
    co_await Live(self, replica, number, end);
    if (stopping_) break;
    if (replica->replaced) {
      pause = kFirstPause;
      continue;
    }
    past.last_exit = replica->condemned.empty() ? Describe(end) : replica->condemned;
    last_end_ = past.last_exit;
    if (!end && end.error().code == Errc::kUnsupported) {
      Settle(std::unexpected(end.error()));
      break;
    }
    const bool over = !StartsAgain(end);
    if (++early_ends_ == kMostEarlyEnds || over) GiveUp();
    if (over) {
      Print(replica->id(), sandbox::Stream::kHost,
            "ended: " + last_end_ + "; its restart policy is '" +
                std::string(model::RestartName(what_.restart)) + "'");
      break;
    }
    if (clock_.Now() - born >= kGoodLife) pause = kFirstPause;
    ++past.restarts;
    past.next_start = clock_.Now() + pause;
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
      SetReady(*replica, true);
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
  const TimePoint patience = clock_.Now() + ReadyPatience();
  while (on_ready_ && clock_.Now() < patience && !stopping_) co_await Pause(kLookAgain);
  GiveUp();
  static_cast<void>(self);
}

Duration Service::ReadyPatience() const { return kReadyPatience + TimeToReady(what_.health); }

// Nothing, once every replica was ready.
void Service::GiveUp() {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ReadyPatience()).count();
  std::string why = what_.health.readiness
                        ? "not every replica became ready"
                        : "nothing listened at port " + std::to_string(what_.port);
  why += last_end_.empty() ? " within " + std::to_string(seconds) + " s"
                           : "; its program ended: " + last_end_;
  if (!last_check_.empty()) why += "; " + last_check_;
  Settle(Fail(Errc::kFailedPrecondition, why));
}

Result<std::shared_ptr<Replica>> Service::Find(const std::string& sandbox) {
  if (sandbox.empty()) {
    if (auto ready = NextReady()) return ready;
    const auto paused = [](const auto& replica) { return replica && replica->paused; };
    if (std::ranges::any_of(replicas_, paused)) {
      return Fail(Errc::kFailedPrecondition,
                  what_.name + " is paused; 'strata resume " + what_.name + "' lets it go on");
    }
    return Fail(Errc::kUnavailable, "no sandbox of " + what_.name + " is running");
  }
  for (auto& each : Living()) {
    if (each->id() == sandbox) return std::move(each);
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
  for (const auto& replica : Living()) {
    auto done = paused ? co_await replica->sandbox->Pause() : co_await replica->sandbox->Resume();
    if (done) replica->paused = paused;
    if (!done && outcome) outcome = done;
  }
  co_return outcome;
}

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
      if (connection && replica->ready) co_return connection;
      if (!connection) failed = connection.error();
    }
    if (clock_.Now() >= patience || what_.replicas == 0) break;
    co_await Pause(kLookAgain);
  }
  co_return std::unexpected(failed);
}

}  // namespace strata::keeper
