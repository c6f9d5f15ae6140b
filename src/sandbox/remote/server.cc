#include "sandbox/remote/server.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "sandbox/remote/codec.h"
#include "sandbox/remote/exchange.h"
#include "sandbox/wake_event.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::sandbox::remote {
namespace {

// Longer than any call may take.
constexpr std::chrono::hours kLongest{24 * 7};
// Log lines that wait for a slow reader beside a call; what exceeds it is dropped, and counted.
constexpr std::size_t kMostLogBytes = 1024 * 1024;
constexpr std::size_t kMostDials = 1024;  // of one line at once

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
  if (log_bytes_ + text.size() > kMostLogBytes) {
    ++lines_dropped_;
    return;
  }
  log_bytes_ += text.size();
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

namespace {

Awaitable<void> AnswerDial(std::shared_ptr<Dialler> service, std::shared_ptr<wire::Channel> line,
                           std::uint64_t id, std::shared_ptr<std::size_t> dials) {
  auto connection = co_await service->Dial();
  wire::Frame answer{
      Encode(ToClient(Dialled{id, connection ? "" : wire::WireError(connection.error())})), {}};
  if (connection) answer.fds.push_back(std::move(*connection));
  static_cast<void>(line->Post(std::move(answer)));  // a line that closed wants no answer
  --*dials;
}

}  // namespace

Awaitable<void> Server::ReadServiceLine(std::shared_ptr<Dialler> service, Fd line) {
  const auto open_line = std::make_shared<OpenLine>(*this, std::move(line));
  const std::shared_ptr<wire::Channel> channel(open_line, &open_line->channel);
  const auto dials = std::make_shared<std::size_t>(0);
  service->on_retire = [channel] {
    static_cast<void>(channel->Post({Encode(ToClient(Retire{})), {}}));
  };
  while (true) {
    auto frame = co_await channel->Receive();
    if (!frame) break;
    auto message = DecodeToServer(frame->text);
    const auto* dial = message ? std::get_if<Dial>(&*message) : nullptr;
    if (dial == nullptr || *dials == kMostDials) break;
    ++*dials;
    Spawn(loop_, AnswerDial(service, channel, dial->id, dials));
  }
  service->on_retire = nullptr;
  channel->Close();
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
