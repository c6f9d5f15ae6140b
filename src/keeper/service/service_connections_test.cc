// A service whose sandboxes hold only so many connections, and the lines that share them.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "keeper/testing/keeper_fixture.h"
#include "keeper/wire/messages.h"
#include "model/values.h"
#include "sandbox/abilities.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/messages.h"
#include "wire/channel.h"

namespace strata::keeper {
namespace {

constexpr Bytes kMemory = Bytes::MiB(48);

class ConnectionsTest : public testing::KeeperTest {
 protected:
  // A cell's line to the service, and what came over it.
  struct Line {
    Line(Loop& loop, Fd end) : channel(loop, std::move(end)) {}

    Awaitable<void> Hear() {
      while (true) {
        auto frame = co_await channel.Receive();
        if (!frame) break;
        const auto message = sandbox::remote::DecodeToClient(frame->text);
        EXPECT_TRUE(message.has_value());
        if (const auto* dialled = std::get_if<sandbox::remote::Dialled>(&*message)) {
          EXPECT_EQ(frame->fds.size(), dialled->full || !dialled->error.empty() ? 0U : 1U);
          answers[dialled->id] = dialled->full ? "full" : dialled->error;
        } else {
          ++retired;
        }
      }
      over = true;
    }
    void Say(const sandbox::remote::ToServer& message) {
      ASSERT_TRUE(channel.Post({sandbox::remote::Encode(message), {}}).has_value());
    }
    void Dial(std::uint64_t id) { Say(sandbox::remote::Dial{.id = id, .patience_ms = 3'600'000}); }

    wire::Channel channel;
    std::map<std::uint64_t, std::string> answers;
    int retired = 0;
    bool over = false;
  };

  void SetUp() override {
    Send(Prepare{.key = "appkernel:web", .sandbox_class = "appkernel", .root = "{}"});
    EXPECT_EQ(Next<Prepared>().error, "");
    Serve web = Web();
    web.image = "appkernel:web";
    web.limits.memory = kMemory;
    Send(web);
    EXPECT_EQ(Next<Prepared>().error, "");
  }

  void TearDown() override {
    for (const auto& line : lines_) line->channel.Close();
    RunUntil([this] { return std::ranges::all_of(lines_, &Line::over); });
    KeeperTest::TearDown();
  }

  Line& Open() {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    std::vector<Fd> fds;
    fds.emplace_back(ends[0]);
    EXPECT_TRUE(keeper_.Handle(Attach{"key"}, std::move(fds)).has_value());
    lines_.push_back(std::make_unique<Line>(loop_, Fd(ends[1])));
    Spawn(loop_, lines_.back()->Hear());
    return *lines_.back();
  }

  std::string Answer(Line& line, std::uint64_t id) {
    RunUntil([&] { return line.answers.contains(id); });
    return line.answers[id];
  }

  std::vector<std::unique_ptr<Line>> lines_;
  const std::uint32_t most_ = sandbox::MostConnections(model::Class::kAppkernel, kMemory);
};

TEST_F(ConnectionsTest, WhatCanBeHeldGoesByTheClassAndItsMemory) {
  EXPECT_EQ(most_, 2U);
  EXPECT_EQ(sandbox::MostConnections(model::Class::kAppkernel, Bytes::MiB(1)), 1U);
  EXPECT_EQ(sandbox::MostConnections(model::Class::kContainer, kMemory), 0U);
  EXPECT_EQ(sandbox::MostConnections(model::Class::kMicrovm, Bytes::MiB(1024)), 60U);
}

TEST_F(ConnectionsTest, WhoHasSomeIsToldThatThereAreNoMoreUntilOneIsClosed) {
  Line& line = Open();
  for (std::uint64_t id = 1; id <= 3; ++id) line.Dial(id);
  EXPECT_EQ(Answer(line, 1), "");
  EXPECT_EQ(Answer(line, 2), "");
  EXPECT_EQ(Answer(line, 3), "full");
  line.Say(sandbox::remote::Closed{1});
  line.Dial(4);
  EXPECT_EQ(Answer(line, 4), "");
}

TEST_F(ConnectionsTest, WhoHasNoneGetsOneThatAnotherLineWasMadeToLetGo) {
  Line& first = Open();
  first.Dial(1);
  first.Dial(2);
  EXPECT_EQ(Answer(first, 1), "");
  EXPECT_EQ(Answer(first, 2), "");
  clock_.Advance(std::chrono::seconds(1));
  Line& second = Open();
  second.Dial(1);
  RunUntil([&] { return first.retired > 0; });
  EXPECT_FALSE(second.answers.contains(1));
  EXPECT_EQ(second.retired, 0);
  first.Say(sandbox::remote::Closed{2});
  EXPECT_EQ(Answer(second, 1), "");
}

}  // namespace
}  // namespace strata::keeper
