#include "sandbox/remote/service.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/pause.h"
#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/lines/standing_line.h"
#include "base/lines/usual_time.h"
#include "base/result.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/connection.h"
#include "sandbox/remote/forward.h"
#include "sandbox/remote/messages.h"
#include "sandbox/spec_check.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::sandbox::remote {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTellAgain{1'000};  // how busy the connections are
constexpr std::uint64_t kMilli = 1'000;

std::uint64_t Milliseconds(Duration time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(time).count());
}

// `kept_back`: how long the request would take; zero: that was not known.
Error NoneFree(Duration kept_back) {
  const std::string all = "every connection that the service can hold was in use ";
  const auto needs = std::chrono::ceil<milliseconds>(kept_back).count();
  if (needs == 0) return {Errc::kResourceExhausted, all + "until the deadline"};
  return {Errc::kResourceExhausted, all + "while the request had less time left than the " +
                                        std::to_string(needs) + " ms that such requests take"};
}

class ServiceLine;

// A connection that the keeper handed out. It hears when that is closed.
class Handed {
 public:
  Handed(ServiceLine& line, std::uint64_t id, std::uint64_t generation, Fd socket);
  ~Handed();
  Handed(const Handed&) = delete;
  Handed& operator=(const Handed&) = delete;

  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

  bool kept = false;  // it has carried a request

 private:
  ServiceLine& line_;
  const std::uint64_t id_;
  const std::uint64_t generation_;
  std::optional<Connection> connection_;
};

// The way to one service: its line, and the connections that nobody uses now. Whoever uses one
// holds the line.
class ServiceLine : public std::enable_shared_from_this<ServiceLine> {
 public:
  ServiceLine(Loop& loop, const Clock& clock, Fd line)
      : loop(loop), clock(clock), channel_(loop, std::move(line)) {}

  void Begin() { Spawn(loop, Read(shared_from_this())); }
  void Close() { channel_.Close(); }
  // The keeper is gone, or broke the rules.
  [[nodiscard]] bool closed() const noexcept { return closed_; }

  // For a request: one that was kept, a new one, or the next that another request lets go.
  Task<std::unique_ptr<Handed>> Obtain(TimePoint due);
  // After a request that was answered in full: for the next.
  void Keep(std::unique_ptr<Handed> handed);
  void OnOpened() {
    if (open_++ == 0) in_line_.BeginAnew(clock.Now());  // there was no place to stand in line for
  }
  // A request had a connection for so long. One that was cut short says nothing of others: a
  // service may have streams that last until their timeout beside requests of a moment.
  void OnServed(Duration took, bool its_own_end) {
    in_line_.Served(took);
    if (its_own_end) usual_.Add(took, UsualTime::End::kItsOwn);
  }
  void OnClosed(std::uint64_t id);

  void Tell(const ToServer& message) {
    static_cast<void>(channel_.Post({Encode(message), {}}));  // a keeper that is gone knows
  }

  // A request uses one of the connections for as long as this lives.
  class Running {
   public:
    explicit Running(ServiceLine& line) : line_(line) { line_.Count(true); }
    ~Running() { line_.Count(false); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    ServiceLine& line_;
  };

  Loop& loop;
  const Clock& clock;

 private:
  // Null: there can be no more of them.
  using Answer = Promise<std::unique_ptr<Handed>>;

  std::unique_ptr<Handed> TakeIdle();
  Task<std::unique_ptr<Handed>> Dial(milliseconds patience);
  // Who has been at the head of the line and found nothing goes before who comes. By nothing else:
  // a line is one Service's, so all who wait in it have its priority.
  enum class Coming : std::uint8_t { kFirstTime, kAgain };
  Task<std::unique_ptr<Handed>> AwaitFree(TimePoint due, Coming coming);
  void WakeNext();
  // Whose turn it is, when somebody waits; who has waited too long is told so.
  std::shared_ptr<Answer> TakeNext();
  [[nodiscard]] bool NoneComes() const { return open_ == 0 && dialling_.empty(); }
  static Awaitable<void> Read(std::shared_ptr<ServiceLine> self);
  [[nodiscard]] bool Take(wire::Frame frame);
  void Count(bool begins);
  void AddTime();
  static Awaitable<void> TellBusy(std::shared_ptr<ServiceLine> self);

  wire::Channel channel_;
  bool closed_ = false;
  std::uint64_t next_ = 0;
  std::size_t open_ = 0;  // connections
  // Requests that wait for one of those.
  StandingLine<std::shared_ptr<Answer>, Coming, 2> in_line_{kMostInLine};
  UsualTime usual_;  // that a request has one
  std::map<std::uint64_t, std::shared_ptr<Answer>> dialling_;
  std::uint64_t generation_ = 0;  // of connections that may be kept
  std::vector<std::unique_ptr<Handed>> idle_;

  std::uint32_t running_ = 0;
  Duration busy_{};    // requests at once, times how long, since it was told
  TimePoint changed_;  // up to when that is
  TimePoint idle_since_;
  bool telling_ = false;
};

Handed::Handed(ServiceLine& line, std::uint64_t id, std::uint64_t generation, Fd socket)
    : line_(line), id_(id), generation_(generation) {
  connection_.emplace(line.loop, std::move(socket));
  line_.OnOpened();
}

Handed::~Handed() {
  connection_.reset();
  line_.OnClosed(id_);
}

// One that was kept, if the other side kept it too.
std::unique_ptr<Handed> ServiceLine::TakeIdle() {
  while (!idle_.empty()) {
    auto handed = std::move(idle_.back());
    idle_.pop_back();
    if (handed->connection().fresh()) return handed;
  }
  return nullptr;
}

void ServiceLine::Keep(std::unique_ptr<Handed> handed) {
  if (closed_ || handed->generation() != generation_) return;
  handed->kept = true;
  if (!in_line_.empty()) {
    TakeNext()->Set(std::move(handed));
  } else if (idle_.size() < kMostIdle) {
    idle_.push_back(std::move(handed));
  }
}

// There is place for another connection: whoever is first in line asks for it.
void ServiceLine::OnClosed(std::uint64_t id) {
  --open_;
  Tell(Closed{id});
  WakeNext();
}

void ServiceLine::WakeNext() {
  if (!in_line_.empty()) TakeNext()->Set(std::unique_ptr<Handed>());
}

std::shared_ptr<ServiceLine::Answer> ServiceLine::TakeNext() {
  for (const auto& late : in_line_.Shed(clock.Now())) {
    late->Set(Fail(Errc::kResourceExhausted, std::string(kLineStood)));
  }
  return in_line_.Take();
}

Task<std::unique_ptr<Handed>> ServiceLine::Obtain(TimePoint due) {
  auto coming = Coming::kFirstTime;
  for (bool asks = in_line_.empty();; asks = true) {
    if (auto idle = TakeIdle()) co_return idle;
    if (asks || NoneComes()) {
      const auto left = std::chrono::ceil<milliseconds>(due - clock.Now());
      auto dialled = co_await Dial(std::max(left, milliseconds(1)));
      if (!dialled) WakeNext();  // nobody in line waits for nothing
      if (!dialled || *dialled) co_return dialled;
    }
    auto freed = co_await AwaitFree(due, coming);
    if (!freed || *freed) co_return freed;
    coming = Coming::kAgain;
  }
}

// Null: one was closed, or there is none any more.
Task<std::unique_ptr<Handed>> ServiceLine::AwaitFree(TimePoint due, Coming coming) {
  if (auto idle = TakeIdle()) co_return idle;
  if (NoneComes()) co_return std::unique_ptr<Handed>();
  if (in_line_.full()) {
    co_return Fail(
        Errc::kResourceExhausted,
        std::to_string(in_line_.size()) + " requests wait for a connection, which is the most");
  }
  // Who has less time left than requests take does not wait for a place that it would have in vain.
  const Duration kept_back = usual_.value();
  if (due - clock.Now() < kept_back) co_return std::unexpected(NoneFree(kept_back));
  const Running running(*this);  // it is load, too
  auto answer = std::make_shared<Answer>(loop);
  const auto place = in_line_.Join(coming, answer, clock.Now());
  const auto left = std::chrono::ceil<milliseconds>(due - kept_back - clock.Now());
  auto freed = co_await answer->Wait(std::max(left, milliseconds(0)));
  if (!answer->ready()) in_line_.Leave(place);
  if (!freed && freed.error().code == Errc::kDeadlineExceeded) {
    co_return std::unexpected(NoneFree(kept_back));
  }
  co_return freed;
}

void ServiceLine::AddTime() {
  const TimePoint now = clock.Now();
  busy_ += (now - changed_) * running_;
  changed_ = now;
}

void ServiceLine::Count(bool begins) {
  AddTime();
  running_ = begins ? running_ + 1 : running_ - 1;
  if (running_ == 0) idle_since_ = changed_;
  if (running_ == 0 || telling_) return;
  telling_ = true;
  Spawn(loop, TellBusy(shared_from_this()));
}

Awaitable<void> ServiceLine::TellBusy(std::shared_ptr<ServiceLine> self) {
  self->busy_ = {};
  self->Tell(Busy{.mean_milli = self->running_ * kMilli});
  for (bool was_busy = true; was_busy && !self->closed_;) {
    const TimePoint since = self->clock.Now();
    co_await Pause(self->loop, kTellAgain);
    self->AddTime();
    const Duration busy = std::exchange(self->busy_, {});
    const Duration span = std::max<Duration>(self->changed_ - since, milliseconds(1));
    was_busy = busy > Duration::zero() || self->running_ > 0;
    Busy told;
    if (was_busy) told.mean_milli = std::max<std::uint64_t>(busy * kMilli / span, 1);
    if (self->running_ == 0) told.idle_ms = Milliseconds(self->changed_ - self->idle_since_);
    self->Tell(told);
  }
  self->telling_ = false;
}

Task<std::unique_ptr<Handed>> ServiceLine::Dial(milliseconds patience) {
  const Error gone{Errc::kUnavailable, "the keeper of this service is gone"};
  if (closed_) co_return std::unexpected(gone);
  const std::uint64_t id = next_++;
  auto answer = std::make_shared<Answer>(loop);
  dialling_.emplace(id, answer);
  Tell(remote::Dial{.id = id, .patience_ms = static_cast<std::uint64_t>(patience.count())});
  auto handed = co_await answer->Wait(patience);
  dialling_.erase(id);
  if (!handed && handed.error().code == Errc::kDeadlineExceeded) {
    co_return Fail(Errc::kUnavailable, "no sandbox of the service could be reached in time");
  }
  co_return handed;
}

Awaitable<void> ServiceLine::Read(std::shared_ptr<ServiceLine> self) {
  while (true) {
    auto frame = co_await self->channel_.Receive();
    if (!frame || !self->Take(std::move(*frame))) break;
  }
  self->channel_.Close();
  self->closed_ = true;
  self->idle_.clear();
  const Error gone{Errc::kUnavailable, "the keeper of this service is gone"};
  for (const auto& [id, answer] : self->dialling_) answer->Set(std::unexpected(gone));
  while (!self->in_line_.empty()) self->in_line_.Take()->Set(std::unexpected(gone));
}

// False: the other side broke the rules.
bool ServiceLine::Take(wire::Frame frame) {
  auto message = DecodeToClient(frame.text);
  if (message && std::holds_alternative<Retire>(*message)) {
    ++generation_;
    idle_.clear();
    return frame.fds.empty();
  }
  const auto* dialled = message ? std::get_if<Dialled>(&*message) : nullptr;
  if (dialled == nullptr) return false;
  const auto outcome = wire::OutcomeOf(dialled->error);
  const bool brings = outcome && !dialled->full;
  if (frame.fds.size() != (brings ? 1 : 0)) return false;
  std::unique_ptr<Handed> handed;
  if (brings) {
    // Of the time when it was handed out: it may be retired before whoever asked goes on.
    handed =
        std::make_unique<Handed>(*this, dialled->id, generation_, std::move(frame.fds.front()));
  }
  const auto found = dialling_.find(dialled->id);
  if (found == dialling_.end()) return true;  // whoever asked has given up
  if (outcome) {
    found->second->Set(std::move(handed));
  } else {
    found->second->Set(std::unexpected(outcome.error()));
  }
  return true;
}

// A service that closed the connection had the request: how that ended is a fate, not that there
// was nobody to run it.
Result<model::Exit> FateOf(Result<model::Exit> tried) {
  if (tried) return tried;
  return model::Exit{.reason = model::ExitReason::kStopped,
                     .detail = std::move(tried).error().message,
                     .usage = {},
                     .warm = true};
}

class ServiceSandbox final : public Sandbox {
 public:
  ServiceSandbox(std::shared_ptr<ServiceLine> line, const Spec& spec)
      : line_(std::move(line)), spec_(spec) {}

  Task<model::Exit> Invoke(Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view, std::span<const Value>, TimePoint) override {
    co_return Fail(Errc::kUnsupported, "only bare WebAssembly modules have typed exports");
  }
  void Stop() noexcept override {
    over_ = true;
    if (running_ != nullptr) running_->Stop();
  }
  [[nodiscard]] model::Usage usage() const override { return total_; }
  [[nodiscard]] bool holder_lost() const override { return line_->closed(); }

 private:
  Task<model::Exit> Try(Call& call, std::unique_ptr<Handed> handed, bool& repeat);

  std::shared_ptr<ServiceLine> line_;
  const Spec spec_;
  Forward* running_ = nullptr;
  bool over_ = false;
  model::Usage total_;
};

Task<model::Exit> ServiceSandbox::Invoke(Call& call) {
  if (running_ != nullptr || over_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (over_ ? " has ended" : " is running a call"));
  }
  const TimePoint due = std::min(call.deadline, line_->clock.Now() + spec_.limits.timeout);
  while (true) {
    auto handed = co_await line_->Obtain(due);
    if (!handed) co_return std::unexpected(std::move(handed).error());
    if (over_) {
      line_->Keep(std::move(*handed));
      co_return model::Exit{
          .reason = model::ExitReason::kStopped, .detail = "stopped", .usage = {}};
    }
    const bool kept = (*handed)->kept;
    bool repeat = false;
    auto exit = co_await Try(call, std::move(*handed), repeat);
    // What was kept may have been closed at this very moment: then, and only then, again.
    if (!kept || !repeat) co_return FateOf(std::move(exit));
  }
}

Task<model::Exit> ServiceSandbox::Try(Call& call, std::unique_ptr<Handed> handed, bool& repeat) {
  const ServiceLine::Running running(*line_);
  Forward forward(line_->loop, line_->clock, handed->connection(), spec_, call);
  running_ = &forward;
  const TimePoint begun = line_->clock.Now();
  auto exit = co_await forward.Run();
  const bool its_own = exit && exit->reason == model::ExitReason::kReturned;
  line_->OnServed(line_->clock.Now() - begun, its_own);
  running_ = nullptr;
  repeat = forward.repeatable();
  if (forward.reusable()) line_->Keep(std::move(handed));
  if (exit) exit->warm = true;
  if (exit) total_ += exit->usage;
  if (exit ? exit->reason != model::ExitReason::kReturned : !repeat) over_ = true;
  co_return exit;
}

class ServiceImage final : public Image {
 public:
  explicit ServiceImage(std::shared_ptr<ServiceLine> line) : line_(std::move(line)) {}
  ~ServiceImage() override { line_->Close(); }
  ServiceImage(const ServiceImage&) = delete;
  ServiceImage& operator=(const ServiceImage&) = delete;

  [[nodiscard]] model::GuestKind kind() const noexcept override { return model::GuestKind::kHttp; }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override {
    if (auto id = CheckId(spec.id); !id) return std::unexpected(std::move(id).error());
    return std::make_unique<ServiceSandbox>(line_, spec);
  }

 private:
  std::shared_ptr<ServiceLine> line_;
};

}  // namespace

Result<std::shared_ptr<Image>> ServiceDriver::Prepare(Fd line) {
  auto shared = std::make_shared<ServiceLine>(loop_, clock_, std::move(line));
  shared->Begin();
  return std::make_shared<ServiceImage>(std::move(shared));
}

}  // namespace strata::sandbox::remote
