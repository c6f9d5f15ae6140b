#include "wire/manager_link.h"

#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "host/process/peer.h"

namespace strata::wire {
namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

}  // namespace

void ManagerLink::Connect(Fd socket) {
  if (wire_) wire_->Close();
  wire_ = std::make_shared<Channel>(loop_, std::move(socket));
  Spawn(loop_, Read(wire_));
}

Awaitable<void> ManagerLink::Read(std::shared_ptr<Channel> wire) {
  for (;;) {
    auto frame = co_await wire->Receive();
    if (!frame) break;
    auto handled = handler_.OnMessage(std::move(*frame));
    if (!handled) {
      log_.Error("the manager broke the wire's rules", handled.error());
      break;
    }
  }
  wire->Close();
  if (wire == wire_) Lose();
}

void ManagerLink::Lose() {
  wire_.reset();
  log_.Warn("the manager is gone; serving on");
  handler_.OnLost();
  Spawn(loop_, WaitForAdoption(++losses_));
}

Awaitable<void> ManagerLink::WaitForAdoption(std::uint64_t loss) {
  Timer timer(loop_.get_executor());
  timer.expires_after(patience_);
  co_await timer.async_wait(kAwait);
  if (wire_ || loss != losses_) co_return;
  log_.Warn("no manager came back; draining");
  handler_.OnOrphaned();
}

bool ManagerLink::Post(Frame frame) {
  // A broken wire is noticed, and logged, by Read().
  return wire_ && wire_->Post(std::move(frame)).has_value();
}

Awaitable<void> ManagerLink::Drain() {
  if (const auto wire = wire_) co_await wire->Drain();
}

Result<void> ManagerLink::ListenForAdoption(Fd listener, std::chrono::seconds patience) {
  Acceptor acceptor(loop_.get_executor());
  boost::system::error_code failed;
  acceptor.assign(asio::local::stream_protocol(), listener.get(), failed);
  if (failed) return Fail(Errc::kInvalidArgument, "the control listener: " + failed.message());
  (void)listener.Release();  // the acceptor's now
  patience_ = patience;
  Spawn(loop_, Accept(std::move(acceptor)));
  return {};
}

Awaitable<void> ManagerLink::Accept(Acceptor acceptor) {
  Timer pause(loop_.get_executor());
  for (;;) {
    boost::system::error_code failed;
    Socket socket = co_await acceptor.async_accept(asio::redirect_error(kAwait, failed));
    if (failed) {
      // Out of descriptors, most likely: they come back when requests end.
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kAwait);
      continue;
    }
    boost::system::error_code ignored;
    Spawn(loop_, TryAdopt(Fd(socket.release(ignored))));
  }
}

bool ManagerLink::MayAdopt(int socket) const {
  const auto peer = host::PeerOf(socket);
  if (peer && (peer->uid == 0 || peer->uid == starter_)) return true;
  log_.Warn("refused an adoption by another user",
            {{"uid", peer ? static_cast<std::int64_t>(peer->uid) : -1}});
  return false;
}

Awaitable<void> ManagerLink::TryAdopt(Fd socket) {
  if (!MayAdopt(socket.get())) co_return;
  auto wire = std::make_shared<Channel>(loop_, std::move(socket));
  auto frame = co_await wire->Receive();
  if (!frame) co_return;
  auto state = handler_.OnAdopt(frame->text);
  if (!state) {
    log_.Warn("refused an adoption", {{"why", state.error().message}});
    co_return;
  }
  auto sent = co_await wire->Send(std::move(*state));
  if (!sent) co_return;
  log_.Info("adopted by a manager");
  if (wire_) wire_->Close();
  wire_ = wire;
  handler_.OnAdopted();
  co_await Read(std::move(wire));
}

}  // namespace strata::wire
