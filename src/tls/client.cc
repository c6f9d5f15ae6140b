#include "tls/client.h"

#include <charconv>
#include <memory>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>

#include "tls/relay.h"
#include "tls/stream.h"

namespace strata::tls {
namespace {

using ErrorCode = boost::system::error_code;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// Every address that the name has is tried, within `timeout` in all.
Task<Socket> ConnectTcp(Loop& loop, const Remote& remote, Duration timeout) {
  ErrorCode error;
  const auto found = Resolver(loop.get_executor())
                         .resolve(remote.host, std::to_string(remote.port),
                                  Resolver::flags::numeric_service, error);
  if (error) co_return Fail(Errc::kUnavailable, "resolve: " + error.message());
  const auto socket = std::make_shared<Socket>(loop.get_executor());
  const auto expired = std::make_shared<bool>(false);
  Timer timer(loop.get_executor(), timeout);
  timer.async_wait([socket, expired](const ErrorCode& cancelled) {
    if (cancelled) return;
    *expired = true;
    ErrorCode ignored;
    socket->close(ignored);
  });
  co_await asio::async_connect(*socket, found, asio::redirect_error(kAwait, error));
  if (*expired) co_return Fail(Errc::kUnavailable, "it does not answer");
  if (error) co_return Fail(Errc::kUnavailable, error.message());
  co_return std::move(*socket);
}

Task<Relay::Started> Open(Loop& loop, const Remote& remote, Duration connect_timeout,
                          Duration write_stall) {
  auto context = Context::ForClient(remote.files);
  if (!context) co_return std::unexpected(context.error());
  const std::string what = "connect to " + remote.host + ":" + std::to_string(remote.port);
  auto socket = co_await ConnectTcp(loop, remote, connect_timeout);
  if (!socket) co_return Wrap(socket.error(), what);
  auto stream = Stream::OfClient(*context, std::move(*socket), remote.host);
  if (!stream) co_return Wrap(stream.error(), what);
  if (remote.silence) (*stream)->GiveUpAfter(*remote.silence);
  auto shaken = co_await (*stream)->Handshake(connect_timeout);
  if (!shaken) co_return Wrap(shaken.error(), what + ": TLS");
  co_return Relay::Start(loop, std::move(*stream), RelayLimits{.write_stall = write_stall});
}

Awaitable<void> FetchInto(Loop& loop, Remote remote, http::ClientRequest request,
                          http::FetchOptions options, Result<http::ClientResponse>& out) {
  out = co_await Fetch(loop, std::move(remote), std::move(request), std::move(options));
}

}  // namespace

Result<Remote> ParseRemote(std::string_view url, Files files) {
  constexpr std::string_view kScheme = "https://";
  const auto wrong = [url] {
    return Fail(Errc::kInvalidArgument,
                "'" + std::string(url) + "' is not of the form https://HOST:PORT");
  };
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) return wrong();
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  Remote remote{.files = std::move(files)};
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), remote.port);
  if (error != std::errc{} || end != port.data() + port.size() || remote.port == 0) return wrong();
  std::string_view host = rest.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return wrong();
  if (host.find_first_of("/@?# []") != std::string_view::npos) return wrong();
  remote.host = host;
  return remote;
}

Task<Relay::Started> Connect(Loop& loop, Remote remote, Duration timeout) {
  co_return co_await Open(loop, remote, timeout, Duration::max());
}

Task<http::ClientResponse> Fetch(Loop& loop, Remote remote, http::ClientRequest request,
                                 http::FetchOptions options) {
  auto opened = co_await Open(loop, remote, options.connect_timeout, options.timeout);
  if (!opened) co_return std::unexpected(opened.error());
  auto client = http::Client::Adopt(loop, std::move(opened->plain));
  if (!client) co_return std::unexpected(client.error());
  const bool v6 = remote.host.find(':') != std::string::npos;
  request.host = (v6 ? "[" + remote.host + "]" : remote.host) + ":" + std::to_string(remote.port);
  auto answer = co_await client->Fetch(std::move(request), std::move(options));
  // What the relay saw is the cause of what the client saw, or it is all there is to see.
  if (opened->relay->broken()) co_return Wrap(*opened->relay->broken(), "TLS");
  co_return answer;
}

Result<http::ClientResponse> FetchBlocking(Remote remote, http::ClientRequest request,
                                           http::FetchOptions options) {
  Loop loop(1);
  Result<http::ClientResponse> out = Fail(Errc::kInternal, "the fetch did not run");
  Spawn(loop, FetchInto(loop, std::move(remote), std::move(request), std::move(options), out));
  loop.run();
  return out;
}

}  // namespace strata::tls
