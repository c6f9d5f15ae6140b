#include "sandbox/egress/outlet.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <set>
#include <utility>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/turns.h"
#include "base/files/fd.h"
#include "host/confine/netns.h"
#include "sandbox/egress/attempts.h"
#include "sandbox/egress/dns.h"
#include "sandbox/egress/relay.h"

namespace strata::sandbox::egress {
namespace {

using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Datagrams = asio::basic_datagram_socket<udp, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::uint16_t kNamePort = 53;
constexpr std::size_t kLongestQuery = 1024;
constexpr int kBacklog = 128;
constexpr std::size_t kMostLogged = 32;  // different lines, of one sandbox
constexpr int kMostAttempts = 1000;      // that are looked at: a flood of them is not
constexpr std::size_t kAttempt = 128;
constexpr std::chrono::milliseconds kPause{10};
constexpr std::uint64_t kAccountEvery = 1 << 20;

// A socket that only packets of `interface` reach.
Result<Fd> MakeSocket(int type, const std::string& interface, host::Ipv4 address,
                      std::uint16_t port) {
  const std::string what = "listen at " + address.ToString() + ":" + std::to_string(port);
  Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return FailErrno(what, errno);
  const int on = 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(address.bits);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.data(), interface.size()) !=
          0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0 ||
      (type == SOCK_STREAM && ::listen(fd.get(), kBacklog) != 0)) {
    return FailErrno(what, errno);
  }
  return fd;
}

std::string HostAndPort(const Destination& to) { return to.host + ":" + std::to_string(to.port); }

}  // namespace

class Outlet::State : public std::enable_shared_from_this<Outlet::State> {
 public:
  State(Loop& loop, OutletSpec spec)
      : loop_(loop),
        spec_(std::move(spec)),
        names_(loop.get_executor()),
        attempts_(loop.get_executor()),
        turns_(loop, spec_.most_connections) {}

  Result<void> Begin();
  void Close();

 private:
  static Awaitable<void> AnswerNames(std::shared_ptr<State> self);
  static Awaitable<void> LogAttempts(std::shared_ptr<State> self);
  static Awaitable<void> Accept(std::shared_ptr<State> self, Acceptor& listener,
                                const Destination& to);
  static Awaitable<void> Carry(std::shared_ptr<State> self, Destination to, Fd guest,
                               Turns::Turn turn);
  Result<void> Listen(const Destination& to);
  std::string Answer(std::string_view query);
  void Judge(const Attempt& attempt);
  void Deny(const std::string& what);
  bool LogOnce(const std::string& text);
  void Count(const Traffic& more, bool all);

  Loop& loop_;
  OutletSpec spec_;
  Datagrams names_;
  Descriptor attempts_;
  std::list<Acceptor> listeners_;
  Turns turns_;  // connections at once
  std::set<std::shared_ptr<Relay>> relays_;
  std::set<std::string> logged_;
  Traffic untold_;
  bool closed_ = false;
};

Result<void> Outlet::State::Begin() {
  auto names = MakeSocket(SOCK_DGRAM, spec_.interface, kGateway, kNamePort);
  if (!names) return std::unexpected(std::move(names).error());
  error_code failed;
  names_.assign(udp::v4(), names->get(), failed);
  if (failed) return FailErrno("listen for names", failed.value());
  static_cast<void>(names->Release());
  names_.non_blocking(true, failed);
  for (const Destination& to : spec_.plan) {
    if (auto listening = Listen(to); !listening) return listening;
  }
  auto attempts = WatchAttempts(spec_.interface);
  if (!attempts) return std::unexpected(std::move(attempts).error());
  attempts_.assign(attempts->Release());
  Spawn(loop_, AnswerNames(shared_from_this()));
  Spawn(loop_, LogAttempts(shared_from_this()));
  auto listener = listeners_.begin();
  for (const Destination& to : spec_.plan) {
    Spawn(loop_, Accept(shared_from_this(), *listener++, to));
  }
  return {};
}

Result<void> Outlet::State::Listen(const Destination& to) {
  auto socket = MakeSocket(SOCK_STREAM, spec_.interface, to.address, to.port);
  if (!socket) return std::unexpected(std::move(socket).error());
  error_code failed;
  listeners_.emplace_back(loop_.get_executor()).assign(tcp::v4(), socket->get(), failed);
  if (failed) return FailErrno("listen", failed.value());
  static_cast<void>(socket->Release());
  return {};
}

void Outlet::State::Close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  names_.close(ignored);
  attempts_.close(ignored);
  for (Acceptor& listener : listeners_) listener.close(ignored);
  for (const auto& relay : relays_) relay->Abort();
  Count({}, true);
  spec_.effects = {};  // they may end with the sandbox
  if (auto routes = host::RouteSocket::Open()) {
    // What does not go now goes with the sandbox's own end of it.
    static_cast<void>(routes->DeleteLink(spec_.interface));
  }
  if (spec_.on_closed) spec_.on_closed();
}

// Whether it was new. A guest that tries for ever does not fill the log.
bool Outlet::State::LogOnce(const std::string& text) {
  if (logged_.size() >= kMostLogged || !logged_.insert(text).second) return false;
  if (spec_.effects.logs != nullptr) spec_.effects.logs->Write(Stream::kHost, text);
  return true;
}

void Outlet::State::Deny(const std::string& what) {
  const bool fresh = LogOnce("denied: " + what + " is not in grants.http");
  Count({.denied = 1}, fresh);
}

void Outlet::State::Count(const Traffic& more, bool all) {
  untold_.sent += more.sent;
  untold_.received += more.received;
  untold_.connections += more.connections;
  untold_.denied += more.denied;
  if (!all && untold_.sent + untold_.received < kAccountEvery) return;
  const Traffic told = std::exchange(untold_, {});
  if (spec_.effects.connector != nullptr && told != Traffic{})
    spec_.effects.connector->Account(told);
}

std::string Outlet::State::Answer(std::string_view message) {
  const auto query = ParseDnsQuery(message);
  if (!query) return {};  // nobody would understand an answer
  const auto address = AddressOf(spec_.plan, query->name);
  if (!address) Deny("name " + query->name);
  return DnsAnswer(*query, address);
}

Awaitable<void> Outlet::State::AnswerNames(std::shared_ptr<State> self) {
  std::array<char, kLongestQuery> message;
  while (!self->closed_) {
    error_code failed;
    udp::endpoint from;
    const std::size_t size = co_await self->names_.async_receive_from(
        asio::buffer(message), from, asio::redirect_error(kAwait, failed));
    if (failed || self->closed_) co_return;
    const std::string answer = self->Answer({message.data(), size});
    // One that does not fit the queue is asked for again.
    if (!answer.empty()) self->names_.send_to(asio::buffer(answer), from, 0, failed);
  }
}

Awaitable<void> Outlet::State::LogAttempts(std::shared_ptr<State> self) {
  std::array<char, kAttempt> packet;
  for (int seen = 0; seen < kMostAttempts && !self->closed_;) {
    const ssize_t got = ::recv(self->attempts_.native_handle(), packet.data(), packet.size(), 0);
    if (got >= 0) {
      ++seen;
      const auto attempt = ParseAttempt({packet.data(), static_cast<std::size_t>(got)});
      if (attempt) self->Judge(*attempt);
      continue;
    }
    error_code failed;
    co_await self->attempts_.async_wait(Descriptor::wait_read,
                                        asio::redirect_error(kAwait, failed));
    if (failed) co_return;
  }
  error_code ignored;
  self->attempts_.close(ignored);
}

void Outlet::State::Judge(const Attempt& attempt) {
  const Destination* named = nullptr;
  for (const Destination& to : spec_.plan) {
    if (to.address != attempt.to) continue;
    if (attempt.tcp && to.port == attempt.port) return;
    named = &to;
  }
  if (named == nullptr) return Deny(attempt.ToString());
  Deny((attempt.tcp ? "tcp " : "udp ") + named->host + ":" + std::to_string(attempt.port));
}

Awaitable<void> Outlet::State::Accept(std::shared_ptr<State> self, Acceptor& listener,
                                      const Destination& to) {
  while (true) {
    error_code failed;
    co_await listener.async_wait(Acceptor::wait_read, asio::redirect_error(kAwait, failed));
    if (failed || self->closed_) co_return;
    auto turn = co_await self->turns_.Take();
    if (!turn || self->closed_) co_return;
    Fd guest(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!guest.valid()) {
      // It gave up before we came to it, or there are no descriptors: they come back.
      Timer pause(self->loop_.get_executor(), kPause);
      co_await pause.async_wait(asio::redirect_error(kAwait, failed));
      continue;
    }
    Spawn(self->loop_, Carry(self, to, std::move(guest), std::move(*turn)));
  }
}

Awaitable<void> Outlet::State::Carry(std::shared_ptr<State> self, Destination to, Fd guest,
                                     Turns::Turn turn) {
  const Turns::Turn held(std::move(turn));  // given back before `self` may go
  const std::weak_ptr<State> counted = self;
  const auto relay = std::make_shared<Relay>(
      self->loop_, std::move(guest), [counted](std::uint64_t sent, std::uint64_t received) {
        const auto outlet = counted.lock();
        if (outlet) outlet->Count({.sent = sent, .received = received}, false);
      });
  self->relays_.insert(relay);
  Result<Fd> upstream = Fail(Errc::kUnavailable, "there is no way out of this sandbox");
  if (self->spec_.effects.connector != nullptr) {
    upstream = co_await self->spec_.effects.connector->Connect(to.host, to.port);
  }
  if (self->closed_ || !upstream) {
    relay->Abort();
    if (!self->closed_) {
      self->LogOnce("connect to " + HostAndPort(to) + ": " + upstream.error().message);
    }
  } else {
    self->Count({.connections = 1}, false);
    co_await Relay::Run(relay, std::move(*upstream));
  }
  self->relays_.erase(relay);
  self->Count({}, true);
}

Result<std::unique_ptr<Outlet>> Outlet::Open(Loop& loop, OutletSpec spec) {
  auto state = std::make_shared<State>(loop, std::move(spec));
  std::unique_ptr<Outlet> outlet(new Outlet(state));  // closes what a failure leaves
  if (auto begun = state->Begin(); !begun) return std::unexpected(std::move(begun).error());
  return outlet;
}

Outlet::~Outlet() { state_->Close(); }

}  // namespace strata::sandbox::egress
