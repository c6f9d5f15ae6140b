#include "sandbox/agent_dial.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/files/files.h"
#include "host/process/pipe.h"

namespace strata::sandbox {
namespace {

// A connection inside is made at once or refused; an agent that says neither is broken, or hostile.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

Result<AgentDial> MakeAgentDial(std::uint16_t port) {
  auto pair = host::MakeSocketPair(SOCK_STREAM);
  if (!pair) return std::unexpected(std::move(pair).error());
  AgentDial dial{.ours = std::move(pair->ours),
                 .program = {.args = {kAgentInside, "dial", std::to_string(port)},
                             .env = {},
                             .in = std::move(pair->theirs),
                             .out = Fd(),
                             .err = Fd()}};
  auto out = DuplicateFd(dial.program.in);
  if (!out) return std::unexpected(std::move(out).error());
  dial.program.out = std::move(*out);
  if (::fcntl(dial.ours.get(), F_SETFL, O_NONBLOCK) != 0) return FailErrno("socketpair", errno);
  return dial;
}

Task<Fd> AwaitConnected(Loop& loop, Fd ours, std::uint16_t port) {
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  const auto waiting = std::make_shared<Descriptor>(loop.get_executor(), ours.Release());
  Timer late(loop.get_executor(), kPatience);
  late.async_wait([weak = std::weak_ptr(waiting)](boost::system::error_code cancelled) {
    const auto there = weak.lock();
    if (!cancelled && there) there->cancel();
  });
  boost::system::error_code failed;
  co_await waiting->async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
  char said = 0;
  if (failed || ::read(waiting->native_handle(), &said, 1) != 1 || said != '+') {
    co_return Fail(Errc::kUnavailable, "nobody listens at port " + std::to_string(port));
  }
  co_return Fd(waiting->release());
}

}  // namespace strata::sandbox
