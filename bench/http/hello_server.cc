// bench/http/hello_server.cc - the HTTP server with a handler that answers 12 bytes: what http/
// itself costs, without a route, a sandbox or a guest.
//
//   hello_server [ADDR:PORT]        then: wrk -t1 -c64 -d5s http://ADDR:PORT/
//
// It runs until killed. See bench/http/run.sh for a whole measurement.
#include <array>
#include <cstdio>
#include <span>
#include <string_view>

#include "http/server/listener.h"
#include "http/server/server.h"

namespace strata::http {
namespace {

constexpr std::string_view kHello = "Hello world\n";

class HelloHandler final : public Handler {
 public:
  Awaitable<void> Handle(Exchange& exchange) override {
    ResponseHead head;
    head.headers = {{"Content-Type", "text/plain"}, {"Content-Length", "12"}};
    if (!exchange.sink().Head(std::move(head))) co_return;
    // 12 bytes always fit: the buffer of a new answer is never full.
    static_cast<void>(exchange.sink().TryWrite(std::as_bytes(std::span(kHello))));
  }
};

int Serve(std::string_view where) {
  auto address = ParseTcpAddress(where);
  auto listener = address ? ListenTcp(*address) : std::unexpected(address.error());
  if (!listener) {
    std::fprintf(stderr, "hello_server: %s\n", listener.error().message.c_str());
    return 1;
  }
  Loop loop(1);
  SystemClock clock;
  HelloHandler handler;
  Server server(loop, ServerConfig{}, handler, clock);
  auto adopted = server.Adopt(std::move(*listener));
  if (!adopted) {
    std::fprintf(stderr, "hello_server: %s\n", adopted.error().message.c_str());
    return 1;
  }
  loop.run();
  return 0;
}

}  // namespace
}  // namespace strata::http

int main(int argc, char** argv) {
  return strata::http::Serve(argc > 1 ? argv[1] : "127.0.0.1:8090");
}
