#include "cell/front_lines.h"

#include <chrono>
#include <utility>

#include "cell/hop_field.h"
#include "http/problem.h"
#include "route/answer/answer.h"
#include "wire/channel.h"

namespace strata::cell {
namespace {

// The hop field and the body's framing, and a space after each colon.
constexpr std::size_t kAddedFields = 2;
constexpr Bytes kAddedBytes = 2_KiB;

// The front closes what it does not need; our side must never do so while a request is on its way.
http::ServerConfig HopLimits() {
  http::ServerConfig config;
  config.idle_timeout = std::chrono::hours(24 * 365);
  // What a front takes from its clients we take from it, with what it adds.
  config.head.fields += kAddedFields;
  config.head.bytes.count += kAddedBytes.count;
  config.host = http::HostRule::kOptional;
  config.body = http::ServerConfig::kHandlersBody;
  return config;
}

Awaitable<void> ReadLine(std::shared_ptr<http::Server> server, std::string front,
                         std::shared_ptr<wire::Channel> line) {
  while (true) {
    auto frame = co_await line->Receive();
    if (!frame || frame->fds.size() != 1) break;
    // One that comes during a drain is closed unread, which the front takes for "not processed".
    (void)server->Serve(std::move(frame->fds.front()), front);
  }
  line->Close();
}

}  // namespace

FrontLines::FrontLines(Loop& loop, Clock& clock, route::RequestPath& path)
    : loop_(loop),
      clock_(clock),
      path_(path),
      server_(std::make_shared<http::Server>(loop, HopLimits(), static_cast<http::Handler&>(*this),
                                             clock)) {}

void FrontLines::Add(std::string front, Fd line) {
  auto channel = std::make_shared<wire::Channel>(loop_, std::move(line));
  Spawn(loop_, ReadLine(server_, std::move(front), std::move(channel)));
}

Awaitable<void> FrontLines::Handle(http::Exchange& exchange) {
  const auto headers = exchange.head().headers;
  Result<HopField> field = Fail(Errc::kInvalidArgument, "the hop field is not the last one");
  if (!headers.empty() && headers.back().name == kHopField) {
    field = ParseHopField(headers.back().value);
  }
  if (!field) {
    return route::SendProblem(exchange.sink(), http::ProblemFor(field.error()));
  }
  return path_.HandleHanded(
      exchange, {field->tenant,
                 field->function,
                 field->target,
                 {clock_.Now() - field->age, field->trace, field->parent, field->led_by},
                 field->peer,
                 field->scheme,
                 headers.first(headers.size() - 1)});
}

}  // namespace strata::cell
