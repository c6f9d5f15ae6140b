#include "gateway/endpoint.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "host/process/pipe.h"

namespace strata::gateway {
namespace {

Awaitable<void> WaitForLoss(std::shared_ptr<Endpoint> endpoint, wire::Channel& line,
                            std::function<void()> on_lost) {
  // A cell says nothing on its line: a frame is as good as the end.
  (void)co_await line.Receive();
  if (!endpoint->closed()) on_lost();
}

}  // namespace

bool HopConnection::Flush() noexcept {
  const iovec rest{out_.data() + sent_, out_.size() - sent_};
  const auto taken = transport.TrySend({&rest, 1});
  // Whoever waits for the answer sees that the connection is gone.
  if (!taken) return true;
  sent_ += *taken;
  return sent_ == out_.size();
}

Endpoint::Endpoint(Loop& loop, http::Deadlines& deadlines, http::AnswerBatch& batch,
                   std::string cell, Fd line)
    : loop_(loop),
      deadlines_(deadlines),
      batch_(batch),
      cell_(std::move(cell)),
      line_(loop, std::move(line)) {}

void Endpoint::Watch(std::function<void()> on_lost) {
  Spawn(loop_, WaitForLoss(shared_from_this(), line_, std::move(on_lost)));
}

std::optional<Endpoint::Taken> Endpoint::Take(TimePoint now) {
  if (closed_ || taken() >= kMostConnections) return std::nullopt;
  std::unique_ptr<HopConnection> connection;
  if (idle_.empty()) {
    connection = Make();
    if (!connection) return std::nullopt;
  } else {
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  return Taken{std::move(connection), begun_.insert(begun_.end(), now)};
}

bool Endpoint::HasNew(std::size_t count, TimePoint since) const noexcept {
  if (begun_.size() < count) return false;
  return *std::prev(begun_.end(), static_cast<std::ptrdiff_t>(count)) > since;
}

std::unique_ptr<HopConnection> Endpoint::Make() {
  auto pair = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (!pair) return nullptr;
  wire::Frame frame{"c", {}};
  frame.fds.push_back(std::move(pair->theirs));
  if (!line_.Post(std::move(frame))) return nullptr;
  http::Transport::Socket socket(loop_.get_executor());
  boost::system::error_code failed;
  socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), pair->ours.get(), failed);
  if (failed) return nullptr;
  static_cast<void>(pair->ours.Release());  // the descriptor is the socket's now
  return std::make_unique<HopConnection>(std::move(socket), deadlines_, batch_);
}

void Endpoint::Return(Taken taken) {
  begun_.erase(taken.begun);
  if (taken.connection && !closed_ && idle_.size() < kMostIdle) {
    idle_.push_back(std::move(taken.connection));
  }
}

void Endpoint::Close() {
  closed_ = true;
  idle_.clear();
  line_.Close();
}

}  // namespace strata::gateway
