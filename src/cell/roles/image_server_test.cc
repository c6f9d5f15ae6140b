#include "cell/roles/image_server.h"

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "host/unix_address.h"
#include "http/server/listener.h"
#include "sandbox/fake/driver.h"

namespace strata::cell {
namespace {

class Lines final : public route::LineSink {
 public:
  void Write(const Line& line) override { texts.emplace_back(line.text); }
  std::vector<std::string> texts;
};

// A server of the fake guest `script`, on a socket file.
class ImageServerTest : public ::testing::Test {
 protected:
  void Serve(std::string_view script, model::Env environment = {}) {
    auto artifact = sandbox::fake::FakeDriver::Artifact(script);
    ASSERT_TRUE(artifact);
    auto image = driver_.Prepare(std::move(*artifact));
    ASSERT_TRUE(image) << image.error().message;
    route::FunctionSpec function{.tenant = "shop", .name = "app", .sandbox_class = "wasm"};
    function.env = std::move(environment);
    auto server = ImageServer::Create({.loop = loop_,
                                       .clock = clock_,
                                       .random = random_,
                                       .lines = lines_,
                                       .image = std::move(*image),
                                       .function = std::move(function)});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    auto listener = http::ListenUnix(dir_ / "socket");
    ASSERT_TRUE(listener);
    ASSERT_TRUE(server_->Adopt(std::move(*listener)));
  }

  // The answer to `request`, which ends its connection.
  std::string Ask(std::string_view request) {
    const auto client = host::ConnectUnix((dir_ / "socket").native());
    EXPECT_TRUE(client);
    EXPECT_EQ(::send(client->get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    std::string got;
    const TimePoint limit = clock_.Now() + std::chrono::seconds(10);
    while (clock_.Now() < limit) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(1));
      char piece[4096];
      const ssize_t n = ::recv(client->get(), piece, sizeof(piece), MSG_DONTWAIT);
      if (n == 0) break;
      if (n > 0) got.append(piece, static_cast<std::size_t>(n));
    }
    return got;
  }

  static constexpr std::string_view kGet =
      "GET /a/b?c HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n";

  Loop loop_;
  SystemClock clock_;
  SeededRandom random_{1};
  sandbox::fake::FakeDriver driver_{loop_, clock_};
  const testing::TempDir dir_;
  Lines lines_;
  std::unique_ptr<ImageServer> server_;
};

TEST_F(ImageServerTest, EveryRequestGetsAFreshSandbox) {
  Serve(R"({"do": "count"})");
  for (int i = 0; i < 2; ++i) {
    const std::string answer = Ask(kGet);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("\r\n\r\n1"), std::string::npos) << answer;
  }
}

TEST_F(ImageServerTest, AGuestHasTheFunctionsVariables) {
  Serve(R"({"do": "environment"})", {{"GREETING", "hi"}});
  EXPECT_NE(Ask(kGet).find("GREETING=hi"), std::string::npos);
}

TEST_F(ImageServerTest, WhatAGuestPrintsAndWhyItFailsIsTold) {
  Serve(R"({"do": "log", "text": "a line"})");
  Ask(kGet);
  EXPECT_EQ(lines_.texts, (std::vector<std::string>{"a line", "a line"}));
}

TEST_F(ImageServerTest, AFailedGuestIsAnAnswerAndTheNextRequestIsServed) {
  Serve(R"({"do": "trap"})");
  for (int i = 0; i < 2; ++i) {
    const std::string answer = Ask(kGet);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 502")) << answer;
  }
  EXPECT_EQ(lines_.texts.size(), 2U);
}

}  // namespace
}  // namespace strata::cell
