#include "kube/grpc/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/text/byte_view.h"
#include "host/unix_address.h"

namespace strata::kube::grpc {

Result<Client> Client::Connect(std::string_view path, std::chrono::milliseconds patience) {
  auto socket = host::ConnectUnix(path);
  if (!socket) return std::unexpected(std::move(socket).error());
  Client client(std::move(*socket), patience);
  if (auto sent = client.Send(Preface()); !sent) return std::unexpected(std::move(sent).error());
  return client;
}

Result<void> Client::Call(const Request& request, const Answer::OnMessage& each) {
  const std::uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  const auto frames = EncodeRequest(request, stream);
  if (!frames) return std::unexpected(frames.error());
  if (auto sent = Send(*frames); !sent) return sent;
  Answer answer(stream, each);
  while (!answer.ended()) {
    const auto head = Receive(kHeaderBytes);
    if (!head) return std::unexpected(head.error());
    const auto header = DecodeHeader(AsBytes(*head).first<kHeaderBytes>());
    if (!header) return std::unexpected(header.error());
    const auto payload = Receive(header->length);
    if (!payload) return std::unexpected(payload.error());
    if (auto taken = answer.Take(*header, *payload); !taken) return taken;
    if (auto sent = Send(answer.TakeReply()); !sent) return sent;
  }
  return {};
}

Result<std::string> Client::Call(const Request& request) {
  std::optional<std::string> message;
  auto called = Call(request, [&message](std::string_view each) -> Result<void> {
    message = each;
    return {};
  });
  if (!called) return std::unexpected(std::move(called).error());
  if (!message) return Fail(Errc::kNotFound, request.method + " has no answer");
  return std::move(*message);
}

Result<void> Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto waited = WaitFor(POLLOUT); !waited) return waited;
    } else if (errno != EINTR) {
      return FailErrno("gRPC", errno);
    }
  }
  return {};
}

Result<std::string> Client::Receive(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::recv(socket_.get(), bytes.data() + have, size - have, 0);
    if (got > 0) {
      have += static_cast<std::size_t>(got);
    } else if (got == 0) {
      return Fail(Errc::kUnavailable, "gRPC: the server closed the connection");
    } else if (errno == EAGAIN) {
      if (auto waited = WaitFor(POLLIN); !waited) return std::unexpected(std::move(waited).error());
    } else if (errno != EINTR) {
      return FailErrno("gRPC", errno);
    }
  }
  return bytes;
}

Result<void> Client::WaitFor(short what) const {
  pollfd waited{.fd = socket_.get(), .events = what, .revents = 0};
  const int ready = ::poll(&waited, 1, static_cast<int>(patience_.count()));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
  return Fail(Errc::kDeadlineExceeded, "gRPC: the server does not answer");
}

}  // namespace strata::kube::grpc
