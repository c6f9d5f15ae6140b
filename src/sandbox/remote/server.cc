#include "sandbox/remote/server.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sandbox/remote/codec.h"
#include "sandbox/remote/exchange.h"
#include "sandbox/wake_event.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::sandbox::remote {
namespace {

// Longer than any call may take.
constexpr std::chrono::hours kLongest{24 * 7};
// Log lines that wait for a slow reader beside a call; what exceeds it is dropped, and counted. A
// line takes memory beside its text: its frame.
constexpr std::size_t kMostLogBytes = 1024 * 1024;
constexpr std::size_t kLineCost = 128;
constexpr std::size_t kMostDials = 1024;  // of one line at once; more are refused

}  // namespace

// A line that CloseAll knows of, as long as somebody reads it.
class Server::OpenLine {
 public:
  OpenLine(Server& server, Fd line) : server_(server), channel(server.loop_, std::move(line)) {
    server_.open_.insert(&channel);
  }
  OpenLine(const OpenLine&) = delete;
  OpenLine& operator=(const OpenLine&) = delete;
  ~OpenLine() { server_.open_.erase(&channel); }

 private:
  Server& server_;

 public:
  wire::Channel channel;
};

// One sandbox and its line.
class Server::Session final : public LogSink {
 public:
  Session(Server& server, Fd line)
      : server_(server),
        line_(server, std::move(line)),
        channel_(line_.channel),
        ended_(server.loop_) {}

  // Makes the sandbox, and runs its calls until the line closes.
  Awaitable<void> Run(const std::shared_ptr<Image>& image, Spec spec);

  void Write(Stream stream, std::string_view text) override;

 private:
  Result<void> Handle(ToServer message);
  Result<void> Start(Begin begin);
  Awaitable<void> RunCall(TimePoint deadline, Trace trace);
  void Answer(Result<model::Exit> exit);

  Server& server_;
  OpenLine line_;
  wire::Channel& channel_;
  WakeEvent ended_;  // of the running call
  std::optional<Error> refused_;
  std::unique_ptr<Sandbox> sandbox_;
  std::optional<RemoteExchange> exchange_;  // of the running call
  std::size_t log_bytes_ = 0;               // of the running call
  std::uint64_t lines_dropped_ = 0;
};

void Server::Session::Write(Stream stream, std::string_view text) {
  const std::size_t cost = text.size() + kLineCost;
  if (log_bytes_ + cost > kMostLogBytes) {
    ++lines_dropped_;
    return;
  }
  log_bytes_ += cost;
  static_cast<void>(channel_.Post({Encode(ToClient(Line{stream, std::string(text)})), {}}));
}

Awaitable<void> Server::Session::Run(const std::shared_ptr<Image>& image, Spec spec) {
  spec.effects.logs = this;
  auto made = image->Create(spec);
  if (made) {
    sandbox_ = std::move(*made);
  } else {
    refused_ = std::move(made).error();  // told to every call
  }
  while (true) {
    auto frame = co_await channel_.Receive();
    if (!frame) break;
    auto message = DecodeToServer(frame->text);
    if (!message || !Handle(std::move(*message))) break;
  }
  channel_.Close();
  if (exchange_) exchange_->Break();
  if (sandbox_) sandbox_->Stop();
  while (exchange_) co_await ended_.Wait();
}

// What is not for a running call came too late for the last one.
Result<void> Server::Session::Handle(ToServer message) {
  if (auto* begin = std::get_if<Begin>(&message)) return Start(std::move(*begin));
  if (std::holds_alternative<Open>(message)) return Fail(Errc::kInvalidArgument, "a second open");
  if (!exchange_) return {};
  if (auto* input = std::get_if<Input>(&message)) return exchange_->Take(std::move(*input));
  if (const auto* end = std::get_if<InputEnd>(&message)) exchange_->Take(*end);
  if (const auto* credit = std::get_if<Credit>(&message)) exchange_->Take(*credit);
  if (std::holds_alternative<remote::Stop>(message)) sandbox_->Stop();
  return {};
}

Result<void> Server::Session::Start(Begin begin) {
  if (exchange_) return Fail(Errc::kInvalidArgument, "a second call at once");
  if (refused_) {
    Answer(std::unexpected(*refused_));
    return {};
  }
  const auto patience = std::chrono::milliseconds(
      std::min<std::uint64_t>(begin.patience_ms, std::chrono::milliseconds(kLongest).count()));
  Trace trace{std::move(begin.traceparent), std::move(begin.tracestate)};
  exchange_.emplace(server_.loop_, channel_, std::move(begin));
  if (auto good = exchange_->Check(); !good) {
    exchange_.reset();
    return good;
  }
  log_bytes_ = 0;
  Spawn(server_.loop_, RunCall(server_.clock_.Now() + patience, std::move(trace)));
  return {};
}

Awaitable<void> Server::Session::RunCall(TimePoint deadline, Trace trace) {
  ++server_.calls_;
  Call call{exchange_->head(), *exchange_, *exchange_, deadline, std::move(trace)};
  auto exit = co_await sandbox_->Invoke(call);
  if (lines_dropped_ > 0) {
    const std::string text =
        std::to_string(std::exchange(lines_dropped_, 0)) + " log lines dropped";
    static_cast<void>(channel_.Post({Encode(ToClient(Line{Stream::kHost, text})), {}}));
  }
  Answer(std::move(exit));
  exchange_.reset();
  --server_.calls_;
  ended_.Wake();
}

void Server::Session::Answer(Result<model::Exit> exit) {
  Done done;
  if (exit) {
    done.exit = std::move(*exit);
  } else {
    done.code = ErrcName(exit.error().code);
    done.message = exit.error().message;
  }
  static_cast<void>(channel_.Post({Encode(ToClient(std::move(done))), {}}));
}

void Server::CloseAll() {
  for (wire::Channel* channel : open_) channel->Close();
}

void Server::Serve(std::shared_ptr<Image> image, Spec spec, Fd line) {
  Spawn(loop_, ReadImageLine(std::move(image), std::move(spec), std::move(line)));
}

Awaitable<void> Server::ReadImageLine(std::shared_ptr<Image> image, Spec spec, Fd line) {
  OpenLine open_line(*this, std::move(line));
  while (true) {
    auto frame = co_await open_line.channel.Receive();
    if (!frame) break;
    auto message = DecodeToServer(frame->text);
    auto* open = message ? std::get_if<Open>(&*message) : nullptr;
    if (open == nullptr || frame->fds.size() != 1) break;
    spec.id = std::move(open->id);
    Spawn(loop_, RunSandbox(image, spec, std::move(frame->fds.front())));
  }
}

void Server::Serve(std::shared_ptr<Dialler> service, Fd line) {
  Spawn(loop_, ReadServiceLine(std::move(service), std::move(line)));
}

// The line of one cell to a service, and the connections that came over it.
class Server::ServiceLine : public std::enable_shared_from_this<ServiceLine> {
 public:
  ServiceLine(Server& server, std::shared_ptr<Dialler> service, Fd line)
      : loop_(server.loop_), service_(std::move(service)), line_(server, std::move(line)) {}

  Awaitable<void> Read();

 private:
  // False: the other side broke the rules.
  bool Handle(const ToServer& message);
  bool Start(const Dial& dial);
  Awaitable<void> Answer(std::shared_ptr<ServiceLine> self, Dial dial);
  void Tell(ToClient message, std::vector<Fd> fds = {});

  Loop& loop_;
  const std::shared_ptr<Dialler> service_;
  OpenLine line_;
  std::set<std::uint64_t> dials_;                        // that are not answered yet
  std::map<std::uint64_t, std::shared_ptr<void>> uses_;  // of connections, by their Dial
  bool closed_ = false;
};

Awaitable<void> Server::ServiceLine::Read() {
  const auto self = shared_from_this();
  service_->on_retire = [this] { Tell(Retire{}); };
  while (true) {
    auto frame = co_await line_.channel.Receive();
    if (!frame) break;
    auto message = DecodeToServer(frame->text);
    if (!message || !Handle(*message)) break;
  }
  service_->on_retire = nullptr;
  closed_ = true;
  uses_.clear();
  line_.channel.Close();
}

bool Server::ServiceLine::Handle(const ToServer& message) {
  if (const auto* dial = std::get_if<Dial>(&message)) return Start(*dial);
  if (const auto* closed = std::get_if<Closed>(&message)) return uses_.erase(closed->id) == 1;
  const auto* busy = std::get_if<Busy>(&message);
  if (busy != nullptr) service_->OnBusy(*busy);
  return busy != nullptr;
}

bool Server::ServiceLine::Start(const Dial& dial) {
  if (uses_.contains(dial.id) || dials_.contains(dial.id)) return false;
  if (dials_.size() == kMostDials) {
    const Error full{Errc::kResourceExhausted, "too many calls wait for a connection"};
    Tell(Dialled{.id = dial.id, .error = wire::WireError(full)});
    return true;
  }
  dials_.insert(dial.id);
  Spawn(loop_, Answer(shared_from_this(), dial));
  return true;
}

Awaitable<void> Server::ServiceLine::Answer(std::shared_ptr<ServiceLine> self, Dial dial) {
  const auto patience = std::chrono::milliseconds(
      std::min<std::uint64_t>(dial.patience_ms, std::chrono::milliseconds(kLongest).count()));
  auto connection = co_await service_->Dial(patience);
  dials_.erase(dial.id);
  if (closed_) co_return;
  if (!connection) {
    Tell(Dialled{.id = dial.id, .error = wire::WireError(connection.error())});
    co_return;
  }
  if (!connection->socket.valid()) {
    Tell(Dialled{.id = dial.id, .error = "", .full = true});
    co_return;
  }
  uses_.emplace(dial.id, std::move(connection->use));
  std::vector<Fd> fds;
  fds.push_back(std::move(connection->socket));
  Tell(Dialled{.id = dial.id}, std::move(fds));
  static_cast<void>(self);
}

// A line that has closed wants to hear nothing.
void Server::ServiceLine::Tell(ToClient message, std::vector<Fd> fds) {
  static_cast<void>(line_.channel.Post({Encode(message), std::move(fds)}));
}

Awaitable<void> Server::ReadServiceLine(std::shared_ptr<Dialler> service, Fd line) {
  const auto open = std::make_shared<ServiceLine>(*this, std::move(service), std::move(line));
  co_await open->Read();
}

Awaitable<void> Server::RunSandbox(std::shared_ptr<Image> image, Spec spec, Fd line) {
  ++sandboxes_;
  {
    Session session(*this, std::move(line));
    co_await session.Run(image, std::move(spec));
  }
  --sandboxes_;
}

}  // namespace strata::sandbox::remote
