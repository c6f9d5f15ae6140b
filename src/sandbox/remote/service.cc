#include "sandbox/remote/service.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "base/promise.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/connection.h"
#include "sandbox/remote/forward.h"
#include "sandbox/spec_check.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::sandbox::remote {
namespace {

using std::chrono::milliseconds;

// The way to one service: its line, and the connections that nobody uses now.
class ServiceLine : public std::enable_shared_from_this<ServiceLine> {
 public:
  ServiceLine(Loop& loop, const Clock& clock, Fd line)
      : loop(loop), clock(clock), channel_(loop, std::move(line)) {}

  void Begin() { Spawn(loop, Read(shared_from_this())); }
  void Close() { channel_.Close(); }

  // One that was kept, if the other side kept it too.
  std::unique_ptr<Connection> TakeIdle() {
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->fresh()) return connection;
    }
    return nullptr;
  }

  // `generation`: the line's when the connection was taken.
  void Keep(std::unique_ptr<Connection> connection, std::uint64_t generation) {
    if (generation == generation_ && idle_.size() < kMostIdle) {
      idle_.push_back(std::move(connection));
    }
  }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

  Task<std::unique_ptr<Connection>> Dial(milliseconds patience);

  Loop& loop;
  const Clock& clock;

 private:
  static Awaitable<void> Read(std::shared_ptr<ServiceLine> self);
  [[nodiscard]] bool Take(wire::Frame frame);

  wire::Channel channel_;
  bool closed_ = false;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Promise<Fd>>> dialling_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::uint64_t generation_ = 0;  // of connections that may be kept
};

Task<std::unique_ptr<Connection>> ServiceLine::Dial(milliseconds patience) {
  const Error gone{Errc::kUnavailable, "the keeper of this service is gone"};
  if (closed_) co_return std::unexpected(gone);
  const std::uint64_t id = next_++;
  auto answer = std::make_shared<Promise<Fd>>(loop);
  dialling_.emplace(id, answer);
  if (!channel_.Post({Encode(ToServer(remote::Dial{id})), {}})) {
    dialling_.erase(id);
    co_return std::unexpected(gone);
  }
  auto socket = co_await answer->Wait(patience);
  dialling_.erase(id);
  if (!socket) co_return std::unexpected(std::move(socket).error());
  co_return std::make_unique<Connection>(loop, std::move(*socket));
}

Awaitable<void> ServiceLine::Read(std::shared_ptr<ServiceLine> self) {
  while (true) {
    auto frame = co_await self->channel_.Receive();
    if (!frame || !self->Take(std::move(*frame))) break;
  }
  self->channel_.Close();
  self->closed_ = true;
  const Error gone{Errc::kUnavailable, "the keeper of this service is gone"};
  for (const auto& [id, answer] : self->dialling_) answer->Set(std::unexpected(gone));
}

// False: the other side broke the rules.
bool ServiceLine::Take(wire::Frame frame) {
  auto message = DecodeToClient(frame.text);
  if (message && std::holds_alternative<Retire>(*message)) {
    idle_.clear();
    ++generation_;
    return frame.fds.empty();
  }
  const auto* dialled = message ? std::get_if<Dialled>(&*message) : nullptr;
  if (dialled == nullptr || frame.fds.size() != (dialled->error.empty() ? 1 : 0)) return false;
  const auto found = dialling_.find(dialled->id);
  if (found == dialling_.end()) return true;  // whoever asked has given up
  const auto outcome = wire::OutcomeOf(dialled->error);
  if (outcome) {
    found->second->Set(std::move(frame.fds.front()));
  } else {
    found->second->Set(std::unexpected(outcome.error()));
  }
  return true;
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

 private:
  Task<model::Exit> Try(Call& call, std::unique_ptr<Connection> connection, bool& repeat);

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
  // What was kept may have been closed at this very moment: then, and only then, again.
  while (auto idle = line_->TakeIdle()) {
    bool repeat = false;
    auto exit = co_await Try(call, std::move(idle), repeat);
    if (!repeat) co_return exit;
  }
  const TimePoint due = std::min(call.deadline, line_->clock.Now() + spec_.limits.timeout);
  const auto patience = std::chrono::ceil<milliseconds>(due - line_->clock.Now());
  auto connection = co_await line_->Dial(std::max(patience, milliseconds(1)));
  if (!connection) co_return std::unexpected(std::move(connection).error());
  bool ignored = false;
  co_return co_await Try(call, std::move(*connection), ignored);
}

Task<model::Exit> ServiceSandbox::Try(Call& call, std::unique_ptr<Connection> connection,
                                      bool& repeat) {
  const std::uint64_t generation = line_->generation();
  Forward forward(line_->loop, line_->clock, *connection, spec_, call);
  running_ = &forward;
  auto exit = co_await forward.Run();
  running_ = nullptr;
  repeat = forward.repeatable();
  if (forward.reusable()) line_->Keep(std::move(connection), generation);
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
