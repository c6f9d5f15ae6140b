#include "keeper/pools/pool.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "keeper/wire/reports.h"
#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::keeper {
namespace {

constexpr Bytes kFirstHeld = Bytes::MiB(32);
constexpr std::chrono::seconds kRetry{5};  // after a failure, and twice as long after each further
constexpr std::uint32_t kMostDoublings = 6;
constexpr std::chrono::seconds kLeastWait{1};  // of a call, for what began to be made so long ago
constexpr std::size_t kLongestName = 40;       // of the program, in the ids of its sandboxes

}  // namespace

Pooled& Pooled::operator+=(const Pooled& other) {
  ready += other.ready;
  wanted += other.wanted;
  memory = memory + other.memory;
  warm += other.warm;
  cold += other.cold;
  refused += other.refused;
  unused += other.unused;
  if (problem.empty()) problem = other.problem;
  return *this;
}

// Where lines go once it is known whose they are.
class Pool::LateLog final : public sandbox::LogSink {
 public:
  void Write(sandbox::Stream stream, std::string_view text) override {
    if (to != nullptr) to->Write(stream, text);
  }
  sandbox::LogSink* to = nullptr;
};

// A sandbox as whoever asked for it sees it: there from its first call on.
class Pool::Handle final : public sandbox::Sandbox {
 public:
  Handle(std::shared_ptr<Pool> pool, sandbox::Spec spec)
      : pool_(std::move(pool)), spec_(std::move(spec)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() override;

  Task<model::Exit> Invoke(sandbox::Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view, std::span<const sandbox::Value>,
                                 TimePoint) override {
    co_return Fail(Errc::kUnsupported, "only bare WebAssembly modules have typed exports");
  }
  void Stop() noexcept override;
  [[nodiscard]] model::Usage usage() const override {
    return made_.sandbox ? made_.sandbox->usage() : model::Usage{};
  }

 private:
  Task<void> Obtain(TimePoint due);

  const std::shared_ptr<Pool> pool_;
  const sandbox::Spec spec_;
  std::optional<Ticket> ticket_;  // while it waits
  Made made_;
  bool begun_ = false;  // counts as a call that runs
  bool stopped_ = false;
};

Pool::Handle::~Handle() {
  const bool had_one = made_.sandbox != nullptr;
  made_.sandbox.reset();
  if (had_one) pool_->pools_.OnRoom(pool_->sandbox_class_);
  if (!begun_) return;
  pool_->demand_.OnEnd(pool_->pools_.clock_.Now());
  pool_->pools_.Look(*pool_);
}

void Pool::Handle::Stop() noexcept {
  stopped_ = true;
  if (made_.sandbox) made_.sandbox->Stop();
  if (!ticket_) return;
  ticket_->stopped = true;
  ticket_->event->Wake();
}

Task<void> Pool::Handle::Obtain(TimePoint due) {
  const TimePoint now = pool_->pools_.clock_.Now();
  begun_ = true;
  pool_->demand_.OnBegin(now);
  ticket_.emplace(pool_->pools_.loop_, std::min(due, now + spec_.limits.timeout),
                  pool_->pools_.clock_);
  auto made = co_await pool_->Take(*ticket_, spec_);
  ticket_.reset();
  pool_->pools_.Look(*pool_);
  if (!made) co_return std::unexpected(std::move(made).error());
  made_ = std::move(*made);
  co_return Result<void>{};
}

Task<model::Exit> Pool::Handle::Invoke(sandbox::Call& call) {
  if (ticket_ || (!made_.sandbox && (stopped_ || begun_))) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (ticket_ ? " is running already" : " has ended"));
  }
  const bool first = !made_.sandbox;
  if (first) {
    auto obtained = co_await Obtain(call.deadline);
    if (stopped_) obtained = Fail(Errc::kUnavailable, "stopped");
    if (!obtained) co_return std::unexpected(std::move(obtained).error());
  }
  const TimePoint begun = pool_->pools_.clock_.Now();
  auto exit = co_await made_.sandbox->Invoke(call);
  if (exit) pool_->OnRan(pool_->pools_.clock_.Now() - begun, *exit);
  // Whoever waited for it to be made did not find it there.
  if (exit && first) exit->warm = exit->warm && made_.warm;
  co_return exit;
}

Pool::Pool(Pools& pools, std::string sandbox_class, std::shared_ptr<sandbox::Image> image,
           Program program)
    : pools_(pools),
      sandbox_class_(std::move(sandbox_class)),
      image_(std::move(image)),
      spec_(std::move(program.spec)),
      priority_(program.priority),
      min_(program.scale.min.value_or(0)),
      demand_(program.scale, program.price),
      creation_(pools.CreationOf(sandbox_class_)),
      held_(kFirstHeld),
      counted_{.name = spec_.id, .sandbox_class = sandbox_class_} {
  pools_.Add(*this);
}

Pool::~Pool() {
  while (!ready_.empty()) Pop();
  pools_.Remove(*this);
}

Result<std::unique_ptr<sandbox::Sandbox>> Pool::Create(const sandbox::Spec& spec) {
  sandbox::Spec own = spec_;
  own.id = spec.id;
  own.effects.logs = spec.effects.logs;
  return std::make_unique<Handle>(std::static_pointer_cast<Pool>(shared_from_this()),
                                  std::move(own));
}

void Pool::Open() {
  if (phase_ != Phase::kAdmitted) return;
  phase_ = Phase::kOpen;
  pools_.Look(*this);
}

void Pool::Close() {
  phase_ = Phase::kClosed;
  while (!ready_.empty()) Drop();
  pools_.Index(*this);
}

Pooled Pool::state() const {
  Pooled state = counted_;
  state.ready = static_cast<std::uint32_t>(ready_.size());
  state.wanted = wanted();
  for (const Made& made : ready_) state.memory = state.memory + made.held;
  const bool lacks_room = state.problem.empty() && !filling_ && state.ready < state.wanted;
  if (lacks_room) state.problem = pools_.WhyNoRoom(*this);
  return state;
}

std::uint32_t Pool::wanted() const {
  return phase_ == Phase::kOpen ? demand_.Wanted(pools_.clock_.Now()) : 0;
}

bool Pool::lacks() const {
  return !never_ && !filling_ && ready_.size() < wanted() && pools_.clock_.Now() >= try_again_;
}

std::optional<TimePoint> Pool::NextChange() const {
  if (phase_ != Phase::kOpen) return std::nullopt;
  const TimePoint now = pools_.clock_.Now();
  auto next = demand_.NextChange(now);
  if (try_again_ > now && !never_) next = std::min(next.value_or(try_again_), try_again_);
  return next;
}

void Pool::Push(Made made) {
  ++pools_.waiting_;
  pools_.held_ = pools_.held_ + made.held;
  ready_.push_back(std::move(made));
  pools_.Index(*this);
}

Pool::Made Pool::Pop() {
  Made made = std::move(ready_.front());
  ready_.pop_front();
  --pools_.waiting_;
  pools_.held_.count -= made.held.count;
  pools_.Index(*this);
  return made;
}

void Pool::Drop() {
  Pop();
  ++counted_.unused;
  pools_.OnRoom(sandbox_class_);
}

// ---- calls --------------------------------------------------------------------------------------

std::optional<Error> Pool::Over(const Ticket& ticket) const {
  if (ticket.stopped) return Error{Errc::kUnavailable, "stopped"};
  if (!ticket.refused.empty()) return Error{Errc::kResourceExhausted, ticket.refused};
  if (pools_.clock_.Now() < ticket.due) return std::nullopt;
  const auto needs = std::chrono::ceil<std::chrono::milliseconds>(ticket.kept_back).count();
  return Error{Errc::kResourceExhausted,
               needs == 0 ? "no sandbox could be started before the call's deadline"
                          : "no sandbox was free when the call had " + std::to_string(needs) +
                                " ms left, which is what such calls take"};
}

std::optional<Pool::Made> Pool::TakeReady() {
  if (ready_.empty()) return std::nullopt;
  Made made = Pop();
  made.warm = true;
  return made;
}

Task<Pool::Made> Pool::Take(Ticket& ticket, sandbox::Spec spec) {
  auto made = TakeReady();
  if (!made && filling_ && claim_ == nullptr && WorthWaiting() > Duration::zero()) {
    co_await AwaitClaimed(ticket);
    made = std::exchange(claimed_, std::nullopt);
  }
  if (made) {
    ++(made->warm ? counted_.warm : counted_.cold);
    made->log->to = spec.effects.logs;
    pools_.OnOpening();
    co_return std::move(*made);
  }
  auto own = co_await MakeOne(ticket, std::move(spec));
  if (own) {
    ++(own->warm ? counted_.warm : counted_.cold);
  } else if (own.error().code == Errc::kResourceExhausted) {
    ++counted_.refused;
  }
  co_return own;
}

// Nothing once it takes twice as long as the last one: it may never be there.
Duration Pool::WorthWaiting() const {
  const TimePoint due = fill_begun_ + std::max<Duration>(2 * creation_, kLeastWait);
  return std::max(due - pools_.clock_.Now(), Duration::zero());
}

// What is being made is nearer than what a call would begin now.
Awaitable<void> Pool::AwaitClaimed(Ticket& ticket) {
  // Also when the coroutine is destroyed in the middle.
  struct Claim {
    Ticket*& claim;
    Claim(Ticket*& of, Ticket& mine) : claim(of) { claim = &mine; }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { claim = nullptr; }
  } const claim(claim_, ticket);
  Timer late(pools_.loop_.get_executor());
  late.expires_after(WorthWaiting());
  late.async_wait([event = ticket.event](const boost::system::error_code& cancelled) {
    if (!cancelled) event->Wake();
  });
  while (filling_ && !claimed_ && !Over(ticket) && WorthWaiting() > Duration::zero()) {
    co_await ticket.event->Wait();
  }
}

Task<Pool::Made> Pool::MakeOne(Ticket& ticket, sandbox::Spec spec) {
  Pools::Line& line = pools_.LineOf(sandbox_class_);
  // Out of the line, and the next one's turn, however this ends.
  struct Place {
    Pools& pools;
    const std::string& sandbox_class;
    Pools::Line& line;
    const Ticket& ticket;
    Pools::Line::Place at;
    Place(Pools& of, const std::string& which, model::Priority priority, Ticket& mine)
        : pools(of),
          sandbox_class(which),
          line(of.LineOf(which)),
          ticket(mine),
          at(line.Join(priority, &mine, of.clock_.Now())) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (ticket.refused.empty()) line.Leave(at);
      pools.OnFree(sandbox_class);
    }
  };
  if (line.full()) {
    const auto later = line.TakeBelow(priority_);
    if (!later) {
      co_return Fail(Errc::kResourceExhausted,
                     std::to_string(line.size()) + " calls wait for a sandbox already");
    }
    (*later)->Refuse("calls of a higher priority wait");
  }
  const Place place(pools_, sandbox_class_, priority_, ticket);
  for (bool waits = false;; waits = true) {
    if (auto over = Over(ticket)) co_return std::unexpected(std::move(*over));
    if (auto ready = TakeReady()) {
      ready->log->to = spec.effects.logs;
      co_return std::move(*ready);
    }
    if (line.front() == &ticket) {
      auto made = pools_.Create(sandbox_class_, *image_, spec);
      if (made) {
        pools_.OnCreation(sandbox_class_);
        co_return Made{.log = nullptr, .sandbox = std::move(*made)};
      }
      if (made.error().code != Errc::kResourceExhausted) {
        co_return std::unexpected(std::move(made).error());
      }
    }
    // Whoever has its sandbox at once may try, however little time it has.
    if (!waits) ticket.KeepBack(usual_.value(), pools_.clock_);
    pools_.SetTimer();
    if (!Over(ticket)) co_await ticket.event->Wait();
  }
}

// What was ready is no measure for those in line, whose sandboxes are made for them.
void Pool::OnRan(Duration took, const model::Exit& exit) {
  pools_.LineOf(sandbox_class_).Served(took);
  if (exit.warm) return;
  const bool stopped = exit.reason == model::ExitReason::kStopped;
  usual_.Add(took, stopped ? UsualTime::End::kCutShort : UsualTime::End::kItsOwn);
}

// ---- filling ------------------------------------------------------------------------------------

Awaitable<void> Pool::FillOne() {
  filling_ = true;
  fill_begun_ = pools_.clock_.Now();
  Made made{.log = std::make_unique<LateLog>()};
  sandbox::Spec spec = spec_;
  spec.id = spec_.id.substr(0, kLongestName) + "-warm-" + std::to_string(++pools_.made_);
  spec.effects.logs = made.log.get();
  auto sandbox = image_->Create(spec);
  // What is ready at all times takes the place of what is kept for a while.
  while (!sandbox && sandbox.error().code == Errc::kResourceExhausted && ready_.size() < min_ &&
         pools_.EvictOne(sandbox_class_, Pools::For::kFilling)) {
    sandbox = image_->Create(spec);
  }
  Result<Bytes> held = Bytes{};
  if (sandbox) {
    made.sandbox = std::move(*sandbox);
    held = co_await made.sandbox->Warm();
  } else {
    held = std::unexpected(std::move(sandbox).error());
  }
  filling_ = false;
  if (held) {
    failures_ = 0;
    counted_.problem.clear();
    made.since = pools_.clock_.Now();
    made.held = held_ = *held;
    creation_ = made.since - fill_begun_;
    pools_.creations_.insert_or_assign(sandbox_class_, creation_);
    demand_.Learn(held_, creation_);
    if (claim_ != nullptr) {
      claimed_ = std::move(made);
    } else if (ready_.size() < wanted() && pools_.held_ + held_ <= pools_.bounds_.memory) {
      Push(std::move(made));
    } else {
      ++counted_.unused;
    }
  } else {
    OnFailure(held.error());
  }
  if (claim_ != nullptr) claim_->event->Wake();
}

// What can never be does not change; anything else may, and a full class when a sandbox ends.
void Pool::OnFailure(const Error& error) {
  counted_.problem = error.message;
  never_ = error.code == Errc::kUnsupported;
  if (error.code == Errc::kResourceExhausted) {
    failures_ = 0;
    pools_.without_room_[sandbox_class_].insert(this);
  }
  try_again_ = pools_.clock_.Now() + kRetry * (1U << std::min(failures_++, kMostDoublings));
}

}  // namespace strata::keeper
