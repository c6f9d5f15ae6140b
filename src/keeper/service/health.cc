#include "keeper/service/health.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>
#include <variant>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/promise.h"

namespace strata::keeper {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::size_t kStatusLine = 12;  // "HTTP/1.1 200"
constexpr int kFirstGood = 200;          // as Kubernetes has it
constexpr int kFirstBad = 400;

std::string Request(const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: strata-probe\r\nConnection: close\r\n\r\n";
}

}  // namespace

bool Verdict::Take(bool success) noexcept {
  if (success == well_) {
    against_ = 0;
    return false;
  }
  if (++against_ < (success ? probe_.success_threshold : probe_.failure_threshold)) return false;
  against_ = 0;
  well_ = success;
  return true;
}

int StatusOfAnswer(std::string_view bytes) noexcept {
  if (bytes.size() < kStatusLine || !bytes.starts_with("HTTP/1.") || bytes[8] != ' ') return 0;
  int status = 0;
  const char* end = bytes.data() + kStatusLine;
  const auto [stopped, error] = std::from_chars(bytes.data() + 9, end, status);
  return error == std::errc() && stopped == end && status >= 100 ? status : 0;
}

// One try, which may take longer than anybody waits for it.
struct HealthCheck::Attempt {
  Attempt(Loop& loop, const model::Probe& asked, std::shared_ptr<Replica> in, std::uint16_t at)
      : probe(asked),
        replica(std::move(in)),
        port(at),
        connection(loop.get_executor()),
        done(loop) {}

  void GiveUp() {
    given_up = true;
    boost::system::error_code ignored;
    connection.close(ignored);
    if (program) program->End();
  }

  const model::Probe probe;
  const std::shared_ptr<Replica> replica;
  const std::uint16_t port;
  Descriptor connection;
  std::shared_ptr<sandbox::Execution> program;
  bool given_up = false;
  Promise<std::monostate> done;
};

HealthCheck::HealthCheck(Loop& loop, const model::Probe& probe, std::shared_ptr<Replica> replica,
                         std::uint16_t port)
    : loop_(loop), probe_(probe), replica_(std::move(replica)), port_(port) {}

Task<void> HealthCheck::Try() {
  if (!last_.expired()) co_return Fail(Errc::kUnavailable, "the check before has not ended yet");
  const auto attempt = std::make_shared<Attempt>(loop_, probe_, replica_, port_);
  last_ = attempt;
  Spawn(loop_, Run(attempt));
  auto outcome = co_await attempt->done.Wait(probe_.timeout);
  if (outcome) co_return Result<void>{};
  if (outcome.error().code == Errc::kDeadlineExceeded) {
    attempt->GiveUp();
    co_return Fail(Errc::kDeadlineExceeded,
                   "no answer within " + std::to_string(probe_.timeout.count()) + " ms");
  }
  co_return std::unexpected(std::move(outcome).error());
}

Awaitable<void> HealthCheck::Run(std::shared_ptr<Attempt> attempt) {
  Result<void> outcome;
  if (attempt->probe.http_get) {
    outcome = co_await Get(*attempt);
  } else if (attempt->probe.exec) {
    outcome = co_await Execute(*attempt);
  } else {
    outcome =
        co_await Connect(*attempt, attempt->probe.tcp_socket.value_or(model::TcpSocket{}).port);
  }
  if (attempt->given_up) co_return;
  if (outcome) {
    attempt->done.Set(std::monostate{});
  } else {
    attempt->done.Set(std::unexpected(std::move(outcome).error()));
  }
}

Task<void> HealthCheck::Connect(Attempt& attempt, std::uint16_t port) {
  auto dialled = co_await attempt.replica->sandbox->Dial(port == 0 ? attempt.port : port);
  if (!dialled) co_return std::unexpected(std::move(dialled).error());
  if (attempt.given_up) co_return Result<void>{};
  boost::system::error_code failed;
  attempt.connection.assign(dialled->get(), failed);
  if (failed) co_return FailErrno("health check", failed.value());
  static_cast<void>(dialled->Release());
  co_return Result<void>{};
}

Task<void> HealthCheck::Get(Attempt& attempt) {
  if (auto connected = co_await Connect(attempt, attempt.probe.http_get->port); !connected) {
    co_return connected;
  }
  const std::string request = Request(attempt.probe.http_get->path);
  const int fd = attempt.connection.is_open() ? attempt.connection.native_handle() : -1;
  // Far smaller than what a fresh connection takes at once.
  if (::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    co_return Fail(Errc::kUnavailable, "the connection was closed");
  }
  std::string answer;
  boost::system::error_code failed;
  while (answer.size() < kStatusLine && attempt.connection.is_open() && !failed) {
    std::array<char, kStatusLine> part;
    const ssize_t got =
        ::read(attempt.connection.native_handle(), part.data(), kStatusLine - answer.size());
    if (got > 0) answer.append(part.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EAGAIN)) break;
    if (got > 0) continue;
    co_await attempt.connection.async_wait(Descriptor::wait_read,
                                           asio::redirect_error(kAwait, failed));
  }
  const int status = StatusOfAnswer(answer);
  if (status >= kFirstGood && status < kFirstBad) co_return Result<void>{};
  co_return Fail(Errc::kUnavailable,
                 status == 0
                     ? "no HTTP answer from " + attempt.probe.http_get->path
                     : attempt.probe.http_get->path + " answered " + std::to_string(status));
}

Task<void> HealthCheck::Execute(Attempt& attempt) {
  sandbox::Program program{.args = attempt.probe.exec->command};
  auto started = co_await attempt.replica->sandbox->Exec(std::move(program));
  if (!started) co_return std::unexpected(std::move(started).error());
  attempt.program = std::move(*started);
  if (attempt.given_up) attempt.program->End();
  const auto status = co_await attempt.program->Wait();
  if (!status) co_return std::unexpected(status.error());
  if (*status == 0) co_return Result<void>{};
  co_return Fail(Errc::kUnavailable, attempt.probe.exec->command.front() +
                                         " ended with exit code " + std::to_string(*status));
}

}  // namespace strata::keeper
