#include "manager/cells/connector.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>

namespace strata::manager {
namespace {

using boost::system::error_code;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint32_t kMostUnderWay = 256;

// Shared with the timer's handler, which may still be queued when the attempt has ended.
struct Attempt {
  explicit Attempt(Loop& loop)
      : resolver(loop.get_executor()), socket(loop.get_executor()), timer(loop.get_executor()) {}
  Resolver resolver;
  Socket socket;
  Timer timer;
  bool timed_out = false;
};

void Arm(const std::shared_ptr<Attempt>& attempt) {
  attempt->timer.expires_after(kPatience);
  attempt->timer.async_wait([attempt](error_code cancelled) {
    if (cancelled) return;
    attempt->timed_out = true;
    attempt->resolver.cancel();
    error_code ignored;
    attempt->socket.close(ignored);
  });
}

Task<Fd> Try(std::shared_ptr<Attempt> attempt, std::string host, std::uint16_t port) {
  error_code failed;
  const auto found = co_await attempt->resolver.async_resolve(host, std::to_string(port),
                                                              asio::redirect_error(kAwait, failed));
  if (!failed) {
    co_await asio::async_connect(attempt->socket, found, asio::redirect_error(kAwait, failed));
  }
  attempt->timer.cancel();
  if (attempt->timed_out) {
    co_return Fail(Errc::kDeadlineExceeded, "connect to " + host + " took too long");
  }
  if (failed) co_return Fail(Errc::kUnavailable, "connect to " + host + ": " + failed.message());
  const int fd = attempt->socket.release(failed);
  if (failed) co_return Fail(Errc::kUnavailable, failed.message());
  co_return Fd(fd);
}

}  // namespace

Task<Fd> Connector::Connect(model::Grants grants, std::string host, std::uint16_t port) {
  const bool granted = std::any_of(
      grants.http.begin(), grants.http.end(),
      [&](const model::HttpGrant& grant) { return grant.host == host && grant.port == port; });
  if (!granted) {
    ++denied_;
    co_return Fail(Errc::kPermissionDenied,
                   "no grant for " + host + ":" + std::to_string(port) + " (spec.grants.http)");
  }
  if (under_way_ >= kMostUnderWay) {
    co_return Fail(Errc::kResourceExhausted, "too many connections are being made");
  }
  ++under_way_;
  auto attempt = std::make_shared<Attempt>(loop_);
  Arm(attempt);
  auto outcome = co_await Try(attempt, std::move(host), port);
  --under_way_;
  co_return outcome;
}

}  // namespace strata::manager
