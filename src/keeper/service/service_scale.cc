// As many replicas as the load needs.
#include <algorithm>
#include <chrono>
#include <ranges>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "keeper/service/service_door.h"

namespace strata::keeper {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr std::chrono::seconds kTellAgain{1};
constexpr std::size_t kMostWaiting = 1000;  // of a service, also where more could be served at once
constexpr std::size_t kTurns = 10;          // requests that wait for each that is served at once

}  // namespace

// Ends when the service is stopped.
Awaitable<void> Service::Autoscale(std::shared_ptr<Service> self) {
  boost::system::error_code ignored;
  while (!stopping_) {
    const TimePoint again = Look();
    const Duration left = again - clock_.Now();
    if (again == TimePoint::max()) {
      look_again_.expires_at(TimePoint::max());
    } else {
      look_again_.expires_after(std::max<Duration>(left, kLookAgain));
    }
    co_await look_again_.async_wait(asio::redirect_error(kAwait, ignored));
  }
  static_cast<void>(self);
}

scheduler::Demand Service::DemandNow() const {
  scheduler::Demand demand{.requests = static_cast<double>(waiting_), .idle_since = served_};
  for (const Door* door : doors_) {
    demand.requests += door->requests();
    demand.idle_since = std::max(demand.idle_since, door->idle_since());
  }
  return demand;
}

// When to look again.
TimePoint Service::Look() {
  const TimePoint now = clock_.Now();
  const scheduler::Demand demand = DemandNow();
  if (waiting_ > 0) served_ = now;
  autoscaler_->Observe(demand, now);
  // Whoever is to come up first is not taken away before, and what is paused stays as it is.
  if (!settled() || IsPaused()) return TimePoint::max();
  if (std::exchange(prove_, false)) autoscaler_->Started(now);
  scheduler::Scaling scaling = autoscaler_->Decide(CountServing(), now);
  if (const std::uint32_t least = CountStayedIn(); scaling.replicas < least) {
    scaling.replicas = least;
    scaling.why += "; " + std::to_string(least) + " with programs beside their servers";
  }
  const std::uint32_t before = CountWanted();
  if (scaling.replicas != before) Decided(scaling, before);
  TellScaleIfNew();
  return scaling.until;
}

void Service::Decided(const scheduler::Scaling& scaling, std::uint32_t before) {
  scaled_.before = before;
  scaled_.why = scaling.why;
  decided_ = clock_.Now();
  ScaleTo(scaling.replicas);
  const std::uint32_t after = CountWanted();
  if (after == before) return;  // every place is taken: again when one is free
  if (before == 0 && waiting_ > 0) ++scaled_.cold_starts;
  Print("", sandbox::Stream::kHost,
        "scaled from " + std::to_string(before) + " to " + std::to_string(after) + ": " +
            scaling.why);
}

void Service::TellScaleIfNew() {
  const bool changed = told_.key.empty() || told_.desired != CountWanted() ||
                       told_.ready != CountServing() || told_.paused != CountPaused() ||
                       told_.why != scaled_.why;
  const bool counted = told_.waiting != waiting_ || told_.refused != scaled_.refused;
  if (changed || (counted && clock_.Now() - told_at_ >= kTellAgain)) TellScale();
}

void Service::TellScale() {
  if (!settled() || stopping_) return;
  const TimePoint now = clock_.Now();
  scaled_.key = what_.key;
  scaled_.name = what_.name;
  scaled_.sandbox_class = sandbox_class();
  scaled_.desired = CountWanted();
  scaled_.ready = CountServing();
  scaled_.max = static_cast<std::uint32_t>(slots_.size());
  scaled_.paused = CountPaused();
  scaled_.waiting = static_cast<std::uint32_t>(waiting_);
  const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(now - decided_);
  scaled_.decided_ms = scaled_.why.empty() ? 0 : static_cast<std::uint64_t>(ago.count());
  if (!on_scaled_(scaled_)) return;
  told_ = scaled_;
  told_at_ = now;
}

std::uint32_t Service::CountServing() const {
  const auto serves = [](const Slot& slot) { return slot.replica && slot.replica->serves(); };
  return static_cast<std::uint32_t>(std::ranges::count_if(slots_, serves));
}

std::uint32_t Service::CountPaused() const {
  const auto paused = [](const Slot& slot) { return slot.replica && slot.replica->paused; };
  return static_cast<std::uint32_t>(std::ranges::count_if(slots_, paused));
}

std::uint32_t Service::CountWanted() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(slots_, &Slot::wanted));
}

std::uint32_t Service::CountStayedIn() const {
  const auto stayed_in = [](const Slot& slot) {
    return slot.wanted && slot.replica && slot.replica->programs > 0;
  };
  return static_cast<std::uint32_t>(std::ranges::count_if(slots_, stayed_in));
}

// As near as it can: one that was asked to end has its place until it has ended, which is looked at
// again then.
void Service::ScaleTo(std::uint32_t count) {
  std::uint32_t wanted = CountWanted();
  while (wanted < count && AddOne()) ++wanted;
  for (; wanted > count; --wanted) RemoveOne();
}

// One that was to go is taken back, else one is started. False: every place is taken.
bool Service::AddOne() {
  const auto may_stay = [](const Slot& slot) {
    return slot.kept && !slot.wanted && !(slot.replica && slot.replica->asked);
  };
  if (const auto slot = std::ranges::find_if(slots_, may_stay); slot != slots_.end()) {
    slot->wanted = true;
    if (!slot->replica) return true;  // between two lives
    slot->replica->leave_by.reset();
    RetireConnections();
    can_serve_.Notify();
    return true;
  }
  const auto slot = std::ranges::find_if_not(slots_, &Slot::kept);
  if (slot == slots_.end()) return false;
  Begin(static_cast<std::uint32_t>(slot - slots_.begin()));
  return true;
}

// One that does not serve yet, else the last without programs beside its server.
void Service::RemoveOne() {
  const auto idle = [](const Slot& slot) {
    return slot.wanted && !(slot.replica && (slot.replica->serves() || slot.replica->programs > 0));
  };
  auto from_last = std::views::reverse(slots_);
  auto slot = std::ranges::find_if(from_last, idle);
  const auto free = [](const Slot& slot) {
    return slot.wanted && slot.replica && slot.replica->programs == 0;
  };
  if (slot == from_last.end()) slot = std::ranges::find_if(from_last, free);
  if (slot == from_last.end()) return;
  slot->wanted = false;
  if (!slot->replica) return;
  slot->replica->leave_by = clock_.Now() + time_to_leave();
  RetireConnections();
  Spawn(loop_, Leave(shared_from_this(), slot->replica));
}

// Until nobody uses it any more, or it is taken back.
Awaitable<void> Service::Leave(std::shared_ptr<Service> self, std::shared_ptr<Replica> replica) {
  while (replica->leave_by && !replica->ended && !stopping_) {
    if (*replica->uses == 0 || clock_.Now() >= *replica->leave_by) {
      replica->AskToEnd();
      break;
    }
    co_await Pause(*replica, kLookAgain);
  }
  static_cast<void>(self);
}

std::size_t Service::MostWaiting() const {
  if (!what_.scale) return kMostWaiting;
  const std::size_t each = what_.scale->concurrency.value_or(*model::kServiceScale.concurrency);
  return std::min(kMostWaiting, kTurns * each * slots_.size());
}

}  // namespace strata::keeper
