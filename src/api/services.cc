// Programs beside a service's server, and pausing it.
//
// An exec's answer is a stream of JSON lines: {"stream": "stdout" | "stderr", "data": base64} as
// the program prints, then {"exit": code}, or {"error": {"code", "detail"}} when it failed after
// that.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "api/server.h"
#include "base/base64.h"
#include "host/pipe.h"

namespace strata::api {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr Bytes kRequestLimit = 64_MiB;
constexpr std::size_t kPart = 16 * 1024;
constexpr std::size_t kMostWaiting = 256 * 1024;  // of output that the client has not taken

struct ExecBody {
  manager::Manager::ExecRequest request;
  std::string input;
};

Result<void> Read(const std::string& name, const Json& value, ExecBody& body) {
  if (name == "sandbox" && value.is_string()) {
    body.request.sandbox = value.get<std::string>();
    return {};
  }
  if (name == "command" && value.is_array()) {
    for (const Json& word : value) {
      if (!word.is_string()) return Fail(Errc::kInvalidArgument, "'command' is a list of strings");
      body.request.command.push_back(word.get<std::string>());
    }
    return {};
  }
  if (name == "env" && value.is_object()) {
    for (const auto& [variable, text] : value.items()) {
      if (!text.is_string()) return Fail(Errc::kInvalidArgument, "'env' maps names to strings");
      body.request.env.emplace(variable, text.get<std::string>());
    }
    return {};
  }
  if (name == "stdin" && value.is_string()) {
    auto decoded = Base64Decode(value.get_ref<const std::string&>());
    if (!decoded) return Wrap(std::move(decoded).error(), "'stdin'");
    body.input = std::move(*decoded);
    return {};
  }
  return Fail(Errc::kInvalidArgument, "'" + name +
                                          "' is unknown or has the wrong type; the body is "
                                          "{command, env, stdin, sandbox}");
}

// What a program may be started with: no zero bytes, and a name for every variable.
Result<void> CheckWords(const ExecBody& body) {
  const auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const std::string& word : body.request.command) {
    if (bad(word)) return Fail(Errc::kInvalidArgument, "'command' has a zero byte");
  }
  for (const auto& [name, value] : body.request.env) {
    if (name.empty() || name.contains('=') || bad(name) || bad(value)) {
      return Fail(Errc::kInvalidArgument, "'env' has a name or value that cannot be one");
    }
  }
  if (body.request.command.empty() || body.request.command.front().empty()) {
    return Fail(Errc::kInvalidArgument, "'command' is required");
  }
  return {};
}

Result<ExecBody> ParseExec(const Json& json) {
  if (!json.is_object()) return Fail(Errc::kInvalidArgument, "the body must be an object");
  ExecBody body;
  for (const auto& [name, value] : json.items()) {
    if (auto read = Read(name, value, body); !read) return std::unexpected(read.error());
  }
  if (auto good = CheckWords(body); !good) return std::unexpected(good.error());
  return body;
}

// A program that runs for one API call; its pumps may outlive the call, never the loop.
struct Running {
  explicit Running(Loop& loop)
      : in(loop.get_executor()),
        out(loop.get_executor()),
        err(loop.get_executor()),
        woken(loop.get_executor()) {}

  void Wake() { woken.cancel(); }
  [[nodiscard]] bool over() const { return result && readers == 0; }

  Descriptor in;
  Descriptor out;
  Descriptor err;
  Timer woken;        // waits for ever, until somebody wakes it
  std::string lines;  // to be sent
  int readers = 2;
  std::optional<Result<int>> result;
};

Awaitable<void> Feed(std::shared_ptr<Running> running, std::string input) {
  std::string_view left = input;
  boost::system::error_code failed;
  while (!left.empty() && !failed) {
    const ssize_t put = ::write(running->in.native_handle(), left.data(), left.size());
    if (put >= 0) {
      left.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      co_await running->in.async_wait(Descriptor::wait_write, asio::redirect_error(kAwait, failed));
    } else {
      break;  // it reads no more
    }
  }
  running->in.close(failed);
}

Awaitable<void> Collect(std::shared_ptr<Running> running, Descriptor& from, const char* name) {
  std::array<char, kPart> part;
  boost::system::error_code failed;
  while (!failed) {
    if (running->lines.size() > kMostWaiting) {
      Timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(5));
      co_await pause.async_wait(asio::redirect_error(kAwait, failed));
      continue;
    }
    const ssize_t got = ::read(from.native_handle(), part.data(), part.size());
    if (got > 0) {
      const std::string_view bytes(part.data(), static_cast<std::size_t>(got));
      running->lines += DumpJson({{"stream", name}, {"data", Base64Encode(bytes)}}) + "\n";
      running->Wake();
    } else if (got < 0 && errno == EAGAIN) {
      co_await from.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    } else {
      break;
    }
  }
  --running->readers;
  running->Wake();
}

Awaitable<void> RunProgram(manager::Manager& manager, std::shared_ptr<Running> running,
                           manager::Manager::ExecRequest request) {
  running->result = co_await manager.Exec(std::move(request));
  running->Wake();
}

Result<std::shared_ptr<Running>> MakeRunning(Loop& loop, manager::Manager::ExecRequest& request) {
  auto in = host::MakePipe();
  if (!in) return std::unexpected(std::move(in).error());
  auto out = host::MakePipe();
  if (!out) return std::unexpected(std::move(out).error());
  auto err = host::MakePipe();
  if (!err) return std::unexpected(std::move(err).error());
  for (const Fd* ours : {&in->write, &out->read, &err->read}) {
    if (::fcntl(ours->get(), F_SETFL, O_NONBLOCK) != 0) return FailErrno("pipe", errno);
  }
  auto running = std::make_shared<Running>(loop);
  running->in.assign(in->write.Release());
  running->out.assign(out->read.Release());
  running->err.assign(err->read.Release());
  request.in = std::move(in->read);
  request.out = std::move(out->write);
  request.err = std::move(err->write);
  return running;
}

std::string LastLine(const Result<int>& result) {
  if (result) return DumpJson({{"exit", *result}}) + "\n";
  return DumpJson(
             {{"error",
               {{"code", ErrcName(result.error().code)}, {"detail", result.error().message}}}}) +
         "\n";
}

}  // namespace

Awaitable<void> ApiServer::Exec(Context& context) {
  auto json = co_await ReadJson(context, kRequestLimit);
  if (!json) co_return;
  auto body = ParseExec(*json);
  if (!body) {
    co_await ReplyError(context, body.error());
    co_return;
  }
  manager::Manager::ExecRequest request = std::move(body->request);
  request.tenant = context.variables["namespace"];
  request.name = context.variables["name"];
  auto made = MakeRunning(loop_, request);
  if (!made) {
    co_await ReplyError(context, made.error());
    co_return;
  }
  const std::shared_ptr<Running> running = std::move(*made);
  Spawn(loop_, RunProgram(manager_, running, std::move(request)));
  Spawn(loop_, Feed(running, std::move(body->input)));
  Spawn(loop_, Collect(running, running->out, "stdout"));
  Spawn(loop_, Collect(running, running->err, "stderr"));
  bool begun = false;
  while (true) {
    const bool over = running->over();
    const std::string piece = std::exchange(running->lines, "");
    if (over && piece.empty()) break;
    if (!piece.empty()) {
      if (!begun && !StreamHead(context, "application/x-ndjson")) break;
      begun = true;
      if (!co_await StreamPiece(context, piece)) break;
      continue;
    }
    running->woken.expires_at(TimePoint::max());
    boost::system::error_code ignored;
    co_await running->woken.async_wait(asio::redirect_error(kAwait, ignored));
  }
  boost::system::error_code ignored;
  for (Descriptor* each : {&running->in, &running->out, &running->err}) each->close(ignored);
  if (!running->over()) co_return;  // the client is gone
  if (!begun && !*running->result) {
    co_await ReplyError(context, running->result->error());
    co_return;
  }
  if (!begun && !StreamHead(context, "application/x-ndjson")) co_return;
  const std::string last = LastLine(*running->result);
  (void)co_await StreamPiece(context, last);
}

Awaitable<void> ApiServer::Pause(Context& context) { co_await SetPaused(context, true); }

Awaitable<void> ApiServer::Resume(Context& context) { co_await SetPaused(context, false); }

Awaitable<void> ApiServer::SetPaused(Context& context, bool paused) {
  manager::Manager::ServiceName of{context.variables["namespace"], context.variables["name"]};
  auto done = co_await manager_.SetPaused(std::move(of), paused);
  if (!done) {
    co_await ReplyError(context, done.error());
    co_return;
  }
  co_await ReplyEmpty(context, 204);
}

}  // namespace strata::api
