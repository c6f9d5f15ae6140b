// Server and Client against each other, and the server against peers that break the protocol.
#include "kube/ttrpc/server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/broadcast.h"
#include "base/testing/temp_dir.h"
#include "kube/ttrpc/client.h"

namespace strata::kube::ttrpc {
namespace {

// Answers "Echo" with the payload, "Large" with too much, "Hold" when it is released; refuses the
// rest.
class TtrpcServerTest : public ::testing::Test {
 protected:
  TtrpcServerTest()
      : path_(dir_.path() / "s"),
        server_(loop_, [this](Call call) { return Handle(std::move(call)); }) {
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path_.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    EXPECT_TRUE(server_.Listen(std::move(listener)));
  }

  Awaitable<Reply> Handle(Call call) {
    seen_.push_back(call.request);
    if (call.request.method == "Echo") co_return std::move(call.request.payload);
    if (call.request.method == "Large") co_return std::string(kMaxMessage.count, 'x');
    if (call.request.method == "Hold") {
      while (!released_ && !*call.abandoned) co_await changed_.Wait(std::chrono::milliseconds(10));
      if (*call.abandoned) ++abandoned_;
      co_return std::string("held");
    }
    co_return Fail(Errc::kUnsupported, "no such method");
  }

  // Runs `task` on the loop to its end.
  template <typename T>
  T Run(Awaitable<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop_.get_executor(), std::move(task), [&](std::exception_ptr error, T value) {
      if (error) std::rethrow_exception(error);
      result.emplace(std::move(value));
      loop_.stop();
    });
    loop_.restart();
    loop_.run_for(std::chrono::seconds(10));
    return result ? std::move(*result) : T(Fail(Errc::kInternal, "the test hangs"));
  }

  static Request Asking(std::string method, std::string payload = {}) {
    return {.service = "test",
            .method = std::move(method),
            .payload = std::move(payload),
            .timeout = std::chrono::seconds(5),
            .containerd_namespace = "n"};
  }

  // A connected raw socket pair: ours, and the one that the server serves.
  Connection Peer() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    raw_ = ends[0];
    Spawn(loop_, server_.Serve(Fd(ends[1])));
    return Connection(loop_, Fd(ends[0]));
  }

  const strata::testing::TempDir dir_;
  Loop loop_{1};
  const std::filesystem::path path_;
  Server server_;
  Broadcast changed_{loop_};
  bool released_ = false;
  int abandoned_ = 0;
  int raw_ = -1;
  std::vector<Request> seen_;
};

TEST_F(TtrpcServerTest, ACallIsAnsweredAndTheNextOneUsesTheSameConnection) {
  Client client(loop_, path_);
  for (const char* payload : {"one", "two"}) {
    const Reply reply = Run(client.Call(Asking("Echo", payload)));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(*reply, payload);
  }
  EXPECT_EQ(server_.connections(), 1);
  ASSERT_EQ(seen_.size(), 2);
  EXPECT_EQ(seen_[0].containerd_namespace, "n");
}

TEST_F(TtrpcServerTest, ARefusalArrivesWithItsCode) {
  Client client(loop_, path_);
  const Reply reply = Run(client.Call(Asking("Nothing")));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(), (Error{Errc::kUnsupported, "no such method"}));
}

TEST_F(TtrpcServerTest, AReplyThatTheClientWouldNotTakeIsARefusal) {
  Client client(loop_, path_);
  const Reply reply = Run(client.Call(Asking("Large")));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kResourceExhausted);
}

TEST_F(TtrpcServerTest, ACallThatTakesTooLongFailsAndTheNextOneConnectsAgain) {
  Client client(loop_, path_);
  Request held = Asking("Hold");
  held.timeout = std::chrono::milliseconds(20);
  const Reply late = Run(client.Call(held));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kDeadlineExceeded);
  EXPECT_TRUE(Run(client.Call(Asking("Echo", "again"))));
}

TEST_F(TtrpcServerTest, NobodyListensIsUnavailable) {
  Client client(loop_, path_.string() + "x");
  const Reply reply = Run(client.Call(Asking("Echo")));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kUnavailable);
}

TEST_F(TtrpcServerTest, ACallThatWaitsHoldsUpNoOther) {
  Connection peer = Peer();
  const auto post = [&](std::uint32_t stream, std::string method) {
    EXPECT_TRUE(peer.Post({.stream = stream,
                           .type = FrameType::kRequest,
                           .data = EncodeRequest(Asking(std::move(method)))}));
  };
  post(1, "Hold");
  post(3, "Echo");
  const auto first = Run(peer.Receive());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->stream, 3);
  released_ = true;
  const auto second = Run(peer.Receive());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->stream, 1);
}

TEST_F(TtrpcServerTest, CallsOfAPeerThatHasGoneLearnIt) {
  Connection peer = Peer();
  EXPECT_TRUE(
      peer.Post({.stream = 1, .type = FrameType::kRequest, .data = EncodeRequest(Asking("Hold"))}));
  loop_.restart();
  while (seen_.empty()) loop_.run_one();
  peer.Close();
  while (abandoned_ == 0) loop_.run_one_for(std::chrono::seconds(5));
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(TtrpcServerTest, WhatIsNoRequestIsAnsweredAndTheConnectionGoesOn) {
  Connection peer = Peer();
  EXPECT_TRUE(peer.Post({.stream = 1, .type = FrameType::kRequest, .data = "\xff\xff"}));
  const auto refusal = Run(peer.Receive());
  ASSERT_TRUE(refusal) << refusal.error().message;
  const Reply reply = DecodeReply(refusal->data);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(seen_.empty());
}

struct BadFrame {
  const char* label;
  FrameHeader header;
};

class TtrpcBadFrameTest : public TtrpcServerTest, public ::testing::WithParamInterface<BadFrame> {};

TEST_P(TtrpcBadFrameTest, EndsTheConnectionAndNothingElse) {
  Connection peer = Peer();
  const auto header = EncodeHeader(GetParam().header);
  ASSERT_EQ(::write(raw_, header.data(), header.size()), ssize_t(header.size()));
  const auto answer = Run(peer.Receive());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_TRUE(seen_.empty());
  Client client(loop_, path_);
  EXPECT_TRUE(Run(client.Call(Asking("Echo", "others"))));
}

INSTANTIATE_TEST_SUITE_P(
    Frames, TtrpcBadFrameTest,
    ::testing::Values(BadFrame{"Oversized", {.length = 5 << 20, .stream = 1}},
                      BadFrame{"EvenStream", {.length = 0, .stream = 2}},
                      BadFrame{"StreamZero", {.length = 0, .stream = 0}},
                      BadFrame{"Response", {.stream = 1, .type = FrameType::kResponse}},
                      BadFrame{"Data", {.stream = 1, .type = FrameType::kData}}),
    [](const auto& info) { return info.param.label; });

TEST_F(TtrpcServerTest, AStreamThatWasUsedEndsTheConnection) {
  Connection peer = Peer();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(peer.Post(
        {.stream = 1, .type = FrameType::kRequest, .data = EncodeRequest(Asking("Hold"))}));
  }
  const auto answer = Run(peer.Receive());
  ASSERT_FALSE(answer);
  EXPECT_EQ(seen_.size(), 1);
}

}  // namespace
}  // namespace strata::kube::ttrpc
