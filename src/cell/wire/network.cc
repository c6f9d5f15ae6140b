#include "cell/wire/network.h"

#include <string>

#include <boost/asio/redirect_error.hpp>

namespace strata::cell {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

Task<Fd> WireNetwork::Connect(route::FunctionId function, std::string_view host,
                              std::uint16_t port) {
  const std::uint64_t id = next_id_++;
  Waiter waiter(loop_);
  waiter.timer.expires_after(kPatience);
  if (!ask_({id, function.generation, function.index, std::string(host), port})) {
    co_return Fail(Errc::kUnavailable, "there is no manager to connect through");
  }
  // Leaves the map however this coroutine ends, also when it is destroyed while it waits.
  struct Place {
    std::map<std::uint64_t, Waiter*>& waiters;
    std::uint64_t id;
    ~Place() { waiters.erase(id); }
  };
  const Place place{waiters_, id};
  waiters_.emplace(id, &waiter);
  boost::system::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(kAwait, ignored));
  co_return std::move(waiter.answer);
}

void WireNetwork::Settle(std::uint64_t id, Result<Fd> answer) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return;
  found->second->answer = std::move(answer);
  found->second->timer.cancel();
}

void WireNetwork::OnConnected(const Connected& answer, Fd socket) {
  if (!answer.error.empty()) {
    // "CODE: message" as everywhere on the wire.
    const bool denied = answer.error.starts_with(ErrcName(Errc::kPermissionDenied));
    return Settle(answer.id,
                  Fail(denied ? Errc::kPermissionDenied : Errc::kUnavailable, answer.error));
  }
  if (!socket.valid()) {
    return Settle(answer.id, Fail(Errc::kUnavailable, "the connector sent no descriptor"));
  }
  Settle(answer.id, std::move(socket));
}

void WireNetwork::OnWireLost() {
  for (auto& [id, waiter] : waiters_) {
    waiter->answer = Fail(Errc::kUnavailable, "the manager went away");
    waiter->timer.cancel();
  }
}

}  // namespace strata::cell
