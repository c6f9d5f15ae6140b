#include "client/remote_program.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "http/stream/channels.h"
#include "http/stream/websocket.h"

namespace strata::cli {
namespace {

namespace channels = http::channels;
using channels::Channel;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::size_t kPart = 32 * 1024;
constexpr std::size_t kMostQueued = 16;  // messages that wait to be sent
constexpr int kSignalBase = 128;

// Our terminal, which passes everything on while this lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }

 private:
  termios before_{};
  bool changed_ = false;
};

std::optional<channels::Size> SizeOfTerminal() {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return std::nullopt;
  }
  return channels::Size{size.ws_row, size.ws_col};
}

// One conversation. Everything happens on the loop, which this runs.
class Conversation {
 public:
  Conversation(Session& session, const RemoteProgram& program, const OnOutput& on_output)
      : session_(session), program_(program), on_output_(on_output) {}

  Result<int> Run();

 private:
  Awaitable<void> Converse();
  Task<int> Listen();
  Awaitable<void> Send();
  Awaitable<void> Read();
  Awaitable<void> Heed();
  Task<std::string> Next();
  void Queue(std::string message);
  void SendSize();
  [[nodiscard]] std::string Target() const;

  Session& session_;
  const RemoteProgram& program_;
  const OnOutput& on_output_;
  Loop loop_{1};
  Timer queued_{loop_.get_executor(), TimePoint::max()};
  Timer sent_{loop_.get_executor(), TimePoint::max()};
  asio::basic_signal_set<Executor> signals_{loop_.get_executor()};
  Descriptor input_{loop_.get_executor()};
  std::unique_ptr<http::WebSocket> socket_;
  std::deque<std::string> queue_;
  Result<int> outcome_ = Fail(Errc::kInternal, "the program was not run");
};

std::string Conversation::Target() const {
  std::string target = program_.service + "/exec";
  char separator = '?';
  const auto add = [&](const char* name, const std::string& value) {
    target += std::exchange(separator, '&') + std::string(name) + "=" + PercentEncode(value);
  };
  for (const std::string& word : program_.command) add("command", word);
  for (const auto& [name, value] : program_.env) add("env", std::string(name) + "=" + value);
  if (!program_.sandbox.empty()) add("sandbox", program_.sandbox);
  if (program_.input >= 0) add("stdin", "true");
  if (program_.terminal == AtTerminal::kOurs) add("tty", "true");
  return target;
}

Result<int> Conversation::Run() {
  std::optional<RawTerminal> raw;
  if (program_.terminal == AtTerminal::kOurs) {
    // Before the terminal changes: from here on none of these ends us without it changing back.
    for (const int signal : {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) signals_.add(signal);
    raw.emplace();
    Spawn(loop_, Heed());
  }
  Spawn(loop_, Converse());
  loop_.run();
  return outcome_;
}

Awaitable<void> Conversation::Converse() {
  auto connection = co_await session_.Connect(loop_);
  if (!connection) {
    outcome_ = std::unexpected(std::move(connection).error());
    loop_.stop();
    co_return;
  }
  // Named: gcc 12 destroys a temporary argument of a coroutine twice.
  std::string target = Target();
  std::string protocol(channels::kProtocol);
  auto socket = co_await http::WebSocket::Connect(loop_, std::move(connection->plain),
                                                  std::move(connection->host), std::move(target),
                                                  std::move(protocol));
  if (socket) {
    socket_ = std::move(*socket);
    SendSize();
    Spawn(loop_, Send());
    if (program_.input >= 0) Spawn(loop_, Read());
    outcome_ = co_await Listen();
  } else {
    outcome_ = std::unexpected(std::move(socket).error());
  }
  if (!outcome_ && connection->relay && connection->relay->broken()) {
    outcome_ = Wrap(*connection->relay->broken(), "TLS");
  }
  loop_.stop();
}

Task<int> Conversation::Listen() {
  while (true) {
    const auto bytes = co_await socket_->Receive();
    if (!bytes) co_return Wrap(bytes.error(), "before the program ended");
    const auto message = channels::Read(*bytes);
    if (!message) co_return std::unexpected(message.error());
    if (message->channel == Channel::kStatus) co_return channels::ReadStatus(message->payload);
    const bool error = message->channel == Channel::kError;
    if (!error && message->channel != Channel::kOutput) continue;
    if (!on_output_(error ? Output::kStderr : Output::kStdout, message->payload)) {
      co_return Fail(Errc::kUnavailable, "nobody takes what the program prints");
    }
  }
}

void Conversation::Queue(std::string message) {
  queue_.push_back(std::move(message));
  queued_.cancel();
}

Awaitable<void> Conversation::Send() {
  boost::system::error_code ignored;
  while (true) {
    while (queue_.empty()) co_await queued_.async_wait(asio::redirect_error(kAwait, ignored));
    const auto sent = co_await socket_->Send(queue_.front());
    if (!sent) co_return;  // Listen hears why
    queue_.pop_front();
    sent_.cancel();
  }
}

// The next bytes of the input; none: it has ended. A file cannot be waited for, and need not be.
Task<std::string> Conversation::Next() {
  boost::system::error_code failed;
  if (input_.is_open()) {
    co_await input_.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    const bool file = failed == asio::error::operation_not_supported;
    if (failed && !file) co_return Fail(Errc::kUnavailable, failed.message());
  }
  std::array<char, kPart> part;
  const ssize_t got = ::read(program_.input, part.data(), part.size());
  if (got < 0) co_return FailErrno("read standard input", errno);
  co_return std::string(part.data(), static_cast<std::size_t>(got));
}

Awaitable<void> Conversation::Read() {
  boost::system::error_code ignored;
  const int copy = ::dup(program_.input);
  input_.assign(copy, ignored);
  if (!input_.is_open()) ::close(copy);
  while (true) {
    while (queue_.size() >= kMostQueued) {
      co_await sent_.async_wait(asio::redirect_error(kAwait, ignored));
    }
    const auto bytes = co_await Next();
    if (!bytes || bytes->empty()) break;
    Queue(channels::Write(Channel::kInput, *bytes));
  }
  Queue(channels::WriteInputEnd());
}

void Conversation::SendSize() {
  if (program_.terminal == AtTerminal::kNo || !socket_) return;
  if (const auto size = SizeOfTerminal()) Queue(channels::WriteSize(*size));
}

Awaitable<void> Conversation::Heed() {
  boost::system::error_code failed;
  while (true) {
    const int signal = co_await signals_.async_wait(asio::redirect_error(kAwait, failed));
    if (failed) co_return;
    if (signal == SIGWINCH) {
      SendSize();
      continue;
    }
    outcome_ = kSignalBase + signal;
    loop_.stop();
  }
}

}  // namespace

std::string ServicePath(const Session& session, const std::string& service) {
  return ResourcePath(session.tenant, "services", service);
}

Result<int> RunRemote(Session& session, const RemoteProgram& program, const OnOutput& on_output) {
  return Conversation(session, program, on_output).Run();
}

}  // namespace strata::cli
