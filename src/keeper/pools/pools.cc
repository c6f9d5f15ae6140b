#include "keeper/pools/pools.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "keeper/pools/pool.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/wake_event.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;

// Calls that start all the time must not keep pools from their second sandbox for ever.
constexpr std::chrono::seconds kLongestQuiet{2};
constexpr milliseconds kFirstCreation{500};  // nobody knows yet
constexpr milliseconds kOpening{20};         // of what waited, until its program runs
// Where calls are in line: what is no call's (a service's replica) tells nobody when it ends.
constexpr milliseconds kLookAgain{100};
constexpr std::chrono::seconds kHostAgain{1};

std::uint64_t InMib(Bytes bytes) { return (bytes.count + (1 << 20) - 1) >> 20; }

}  // namespace

Pools::Ticket::Ticket(Loop& loop, TimePoint until, const Clock& clock)
    : event(std::make_shared<sandbox::WakeEvent>(loop)), timer(loop.get_executor()), due(until) {
  KeepBack({}, clock);
}

void Pools::Ticket::KeepBack(Duration time, const Clock& clock) {
  kept_back = time;
  due -= time;
  timer.expires_after(std::max(due - clock.Now(), Duration::zero()));
  timer.async_wait([weak = std::weak_ptr(event)](const boost::system::error_code& /*cancelled*/) {
    if (const auto waiting = weak.lock()) waiting->Wake();
  });
}

void Pools::Ticket::Refuse(std::string_view why) {
  refused = why;
  event->Wake();
}

Pools::Pools(Loop& loop, const Clock& clock, Bounds bounds, std::function<void()> on_change,
             MemoryFn host_memory)
    : loop_(loop),
      clock_(clock),
      bounds_(bounds),
      on_change_(std::move(on_change)),
      host_memory_(std::move(host_memory)),
      calm_(loop.get_executor()),
      timer_(loop.get_executor()) {}

Result<void> Pools::CheckRoom(const std::string& program, const model::Scale& scale) const {
  const std::uint32_t more = scale.min.value_or(0);
  std::uint32_t taken = 0;
  for (const Pool* pool : pools_) {
    if (pool->phase_ == Pool::Phase::kClosed || pool->spec_.id == program) continue;
    taken += pool->min_;
  }
  if (more == 0 || taken + more <= bounds_.sandboxes) return {};
  return Fail(Errc::kResourceExhausted,
              "spec.scale.min: " + std::to_string(bounds_.sandboxes) +
                  " sandboxes of a namespace can be ready at all times, of which " +
                  std::to_string(taken) + " are taken by others");
}

Result<std::unique_ptr<sandbox::Sandbox>> Pools::Create(const std::string& sandbox_class,
                                                        sandbox::Image& image,
                                                        const sandbox::Spec& spec) {
  auto made = image.Create(spec);
  while (!made && made.error().code == Errc::kResourceExhausted &&
         EvictOne(sandbox_class, For::kCall)) {
    made = image.Create(spec);
  }
  return made;
}

void Pools::Add(Pool& pool) {
  pools_.insert(&pool);
  pool.turn_ = ++turns_;
}

void Pools::Remove(Pool& pool) {
  pools_.erase(&pool);
  changes_.Drop(&pool);
  lacking_.Drop(&pool);
  below_min_.Drop(&pool);
  oldest_[pool.sandbox_class_].Drop(&pool);
  without_room_[pool.sandbox_class_].erase(&pool);
}

void Pools::Index(Pool& pool) {
  if (const auto change = pool.NextChange()) {
    changes_.Put(&pool, *change);
  } else {
    changes_.Drop(&pool);
  }
  const bool lacks = pool.lacks();
  if (lacks) {
    lacking_.Put(&pool, pool.turn_);
  } else {
    lacking_.Drop(&pool);
  }
  if (lacks && pool.ready_.size() < pool.min_) {
    below_min_.Put(&pool, pool.turn_);
  } else {
    below_min_.Drop(&pool);
  }
  auto& oldest = oldest_[pool.sandbox_class_];
  if (pool.ready_.empty()) {
    oldest.Drop(&pool);
  } else {
    oldest.Put(&pool, {pool.ready_.front().since, pool.turn_});
  }
}

void Pools::OnOpening() { quiet_from_ = std::max(quiet_from_, clock_.Now() + kOpening); }

void Pools::OnCreation(const std::string& sandbox_class) {
  quiet_from_ = std::max(quiet_from_, clock_.Now() + CreationOf(sandbox_class));
}

Duration Pools::CreationOf(const std::string& sandbox_class) const {
  const auto known = creations_.find(sandbox_class);
  return known == creations_.end() ? kFirstCreation : known->second;
}

void Pools::OnRoom(const std::string& sandbox_class) {
  for (Pool* pool : std::exchange(without_room_[sandbox_class], {})) {
    pool->try_again_ = {};
    Index(*pool);
  }
  if (const auto line = lines_.find(sandbox_class); line != lines_.end()) {
    for (Ticket* late : line->second.Shed(clock_.Now())) late->Refuse(kLineStood);
  }
  OnFree(sandbox_class);
}

Pools::Line& Pools::LineOf(const std::string& sandbox_class) {
  return lines_.try_emplace(sandbox_class, bounds_.calls_in_line).first->second;
}

void Pools::OnFree(const std::string& sandbox_class) {
  const auto line = lines_.find(sandbox_class);
  if (line != lines_.end() && !line->second.empty()) line->second.front()->event->Wake();
}

// Whose oldest has waited longest, of pools with more than their `min`, or with any.
Pool* Pools::OldestBeyond(const std::string& sandbox_class, bool min) const {
  std::optional<std::pair<Waited, Pool*>> oldest;
  for (const auto& [each, waiting] : oldest_) {
    if (!sandbox_class.empty() && each != sandbox_class) continue;
    const auto may_go = std::ranges::find_if(waiting, [min](const auto& entry) {
      return entry.second->ready_.size() > (min ? entry.second->min_ : 0);
    });
    if (may_go != waiting.end() && (!oldest || *may_go < *oldest)) oldest = *may_go;
  }
  return oldest ? oldest->second : nullptr;
}

bool Pools::EvictOne(const std::string& sandbox_class, For whom) {
  Pool* from = OldestBeyond(sandbox_class, true);
  if (from == nullptr && whom == For::kCall) from = OldestBeyond(sandbox_class, false);
  if (from == nullptr) return false;
  from->Drop();
  on_change_();
  return true;
}

bool Pools::HasRoom(const Pool& pool) const {
  return waiting_ < bounds_.sandboxes && held_ + pool.held_ <= bounds_.memory &&
         HostHas(pool.held_);
}

// Beside what is to stay.
bool Pools::HostHas(Bytes more) const { return on_host_.count >= bounds_.spare.count + more.count; }

// What is spare goes by and by: the kernel takes a while to have it back.
void Pools::LookAtHost() {
  const TimePoint now = clock_.Now();
  if (!host_memory_ || now < host_due_) return;
  host_due_ = now + kHostAgain;
  on_host_ = host_memory_();
  if (!HostHas({})) EvictOne("", For::kFilling);
}

bool Pools::MakeRoom(const Pool& pool) {
  std::size_t waiting = waiting_;
  Bytes held = held_;
  for (const Pool* each : pools_) {
    for (std::size_t i = each->min_; i < each->ready_.size(); ++i) {
      --waiting;
      held.count -= each->ready_[i - each->min_].held.count;  // the oldest go first
    }
  }
  if (waiting >= bounds_.sandboxes || held + pool.held_ > bounds_.memory) return false;
  if (!HostHas(pool.held_)) return false;  // LookAtHost sees to that
  while (!HasRoom(pool) && EvictOne("", For::kFilling)) {
  }
  return HasRoom(pool);
}

std::string Pools::WhyNoRoom(const Pool& pool) const {
  if (HasRoom(pool)) return "";
  constexpr std::string_view kGiveWay =
      "; lower spec.scale.min, max or keep_alive of another Function of the namespace";
  if (pool.held_ > bounds_.memory) {
    return fmt::format(
        "one of its sandboxes holds {} MiB, and all of a namespace that wait may hold {} MiB; "
        "let it hold less before its call, or set spec.scale.keep_alive to 0s",
        InMib(pool.held_), InMib(bounds_.memory));
  }
  if (!HostHas(pool.held_)) {
    return fmt::format(
        "this host has {} MiB of memory left, of which {} are not taken in advance, and a sandbox "
        "holds {} MiB; stop something else on it",
        InMib(on_host_), InMib(bounds_.spare), InMib(pool.held_));
  }
  if (waiting_ >= bounds_.sandboxes) {
    return fmt::format("{} sandboxes of the namespace wait already, as many as may{}", waiting_,
                       kGiveWay);
  }
  return fmt::format(
      "sandboxes of the namespace that wait hold {} MiB of {} MiB, and another one of this "
      "Function takes {} MiB{}",
      InMib(held_), InMib(bounds_.memory), InMib(pool.held_), kGiveWay);
}

// Where as many wait as may, only who is to have some at all times gets any, in another's place.
const Pools::Turns& Pools::MayGet() const {
  return waiting_ < bounds_.sandboxes ? lacking_ : below_min_;
}

// The first that is empty; one that has some, when there is no such one, or was none for long.
Pool* Pools::NextToFill() {
  Pool* next = nullptr;
  for (const auto& [turn, pool] : MayGet()) {
    const bool urgent = pool->ready_.empty() || PutOff() == Duration::zero();
    if (!pool->lacks() || (next != nullptr && !urgent)) continue;
    const auto line = lines_.find(pool->sandbox_class_);
    if (line != lines_.end() && !line->second.empty()) continue;
    const bool always = pool->ready_.size() < pool->min_;
    if (!HasRoom(*pool) && !(always && MakeRoom(*pool))) continue;
    if (urgent) return pool;
    next = pool;
    if (!put_off_since_) put_off_since_ = clock_.Now();
  }
  return next;
}

// For how long pools that have a sandbox get no other: until calls have started theirs.
Duration Pools::PutOff() const {
  const TimePoint now = clock_.Now();
  const TimePoint latest = put_off_since_.value_or(now) + kLongestQuiet;
  return std::max(std::min(quiet_from_, latest) - now, Duration::zero());
}

void Pools::DropTooMany(Pool& pool) {
  while (pool.ready_.size() > pool.wanted()) pool.Drop();
  Index(pool);
}

void Pools::Look(Pool& pool) {
  DropTooMany(pool);
  Attend();
}

void Pools::Look() {
  const TimePoint now = clock_.Now();
  while (!changes_.empty() && changes_.first().first <= now) DropTooMany(*changes_.first().second);
  LookAtHost();
  Attend();
}

// To what all pools share.
void Pools::Attend() {
  for (const auto& [sandbox_class, line] : lines_) OnFree(sandbox_class);
  if (!filling_ && !MayGet().empty()) {
    filling_ = true;
    Spawn(loop_, Fill());
  }
  calm_.cancel();
  SetTimer();
  on_change_();
}

Awaitable<void> Pools::Fill() {
  boost::system::error_code ignored;   // of Look, which has us ask the clock again
  co_await asio::post(loop_, kAwait);  // whoever looked goes first
  LookAtHost();
  while (Pool* pool = NextToFill()) {
    if (const Duration later = PutOff(); !pool->ready_.empty() && later > Duration::zero()) {
      calm_.expires_after(later);
      co_await calm_.async_wait(asio::redirect_error(kAwait, ignored));
      continue;  // another may have been emptied, or this one be gone
    }
    if (!pool->ready_.empty()) put_off_since_.reset();
    pool->turn_ = ++turns_;
    const auto held = pool->shared_from_this();
    co_await pool->FillOne();
    Index(*pool);
    OnFree(pool->sandbox_class_);  // whoever is in line may have its place, or that of what failed
    on_change_();
    LookAtHost();
  }
  filling_ = false;
  put_off_since_.reset();
  SetTimer();
}

void Pools::SetTimer() {
  const TimePoint now = clock_.Now();
  std::optional<TimePoint> next;
  if (!changes_.empty()) next = changes_.first().first;
  const auto waits = [](const auto& line) { return !line.second.empty(); };
  const TimePoint again = now + kLookAgain;
  if (std::ranges::any_of(lines_, waits)) next = std::min(next.value_or(again), again);
  if (host_memory_ && (waiting_ > 0 || !lacking_.empty())) {
    const TimePoint host = std::max(host_due_, now);
    next = std::min(next.value_or(host), host);
  }
  timer_.cancel();
  if (!next) return;
  timer_.expires_after(*next - now);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) Look();
  });
}

}  // namespace strata::keeper
