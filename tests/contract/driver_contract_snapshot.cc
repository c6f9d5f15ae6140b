// The part of the contract about running servers that are saved, and what goes on from there. A
// class that cannot refuses, and its server is not disturbed.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/abilities.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/served.h"

namespace strata::sandbox::contract {
namespace {

// What is said of the class beforehand.
bool SaysThatItCan(DriverContract& contract, std::string_view verb) {
  const auto sandbox_class = model::ClassFromName(contract.driver_->name());
  return !sandbox_class || WhyNot(*sandbox_class, verb).empty();  // fake is no class of a user's
}

using testing::CallFixture;

using Saved = std::function<Awaitable<void>(Served&, std::shared_ptr<Image>)>;

// Counts to two, saves the server, and runs `then`; or checks that the class refuses.
void WithSnapshot(DriverContract& contract, Saved then) {
  WithServer(contract, [then = std::move(then)](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    for (const char* count : {"1", "2"}) {
      const std::string answer = co_await served.Ask("/count");
      EXPECT_EQ(answer, count);
    }
    auto image = co_await (*served).Snapshot();
    if (served.contract().harness_->snapshots()) {
      if (!image) {
        ADD_FAILURE() << image.error().message;
        co_return;
      }
      co_await then(served, *image);
      co_return;
    }
    EXPECT_TRUE(!image && image.error().code == Errc::kUnsupported);
    const std::string answer = co_await served.Ask("/count");
    EXPECT_EQ(answer, "3");
  });
}

// A sandbox that goes on from `image`.
std::unique_ptr<Served> GoOn(Served& served, const std::shared_ptr<Image>& image, std::string id) {
  auto sandbox = image->Create(ServerSpec(std::move(id)));
  if (!sandbox) {
    ADD_FAILURE() << sandbox.error().message;
    return nullptr;
  }
  return std::make_unique<Served>(served.contract(), std::move(*sandbox));
}

// What one that goes on answers to `path`; it is ended afterwards.
Awaitable<std::string> AskOnce(Served& served, const std::shared_ptr<Image>& image, std::string id,
                               std::string path) {
  const auto copy = GoOn(served, image, std::move(id));
  if (!copy) co_return "";
  const bool ready = co_await copy->Ready();
  EXPECT_TRUE(ready);
  std::string answer = co_await copy->Ask(std::move(path));
  co_await copy->Finish();
  co_return answer;
}

}  // namespace

TEST_P(ServerContractTest, TheListOfWhatAClassCannotDoIsTrue) {
  if (!model::ClassFromName(driver_->name())) {
    EXPECT_EQ(driver_->name(), "fake");
    return;
  }
  for (const char* verb : {"exec", "cp", "pause", "resume"}) {
    EXPECT_EQ(SaysThatItCan(*this, verb), harness_->serves()) << verb;
  }
  for (const char* verb : {"snapshot", "restore", "fork"}) {
    EXPECT_EQ(SaysThatItCan(*this, verb), harness_->snapshots()) << verb;
  }
}

TEST_P(ServerContractTest, WhatWasSavedGoesOnWhereTheServerWas) {
  WithSnapshot(*this, [](Served& served, std::shared_ptr<Image> image) -> Awaitable<void> {
    std::string answer = co_await served.Ask("/count");
    EXPECT_EQ(answer, "3");  // the saved one goes on, too
    const auto first = GoOn(served, image, "copy-1");
    const auto second = GoOn(served, image, "copy-2");
    for (Served* copy : {first.get(), second.get()}) {
      const bool ready = co_await copy->Ready();
      EXPECT_TRUE(ready);
      answer = co_await copy->Ask("/count");
      EXPECT_EQ(answer, "3");
    }
    answer = co_await second->Ask("/count");
    EXPECT_EQ(answer, "4");
    answer = co_await first->Ask("/count");
    EXPECT_EQ(answer, "4");
    for (Served* copy : {first.get(), second.get()}) co_await copy->Finish();
  });
}

TEST_P(ServerContractTest, WhatGoesOnHasItsOwnNameTimeAndRandomness) {
  WithSnapshot(*this, [](Served& served, std::shared_ptr<Image> image) -> Awaitable<void> {
    std::string name = co_await AskOnce(served, image, "copy-1", "/host");
    EXPECT_EQ(name, "copy-1");
    const std::string first = co_await AskOnce(served, image, "copy-1", "/random");
    const std::string second = co_await AskOnce(served, image, "copy-2", "/random");
    const std::string third = co_await served.Ask("/random");
    EXPECT_TRUE(first.size() == 32 && first != second && first != third && second != third);
    constexpr std::chrono::hours kLater{100};
    ManualClock& clock = served.contract().clock_;
    clock.Advance(kLater);
    const std::string time = co_await AskOnce(served, image, "copy-3", "/clock");
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.WallNow().time_since_epoch());
    const long away = std::atol(time.c_str()) - static_cast<long>(now.count());
    EXPECT_LT(std::abs(away), 600);
  });
}

TEST_P(ServerContractTest, ConnectionsAndProgramsStayWithTheSavedServer) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    if (!served.contract().harness_->snapshots()) co_return;
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto connection = co_await (*served).Dial(Served::kPort);
    Pipe in = MakePipe();
    Pipe out = MakePipe();
    Program echo{
        .args = {"/bin/guest", "echo"}, .in = std::move(in.read), .out = std::move(out.write)};
    const auto ended = std::make_shared<bool>(false);
    const auto run = [](Sandbox& sandbox, Program program,
                        std::shared_ptr<bool> over) -> Awaitable<void> {
      const auto status = co_await RunBeside(sandbox, std::move(program));
      EXPECT_TRUE(status && *status == 0);
      *over = true;
    };
    Spawn(served.contract().loop_, run(*served, std::move(echo), ended));
    EXPECT_EQ(::write(in.write.get(), "before ", 7), 7);
    auto image = co_await (*served).Snapshot();
    EXPECT_TRUE(image.has_value());
    EXPECT_EQ(::write(in.write.get(), "after", 5), 5);
    in.write.Reset();
    while (!*ended) co_await served.Pause();
    EXPECT_EQ(ReadAll(out.read), "before after");
    if (!connection || !image) co_return ADD_FAILURE();
    const std::string answer = co_await Exchange(served, *connection, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("hello"));
    // The same number as the program above may be given to another now.
    const auto copy = GoOn(served, *image, "copy-1");
    const bool goes_on = co_await copy->Ready();
    EXPECT_TRUE(goes_on);
    Program fails{.args = {"/bin/guest", "exit-3"}};
    const auto status = co_await RunBeside(**copy, std::move(fails));
    EXPECT_TRUE(status && *status == 3);
    co_await copy->Finish();
  });
}

TEST_P(ServerContractTest, WhatWasSavedOutlivesItsServerAndCanBeSavedAgain) {
  WithSnapshot(*this, [](Served& served, std::shared_ptr<Image> image) -> Awaitable<void> {
    co_await served.Finish();
    const auto copy = GoOn(served, std::exchange(image, nullptr), "copy-1");
    const bool ready = co_await copy->Ready();
    EXPECT_TRUE(ready);
    std::string answer = co_await copy->Ask("/count");
    EXPECT_EQ(answer, "3");
    auto again = co_await (**copy).Snapshot();
    if (!again) co_return ADD_FAILURE();
    co_await copy->Finish();
    answer = co_await AskOnce(served, *again, "copy-2", "/count");
    EXPECT_EQ(answer, "4");
  });
}

TEST_P(ServerContractTest, WhatWasSavedTakesNoOtherSpecAndNoCalls) {
  WithSnapshot(*this, [](Served& served, std::shared_ptr<Image> image) -> Awaitable<void> {
    Spec other = ServerSpec("copy-1");
    other.env["COLOUR"] = "green";
    auto refused = image->Create(other);
    EXPECT_TRUE(!refused && refused.error().code == Errc::kUnsupported);
    other = ServerSpec("copy-1");
    other.limits.memory = other.limits.memory + Bytes::MiB(1);
    refused = image->Create(other);
    EXPECT_TRUE(!refused && refused.error().code == Errc::kUnsupported);
    const std::string answer = co_await served.Ask("/count");
    EXPECT_EQ(answer, "3");
  });
}

TEST_P(ServerContractTest, AServerWithMuchMemoryIsSaved) {
  if (!harness_->snapshots()) return WithSnapshot(*this, nullptr);
  Spec spec = ServerSpec("box-1");
  spec.limits.memory = Bytes::MiB(400);
  Served served(*this, Make(Guest::kServer, spec));
  CallFixture fixture(loop_, clock_);
  const auto scenario = [](Served& server, Spec& of) -> Task<void> {
    const bool ready = co_await server.Ready();
    EXPECT_TRUE(ready);
    auto connection = co_await (*server).Dial(Served::kPort);
    if (!connection) co_return std::unexpected(connection.error());
    std::string answer = co_await server.AskOn(*connection, "/take");
    EXPECT_EQ(answer, "taken");
    auto image = co_await (*server).Snapshot();
    if (!image) co_return std::unexpected(image.error());
    answer = co_await server.Ask("/count");
    EXPECT_EQ(answer, "1");
    of.id = "copy-1";
    auto sandbox = (*image)->Create(of);
    if (!sandbox) co_return std::unexpected(sandbox.error());
    Served copy(server.contract(), std::move(*sandbox));
    const bool goes_on = co_await copy.Ready();
    EXPECT_TRUE(goes_on);
    answer = co_await copy.Ask("/count");
    EXPECT_EQ(answer, "1");
    co_await copy.Finish();
    co_await server.Finish();
    co_return Result<void>{};
  };
  const auto done = fixture.Run(scenario(served, spec));
  EXPECT_TRUE(done.has_value()) << done.error().message;
}

TEST_P(ServerContractTest, APausedServerIsNotSaved) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const auto paused = co_await (*served).Pause();
    EXPECT_TRUE(paused.has_value());
    const auto image = co_await (*served).Snapshot();
    const bool can = served.contract().harness_->snapshots();
    EXPECT_TRUE(!image &&
                image.error().code == (can ? Errc::kFailedPrecondition : Errc::kUnsupported));
  });
}

}  // namespace strata::sandbox::contract
