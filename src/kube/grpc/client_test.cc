#include "kube/grpc/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "host/unix_address.h"

namespace strata::kube::grpc {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint8_t kEnd = 0x1;

// A server that reads until it has seen `until`, sends `answer` and closes.
class PlayedServer {
 public:
  PlayedServer(std::string until, std::string answer)
      : until_(std::move(until)), answer_(std::move(answer)) {
    const auto address = host::UnixAddress::Of(path());
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), address->get(), host::UnixAddress::size()), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  PlayedServer(const PlayedServer&) = delete;
  PlayedServer& operator=(const PlayedServer&) = delete;
  ~PlayedServer() { thread_.join(); }

  std::string path() const { return folder_ / "s"; }

 private:
  void Serve() {
    const Fd peer(::accept(listener_.get(), nullptr, nullptr));
    std::string seen;
    char buffer[4096];
    while (seen.find(until_) == std::string::npos) {
      const ssize_t got = ::read(peer.get(), buffer, sizeof(buffer));
      if (got <= 0) return;
      seen.append(buffer, static_cast<std::size_t>(got));
    }
    EXPECT_EQ(::write(peer.get(), answer_.data(), answer_.size()),
              static_cast<ssize_t>(answer_.size()));
  }

  const std::string until_;
  const std::string answer_;
  testing::TempDir folder_;
  Fd listener_;
  std::thread thread_;
};

std::string Frame(FrameType type, std::string_view payload, std::uint8_t flags = 0) {
  return EncodeFrame({.type = type, .flags = flags, .stream = 1}, payload);
}

const Request kRequest{.method = "/a.B/C", .name_space = "n", .message = "question"};

Result<std::string> AnswerOf(const std::string& frames) {
  const PlayedServer server("question", frames);
  auto client = Client::Connect(server.path(), kPatience);
  if (!client) return std::unexpected(client.error());
  return client->Call(kRequest);
}

TEST(ClientTest, TheMessageOfAnAnswerArrives) {
  const auto answer = AnswerOf(Frame(FrameType::kHeaders, "...") +
                               Frame(FrameType::kData, std::string("\0\0\0\0\6answer", 11)) +
                               Frame(FrameType::kHeaders, "...", kEnd));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, "answer");
}

TEST(ClientTest, ARefusalIsNotFoundAndNamesTheCall) {
  const auto answer = AnswerOf(Frame(FrameType::kHeaders, "...", kEnd));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kNotFound);
  EXPECT_EQ(answer.error().message, "/a.B/C has no answer");
}

TEST(ClientTest, AServerThatGoesAwayIsUnavailable) {
  const auto answer = AnswerOf(Frame(FrameType::kHeaders, "..."));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
}

TEST(ClientTest, AServerThatSaysNothingIsNotWaitedForForEver) {
  const testing::TempDir folder;
  const std::string path = folder / "s";
  const auto address = host::UnixAddress::Of(path);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), address->get(), host::UnixAddress::size()), 0);
  EXPECT_FALSE(Client::Connect(path, kPatience));  // nobody listens
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  auto client = Client::Connect(path, std::chrono::milliseconds(1));
  ASSERT_TRUE(client) << client.error().message;
  const auto answer = client->Call(kRequest);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kDeadlineExceeded);
}

}  // namespace
}  // namespace strata::kube::grpc
