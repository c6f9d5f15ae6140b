#include "tls/listener.h"

#include <utility>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/gate.h"
#include "http/server/listener.h"

namespace strata::tls {
namespace {

using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr int kBacklog = 128;
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);  // when descriptors ran out
constexpr Duration kLastWords = std::chrono::seconds(1);           // for a refused client to read

http::TcpAddress AddressOf(const Tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

}  // namespace

// Shared with the coroutines, which may be destroyed after the listener, by the loop's destructor.
struct Listener::State : std::enable_shared_from_this<Listener::State> {
  State(Loop& on, const Clock& by, Context with, telemetry::Logger to, const ListenerLimits& within)
      : loop(on),
        clock(by),
        context(std::move(with)),
        log(std::move(to)),
        limits(within),
        acceptor(on.get_executor()),
        gate(on) {}

  static Awaitable<void> Accept(std::shared_ptr<State> self);
  static Awaitable<void> Admit(std::shared_ptr<State> self, Socket socket, std::string from,
                               Gate::Holder held);
  Result<void> Pass(const std::shared_ptr<Stream>& stream, const std::string& from,
                    Gate::Holder held);
  void Refuse(const std::string& from, const Error& why);
  void Stop();
  void Cut();

  Loop& loop;
  const Clock& clock;
  Context context;
  telemetry::Logger log;
  ListenerLimits limits;
  asio::basic_socket_acceptor<Tcp, Executor> acceptor;
  std::string address;
  Serve serve;
  Gate gate;  // one holder a connection
  std::vector<std::weak_ptr<Stream>> streams;
  std::size_t handshakes = 0;
  bool stopped = false;
  TimePoint window;
  std::size_t refused = 0;  // in this window
};

Awaitable<void> Listener::State::Accept(std::shared_ptr<State> self) {
  while (!self->stopped) {
    ErrorCode error;
    Tcp::endpoint peer;
    Socket socket = co_await self->acceptor.async_accept(peer, asio::redirect_error(kAwait, error));
    if (self->stopped) co_return;
    if (error) {
      // Out of descriptors: another try at once would spin. The rest is about one client.
      Timer pause(self->loop.get_executor(), kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(kAwait, error));
      continue;
    }
    const std::string from = http::ToString(AddressOf(peer));
    if (self->gate.holders() >= self->limits.max_connections ||
        self->handshakes >= self->limits.max_handshakes) {
      self->Refuse(from, {Errc::kResourceExhausted, "too many connections"});
      continue;
    }
    auto held = self->gate.Enter();
    if (!held) co_return;
    Spawn(self->loop, Admit(self, std::move(socket), from, std::move(*held)));
  }
}

Awaitable<void> Listener::State::Admit(std::shared_ptr<State> self, Socket socket, std::string from,
                                       Gate::Holder held) {
  auto stream = Stream::OfServer(self->context, std::move(socket));
  if (!stream) {
    self->Refuse(from, stream.error());
    co_return;
  }
  std::erase_if(self->streams, [](const auto& known) { return known.expired(); });
  self->streams.push_back(*stream);
  ++self->handshakes;
  auto shaken = co_await (*stream)->Handshake(self->limits.handshake);
  --self->handshakes;
  if (shaken) shaken = self->Pass(*stream, from, std::move(held));
  if (shaken) co_return;
  self->Refuse(from, shaken.error());
  co_await (*stream)->Linger(kLastWords);
}

Result<void> Listener::State::Pass(const std::shared_ptr<Stream>& stream, const std::string& from,
                                   Gate::Holder held) {
  if (stopped) return Fail(Errc::kUnavailable, "the server stops");
  auto relay = Relay::Start(loop, stream, limits.relay, std::move(held));
  if (!relay) return std::unexpected(relay.error());
  const std::string subject = stream->peer_name();
  log.Info("api client", {{"peer", from}, {"subject", subject}});
  auto served = serve(std::move(relay->plain), "CN=" + subject + " " + from);
  if (!served) Refuse(from, served.error());  // the relay sees its other end closed, and ends
  return {};
}

void Listener::State::Refuse(const std::string& from, const Error& why) {
  const auto now = clock.Now();
  if (now - window > kRefusalWindow) {
    window = now;
    refused = 0;
  }
  if (++refused > kRefusalsLogged) return;
  log.Warn("api client refused", {{"peer", from},
                                  {"code", ErrcName(why.code)},
                                  {"error", why.message},
                                  {"last_for_now", refused == kRefusalsLogged}});
}

void Listener::State::Stop() {
  stopped = true;
  ErrorCode ignored;
  acceptor.close(ignored);
}

void Listener::State::Cut() {
  for (const auto& known : streams) {
    if (const auto stream = known.lock()) stream->Kill();
  }
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->Stop();
  state_->Cut();
}

Result<std::unique_ptr<Listener>> Listener::Open(Loop& loop, const Clock& clock,
                                                 const std::string& address, const Files& files,
                                                 telemetry::Logger log,
                                                 const ListenerLimits& limits) {
  auto wanted = http::ParseTcpAddress(address);
  if (!wanted) return std::unexpected(wanted.error());
  auto context = Context::ForServer(files);
  if (!context) return std::unexpected(context.error());
  auto socket = http::ListenTcp(*wanted, http::PortSharing::kExclusive, kBacklog);
  if (!socket) return std::unexpected(socket.error());
  auto port = http::LocalPort(*socket);
  if (!port) return std::unexpected(port.error());
  wanted->port = *port;
  auto state = std::make_shared<State>(loop, clock, std::move(*context), std::move(log), limits);
  state->address = http::ToString(*wanted);
  ErrorCode error;
  const bool v6 = wanted->host.find(':') != std::string::npos;
  state->acceptor.assign(v6 ? Tcp::v6() : Tcp::v4(), socket->get(), error);
  if (error) return FailErrno("listen on " + address + ": epoll", error.value());
  static_cast<void>(socket->Release());  // the descriptor is acceptor's now
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

void Listener::Start(Serve serve) {
  state_->serve = std::move(serve);
  Spawn(state_->loop, State::Accept(state_));
}

const std::string& Listener::address() const noexcept { return state_->address; }

std::size_t Listener::connections() const noexcept { return state_->gate.holders(); }

Awaitable<void> Listener::Drain(Duration limit) {
  const auto state = state_;
  state->Stop();
  Timer timer(state->loop.get_executor(), limit);
  timer.async_wait([state](const ErrorCode& error) {
    if (!error) state->Cut();
  });
  auto closed = co_await state->gate.Close();
  static_cast<void>(closed);  // a cancelled wait: the loop is ending
}

}  // namespace strata::tls
