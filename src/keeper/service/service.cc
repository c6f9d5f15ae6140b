#include "keeper/service/service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "keeper/service/service_door.h"
#include "sandbox/abilities.h"
#include "sandbox/call/log_lines.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};
constexpr seconds kGoodLife{10};
constexpr milliseconds kLookAgain{10};
// Whether one that starts listens: often at first, and no oftener than it takes to look.
constexpr milliseconds kLookSoonest{1};
constexpr int kLookShare = 10;  // so it is known a tenth of its start late, at most
constexpr milliseconds kTakeAgain{100};
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
                 sandbox::Connector& connector, Pools& pools, PrintFn print, ScaledFn on_scaled,
                 ReadyFn on_ready)
    : loop_(loop),
      clock_(clock),
      what_(std::move(what)),
      image_(std::move(image)),
      connector_(connector),
      pools_(pools),
      print_(std::move(print)),
      on_scaled_(std::move(on_scaled)),
      on_ready_(std::move(on_ready)),
      most_connections_(sandbox::MostConnections(
          model::ClassFromName(sandbox_class()).value_or(model::Class::kContainer),
          what_.limits.memory)),
      slots_(what_.scale ? what_.scale->max.value_or(*model::kServiceScale.max) : what_.replicas),
      can_serve_(loop),
      prove_(what_.prove),
      served_(clock.Now()),
      look_again_(loop.get_executor()) {
  if (!what_.scale) return;
  model::Scale scale = *what_.scale;
  scale.concurrency = scale.concurrency.value_or(*model::kServiceScale.concurrency);
  if (most_connections_ > 0) scale.concurrency = std::min(*scale.concurrency, most_connections_);
  autoscaler_.emplace(scale, served_);
}

Service::~Service() = default;

void Service::Begin() {
  const std::uint32_t least =
      what_.scale ? what_.scale->min.value_or(*model::kServiceScale.min) : what_.replicas;
  const std::uint32_t first = what_.scale && what_.prove ? std::max(least, 1U) : least;
  for (std::uint32_t number = 0; number < std::min<std::size_t>(first, slots_.size()); ++number) {
    Begin(number);
  }
  if (what_.scale) Spawn(loop_, Autoscale(shared_from_this()));
  if (first == 0) return Settle({});
  Spawn(loop_, GiveUpLater(shared_from_this()));
}

void Service::Begin(std::uint32_t number) {
  slots_[number].wanted = slots_[number].kept = true;
  ++running_;
  Spawn(loop_, Keep(shared_from_this(), number));
}

void Service::Stop() {
  if (std::exchange(stopping_, true)) return;
  for (const Slot& slot : slots_) {
    if (slot.replica) slot.replica->sandbox->Stop();
  }
  for (const auto& fork : forks_) fork->sandbox->Stop();
  for (Timer* wait : waits_) wait->cancel();
  can_serve_.Notify();
  LookNow();
  Settle(Fail(Errc::kUnavailable, "the service was stopped"));
}

void Service::Settle(Result<void> ready) {
  if (!on_ready_) return;
  came_up_ = came_up_ || ready;
  std::exchange(on_ready_, nullptr)(std::move(ready));
  TellScaleIfNew();  // not once it is to stop
  LookNow();
}

void Service::SettleWhenReady() {
  const auto ready = [](const Slot& slot) {
    return !slot.wanted || (slot.replica && slot.replica->ready);
  };
  if (std::ranges::all_of(slots_, ready)) Settle({});
}

void Service::SetReady(Replica& replica, bool ready) {
  replica.ready = ready;
  came_up_ = came_up_ || ready;
  RetireConnections();
  if (ready) {
    can_serve_.Notify();
    SettleWhenReady();
  }
  TellScaleIfNew();
}

// Kept connections are not used again: one that serves no more would still get requests through
// them, and one that has begun to would get none. Which lead where, the other side does not know.
void Service::RetireConnections() {
  for (Door* door : doors_) door->Retire();
}

void Service::Print(const std::string& sandbox, sandbox::Stream stream, std::string_view text) {
  print_({.name = what_.name,
          .sandbox = sandbox,
          .sandbox_class = sandbox_class(),
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

std::string Service::sandbox_class() const { return what_.image.substr(0, what_.image.find(':')); }

std::shared_ptr<Replica> Service::MakeReplica(const std::string& kind) {
  std::string id =
      what_.name.substr(0, kLongestName) + "-" + kind + "-" + std::to_string(++started_);
  return std::make_shared<Replica>(std::move(id),
                                   [this](const std::string& from, sandbox::Stream stream,
                                          std::string_view text) { Print(from, stream, text); });
}

Result<void> Service::Create(Replica& replica, std::shared_ptr<sandbox::Image> image) {
  const sandbox::Spec spec{.id = replica.id(),
                           .limits = what_.limits,
                           .grants = what_.grants,
                           .env = what_.env,
                           .effects = {.logs = &replica, .connector = &connector_},
                           .stop_grace = what_.stop_timeout};
  auto made = pools_.Create(sandbox_class(), *image, spec);
  if (!made) return std::unexpected(std::move(made).error());
  replica.sandbox = std::move(*made);
  replica.image = std::move(image);
  replica.seen = clock_.Now();
  return {};
}

// One life: from its start to its end, which `end` says.
Awaitable<void> Service::Live(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica,
                              Slot& slot, Result<model::Exit>& end) {
  const auto saved = std::exchange(slot.next_image, nullptr);
  if (auto made = Create(*replica, saved ? saved : image_); !made) {
    end = std::unexpected(std::move(made).error());
    co_return;
  }
  slot.replica = replica;
  if (what_.health.readiness) {
    Spawn(loop_, WatchReadiness(self, replica));
  } else {
    Spawn(loop_, WaitUntilReady(self, replica));
  }
  if (what_.health.liveness) Spawn(loop_, WatchLiveness(self, replica));
  end = co_await replica->sandbox->Serve();
  HasEnded(*replica, end);
  slot.replica = nullptr;
}

// One that broke does not say what it used: it is what was measured last.
void Service::HasEnded(Replica& replica, const Result<model::Exit>& end) {
  replica.ended = true;
  replica.ready = false;
  TellScaleIfNew();
  for (Timer* wait : replica.waits) wait->cancel();
  replica.HoldUntil(clock_.Now());
  if (end) replica.used.cpu = std::max(end->usage.cpu, replica.used.cpu);
  ended_ += replica.used;
}

std::vector<std::shared_ptr<Replica>> Service::Living() const {
  std::vector<std::shared_ptr<Replica>> all;
  for (const Slot& slot : slots_) {
    if (slot.replica) all.push_back(slot.replica);
  }
  all.insert(all.end(), forks_.begin(), forks_.end());
  return all;
}

bool Service::StartsAgain(const Result<model::Exit>& end) const {
  if (what_.restart != model::Restart::kOnFailure) return what_.restart == model::Restart::kAlways;
  return !end || end->reason != model::ExitReason::kReturned || end->status != 0;
}

// `self` keeps us while this runs.
Awaitable<void> Service::Keep(std::shared_ptr<Service> self, std::uint32_t number) {
  Slot& slot = slots_[number];
  Past& past = slot.past;
  for (milliseconds pause = kFirstPause; slot.wanted && !stopping_;
       pause = std::min(2 * pause, kLongestPause)) {
    const TimePoint born = clock_.Now();
    const auto replica = MakeReplica(std::to_string(number));
    past.next_start.reset();
    Result<model::Exit> end = Fail(Errc::kInternal, "never started");
    co_await Live(self, replica, slot, end);
    if (stopping_ || !slot.wanted) break;
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
  slot.wanted = slot.kept = false;
  past.next_start.reset();
  --running_;
  LookNow();
}

Awaitable<void> Service::WaitUntilReady(std::shared_ptr<Service> self,
                                        std::shared_ptr<Replica> replica) {
  const TimePoint begun = clock_.Now();
  const TimePoint patience = begun + kReadyPatience;
  while (!replica->ended && !stopping_) {
    const TimePoint asked = clock_.Now();
    auto dialled = co_await replica->sandbox->Dial(what_.port);
    const TimePoint now = clock_.Now();
    if (dialled && !replica->ended) {
      if (waiting_ > 0) replica->first = std::move(*dialled);
      SetReady(*replica, true);
      break;
    }
    if (now >= patience) {
      Print(replica->id(), sandbox::Stream::kHost,
            "nothing listens at port " + std::to_string(what_.port));
      replica->AskToEnd();
      break;
    }
    co_await Pause(std::clamp<Duration>(std::max((now - begun) / kLookShare, now - asked),
                                        kLookSoonest, kLookAgain));
  }
  co_await Pause(kLookAgain);
  replica->first.Reset();  // whoever waited has it by now
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
    if (auto ready = NextReady(Room::kAny)) return ready;
    if (IsPaused()) {
      return Fail(Errc::kFailedPrecondition,
                  what_.name + " is paused; 'strata resume " + what_.name + "' lets it go on");
    }
    return Fail(Errc::kUnavailable, NoneRuns());
  }
  for (auto& each : Living()) {
    if (each->id() == sandbox) return std::move(each);
  }
  return Fail(Errc::kNotFound, what_.name + " has no sandbox " + sandbox);
}

// A replica is not taken away as long as one of these is there.
class Service::Stay {
 public:
  Stay(std::shared_ptr<Service> service, std::shared_ptr<Replica> replica)
      : service_(std::move(service)), replica_(std::move(replica)) {
    ++replica_->programs;
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() {
    --replica_->programs;
    if (!service_->autoscaler_) return;
    service_->autoscaler_->Started(service_->clock_.Now());  // as after a request
    service_->LookNow();
  }

 private:
  const std::shared_ptr<Service> service_;
  const std::shared_ptr<Replica> replica_;
};

Task<Service::Beside> Service::Exec(std::string sandbox, sandbox::Program program) {
  auto replica = Find(sandbox);
  if (!replica) co_return std::unexpected(std::move(replica).error());
  auto stay = std::make_shared<Stay>(shared_from_this(), *replica);
  auto started = co_await (*replica)->sandbox->Exec(std::move(program));
  if (!started) co_return std::unexpected(std::move(started).error());
  co_return Beside{std::move(stay), std::move(*started)};
}

Task<void> Service::SetPaused(bool paused) {
  const auto self = shared_from_this();
  Result<void> outcome;
  for (const auto& replica : Living()) {
    Result<void> done;
    if (paused) {
      done = co_await replica->sandbox->Pause();
    } else {
      done = co_await replica->sandbox->Resume();
    }
    if (done) replica->paused = paused;
    if (!done && outcome) outcome = done;
  }
  can_serve_.Notify();
  TellScaleIfNew();
  LookNow();
  co_return outcome;
}

std::shared_ptr<sandbox::remote::Dialler> Service::MakeDoor() {
  return std::make_shared<Door>(shared_from_this());
}

std::string Service::NoneRuns() const {
  std::string text = "no sandbox of " + what_.name + " is running";
  if (what_.scale && CountWanted() == 0) text += ": it is scaled to zero, and a request starts one";
  return text;
}

// In turn, so that the load is shared.
std::shared_ptr<Replica> Service::NextReady(Room room) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto& replica = slots_[next_++ % slots_.size()].replica;
    if (!replica || !replica->serves()) continue;
    if (room == Room::kAny || HasRoom(*replica)) return replica;
  }
  return nullptr;
}

bool Service::HasRoom(const Replica& replica) const {
  return most_connections_ == 0 || *replica.uses < most_connections_;
}

// There are replicas that serve, and none of them can hold another connection.
bool Service::IsFull() const {
  const auto has_room = [this](const Slot& slot) {
    return slot.replica && slot.replica->serves() && HasRoom(*slot.replica);
  };
  return most_connections_ > 0 && CountServing() > 0 && std::ranges::none_of(slots_, has_room);
}

// Those that they do not use now, and the others after their requests. Not all the time: where all
// lines are busy, connections would carry one request each.
void Service::TakeFromOthers(const Door& door) {
  const TimePoint now = clock_.Now();
  if (now - taken_ < kTakeAgain) return;
  taken_ = now;
  for (Door* each : doors_) {
    if (each != &door) each->Retire();
  }
}

// One of a replica's connections, for as long as a line has it.
class Service::Held {
 public:
  Held(Service& service, const Replica& replica, const Door& door)
      : service_(service.weak_from_this()), replica_(replica.uses), door_(door.uses()) {
    ++*replica_;
    ++*door_;
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    --*replica_;
    --*door_;
    const auto service = service_.lock();
    if (service && service->most_connections_ > 0) service->can_serve_.Notify();
  }

 private:
  const std::weak_ptr<Service> service_;
  const std::shared_ptr<std::size_t> replica_;
  const std::shared_ptr<std::size_t> door_;
};

// To one that is ready.
Task<Service::Connection> Service::DialReady(const Door& door) {
  const auto replica = NextReady(Room::kFree);
  if (!replica) co_return Fail(Errc::kUnavailable, NoneRuns());
  auto use = std::make_shared<Held>(*this, *replica, door);
  Result<Fd> socket = std::exchange(replica->first, Fd());
  if (!socket->valid()) socket = co_await replica->sandbox->Dial(what_.port);
  if (!socket) co_return std::unexpected(std::move(socket).error());
  if (!replica->serves()) co_return Fail(Errc::kUnavailable, NoneRuns());
  co_return Connection{.socket = std::move(*socket), .use = std::move(use)};
}

Task<Service::Connection> Service::Dial(milliseconds patience, const Door& door) {
  const auto self = shared_from_this();
  const Duration most = what_.scale ? ReadyPatience() : Duration(kDialPatience);
  const TimePoint due = clock_.Now() + std::min<Duration>(patience, most);
  auto connection = co_await DialReady(door);
  if (connection || slots_.empty()) co_return connection;
  const auto must_share = [&] { return *door.uses() > 0 && IsFull(); };
  if (must_share()) co_return Connection{};
  if (waiting_ >= MostWaiting()) {
    ++scaled_.refused;
    co_return Fail(Errc::kResourceExhausted, std::to_string(waiting_) + " requests wait for " +
                                                 what_.name + " to come up, which is the most");
  }
  ++waiting_;
  LookNow();
  while (!connection && !stopping_ && clock_.Now() < due) {
    if (IsFull()) TakeFromOthers(door);
    co_await UntilServed(due);
    connection = co_await DialReady(door);
    if (!connection && must_share()) connection = Connection{};
  }
  --waiting_;
  co_return connection;
}

// Until a replica serves that did not. One that serves, but does not answer, is asked again soon.
Awaitable<void> Service::UntilServed(TimePoint due) {
  const auto left = std::chrono::ceil<milliseconds>(due - clock_.Now());
  co_await can_serve_.Wait(CountServing() > 0 ? std::min(left, kLookAgain) : left);
}

}  // namespace strata::keeper
