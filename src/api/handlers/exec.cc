// A program beside a service's server, over a WebSocket (http/stream/channels.h).
//
//   client <=WebSocket=> Session <=pipes, or the outer side of a terminal=> keeper
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "api/server.h"
#include "base/async/pause.h"
#include "base/files/files.h"
#include "host/process/pipe.h"
#include "host/process/terminal.h"
#include "http/stream/channels.h"
#include "http/stream/websocket.h"

namespace strata::api {
namespace {

namespace channels = http::channels;
using channels::Channel;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Request = manager::Manager::ExecRequest;

constexpr std::size_t kPart = 16 * 1024;
constexpr std::size_t kMostWaiting = 256 * 1024;  // of output that the client has not taken
constexpr std::chrono::milliseconds kTryAgain{20};

enum class Input : std::uint8_t { kNone, kFromClient };

struct Wish {
  Request request;
  Input input = Input::kNone;
};

// NAME=value, as often as there are variables.
Result<model::Env> ParseEnv(const std::vector<std::string>& variables) {
  model::Env env;
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Errc::kInvalidArgument, "query parameter env is NAME=value");
    }
    const std::string name = variable.substr(0, equals);
    if (!env.emplace(name, variable.substr(equals + 1)).second) {
      return Fail(Errc::kInvalidArgument, "query parameter env has " + name + " twice");
    }
  }
  return env;
}

Result<Wish> ParseWish(Context& context) {
  auto known = context.OnlyParameters({"command", "env", "sandbox", "stdin", "tty"});
  if (!known) return std::unexpected(std::move(known).error());
  Wish wish;
  wish.request.command = context.lists["command"];
  if (wish.request.command.empty() || wish.request.command.front().empty()) {
    return Fail(Errc::kInvalidArgument, "query parameter command is required");
  }
  auto env = ParseEnv(context.lists["env"]);
  if (!env) return std::unexpected(std::move(env).error());
  wish.request.env = std::move(*env);
  wish.request.sandbox = context.Text("sandbox");
  const auto input = context.Boolean("stdin", false);
  if (!input) return std::unexpected(input.error());
  const auto terminal = context.Boolean("tty", false);
  if (!terminal) return std::unexpected(terminal.error());
  if (*input) wish.input = Input::kFromClient;
  if (*terminal) wish.request.terminal.emplace();
  if (!http::WebSocket::IsAskedFor(context.exchange.head(), channels::kProtocol)) {
    return Fail(Errc::kInvalidArgument, "this path speaks WebSocket, with the subprotocol " +
                                            std::string(channels::kProtocol));
  }
  return wish;
}

// A program and its client. The coroutines that move the bytes keep it.
struct Session {
  explicit Session(Loop& on)
      : loop(on),
        in(loop.get_executor()),
        out(loop.get_executor()),
        err(loop.get_executor()),
        woken(loop.get_executor()) {}

  void Wake() { woken.cancel(); }
  Awaitable<void> Wait() {
    woken.expires_at(TimePoint::max());
    boost::system::error_code ignored;
    co_await woken.async_wait(asio::redirect_error(kAwait, ignored));
  }
  // The client is there no more.
  void Leave() {
    gone = true;
    program->End();
    Wake();
  }
  // The program's end may be told.
  [[nodiscard]] bool over() const { return ended && printing == 0 && outgoing.empty(); }

  Loop& loop;
  std::shared_ptr<sandbox::Execution> program;
  std::unique_ptr<http::WebSocket> socket;
  Descriptor in;  // closed: the program reads nothing more from us
  Descriptor out;
  Descriptor err;
  bool terminal = false;
  Timer woken;                        // waits for ever, until somebody wakes it
  std::vector<std::string> outgoing;  // messages
  std::size_t waiting = 0;            // bytes of them
  int printing = 0;                   // streams that may still say something
  bool listening = false;
  bool gone = false;
  std::optional<Result<int>> ended;
};
using SessionPtr = std::shared_ptr<Session>;

Result<void> Assign(Fd from, Descriptor& to) {
  if (::fcntl(from.get(), F_SETFL, O_NONBLOCK) != 0) return FailErrno("stream", errno);
  boost::system::error_code failed;
  to.assign(from.get(), failed);
  if (failed) return FailErrno("stream", failed.value());
  static_cast<void>(from.Release());
  return {};
}

Result<void> MakeTerminal(Session& session, Request& request) {
  auto made = host::MakeTerminal(*request.terminal);
  if (!made) return std::unexpected(std::move(made).error());
  auto copy = DuplicateFd(made->outer);
  if (!copy) return std::unexpected(std::move(copy).error());
  request.in = std::move(made->inner);
  session.terminal = true;
  session.printing = 1;
  if (auto in = Assign(std::move(*copy), session.in); !in) return in;
  return Assign(std::move(made->outer), session.out);
}

Result<void> MakePipes(Session& session, Request& request) {
  auto in = host::MakePipe();
  if (!in) return std::unexpected(std::move(in).error());
  auto out = host::MakePipe();
  if (!out) return std::unexpected(std::move(out).error());
  auto err = host::MakePipe();
  if (!err) return std::unexpected(std::move(err).error());
  request.in = std::move(in->read);
  request.out = std::move(out->write);
  request.err = std::move(err->write);
  session.printing = 2;
  auto done = Assign(std::move(in->write), session.in);
  if (done) done = Assign(std::move(out->read), session.out);
  if (done) done = Assign(std::move(err->read), session.err);
  return done;
}

Result<SessionPtr> MakeSession(Loop& loop, manager::Manager& manager, Wish wish) {
  auto session = std::make_shared<Session>(loop);
  Request& request = wish.request;
  auto made = request.terminal ? MakeTerminal(*session, request) : MakePipes(*session, request);
  if (!made) return std::unexpected(std::move(made).error());
  boost::system::error_code ignored;
  if (wish.input == Input::kNone) session->in.close(ignored);
  auto program = manager.Exec(std::move(request));
  if (!program) return std::unexpected(std::move(program).error());
  session->program = std::move(*program);
  return session;
}

Awaitable<void> RunProgram(SessionPtr session) {
  session->ended = co_await session->program->Wait();
  session->Wake();
}

Awaitable<void> Collect(SessionPtr session, Descriptor& from, Channel channel) {
  std::array<char, kPart> part;
  boost::system::error_code failed;
  while (!failed && !session->gone) {
    if (session->waiting > kMostWaiting) {
      co_await Pause(session->loop, kTryAgain);
      continue;
    }
    const ssize_t got = ::read(from.native_handle(), part.data(), part.size());
    if (got > 0) {
      const std::string_view bytes(part.data(), static_cast<std::size_t>(got));
      session->outgoing.push_back(channels::Write(channel, bytes));
      session->waiting += session->outgoing.back().size();
      session->Wake();
    } else if (got < 0 && errno == EAGAIN) {
      co_await from.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    } else {
      break;  // of a terminal: nobody has its inner side any more
    }
  }
  --session->printing;
  session->Wake();
}

// What does not fit waits, and the client with it.
Awaitable<void> Type(Session& session, std::string_view bytes, http::Exchange& exchange) {
  while (!bytes.empty() && session.in.is_open() && !session.ended && !exchange.client_gone()) {
    const ssize_t put = ::write(session.in.native_handle(), bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      co_await Pause(session.loop, kTryAgain);
    } else {
      co_return;  // it reads no more
    }
  }
}

// A message of the client. False: it breaks the rules.
Awaitable<bool> Take(Session& session, std::string_view bytes, http::Exchange& exchange) {
  const auto message = channels::Read(bytes);
  if (!message) co_return false;
  if (message->channel == Channel::kInput) {
    co_await Type(session, message->payload, exchange);
    co_return true;
  }
  if (message->channel == Channel::kResize) {
    const auto size = channels::ReadSize(message->payload);
    if (size) session.program->Resize({.rows = size->rows, .columns = size->columns});
    co_return size.has_value();
  }
  if (message->channel != Channel::kClose || !channels::IsInputEnd(*message)) co_return false;
  boost::system::error_code ignored;
  if (!session.terminal) session.in.close(ignored);
  co_return true;
}

Awaitable<void> Listen(SessionPtr session, http::Exchange& exchange) {
  for (bool good = true; good && !session->gone;) {
    const auto bytes = co_await session->socket->Receive();
    good = bytes.has_value();
    if (good) good = co_await Take(*session, *bytes, exchange);
  }
  session->listening = false;
  session->Leave();
}

// Everything to the client, in order; how the program ended is the last.
Awaitable<void> Talk(SessionPtr session) {
  while (!session->gone && !session->over()) {
    for (const std::string& message : std::exchange(session->outgoing, {})) {
      const auto sent = co_await session->socket->Send(message);
      session->waiting -= std::min(session->waiting, message.size());
      if (!sent) co_return session->Leave();
    }
    if (!session->over() && session->outgoing.empty()) co_await session->Wait();
  }
  if (session->gone) co_return;
  const std::string last = channels::WriteStatus(*session->ended);
  const auto told = co_await session->socket->Send(last);
  if (told) (void)co_await session->socket->Close();
}

}  // namespace

Awaitable<void> ApiServer::Exec(Context& context) {
  auto wish = ParseWish(context);
  if (!wish) {
    co_await ReplyError(context, wish.error());
    co_return;
  }
  wish->request.tenant = context.variables["namespace"];
  wish->request.name = context.variables["name"];
  auto made = MakeSession(loop_, manager_, std::move(*wish));
  if (!made) {
    co_await ReplyError(context, made.error());
    co_return;
  }
  const SessionPtr session = std::move(*made);
  std::string protocol(channels::kProtocol);
  auto socket = co_await http::WebSocket::Accept(loop_, context.exchange, std::move(protocol));
  if (!socket) {
    co_await ReplyError(context, socket.error());
    co_return;
  }
  session->socket = std::move(*socket);
  session->listening = true;
  Spawn(loop_, RunProgram(session));
  Spawn(loop_, Listen(session, context.exchange));
  Spawn(loop_, Collect(session, session->out, Channel::kOutput));
  if (!session->terminal) Spawn(loop_, Collect(session, session->err, Channel::kError));
  co_await Talk(session);
  boost::system::error_code ignored;
  for (Descriptor* each : {&session->in, &session->out, &session->err}) each->close(ignored);
  session->socket->Cut();
  while (session->listening) co_await session->Wait();
  session->socket.reset();
}

}  // namespace strata::api
