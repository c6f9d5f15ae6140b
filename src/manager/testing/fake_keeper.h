// manager/testing/fake_keeper.h - for tests: a keeper that the test speaks for. It is found as one
// of an earlier manager is (Keepers::Recover), by its note in the journal and its control socket.
//
//   Keepers <--wire, as keeper/wire/messages.h has it--> [ FakeKeeper ]
//
// Threads:  the loop's. Lifetime: the loop does not run any more once it is gone. It holds a
//           process that does nothing, which ends with it.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/pause.h"
#include "host/process/process.h"
#include "http/server/listener.h"
#include "keeper/wire/codec.h"
#include "manager/cells/cell_process.h"
#include "manager/keepers/keeper_process.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::manager {

class FakeKeeper {
 public:
  FakeKeeper(CellContext& context, const std::string& name, const std::string& tenant)
      : state{.keeper = name, .tenant = tenant, .keys = {"image"}, .starting = {}, .down = {}},
        loop_(context.loop) {
    auto listener = http::ListenUnix(context.dir.cell_control(name).string());
    host::SpawnOptions spawn;
    spawn.program = "/bin/sleep";
    spawn.arguments = {"600"};
    auto process = host::Process::Spawn(spawn);
    if (!listener || !process) {
      ADD_FAILURE() << "no socket, or no process";
      return;
    }
    listener_ = *std::move(listener);
    process_ = *std::move(process);
    EXPECT_TRUE(context.journal.Made({std::string(kKeeperKind), name, process_->id()}).has_value());
    Spawn(loop_, Serve());
  }
  FakeKeeper(const FakeKeeper&) = delete;
  FakeKeeper& operator=(const FakeKeeper&) = delete;

  keeper::State state;                 // when it is adopted; who holds nothing is not
  std::optional<Error> refusal;        // what it answers who wants something run; none: it runs
  std::vector<std::string> asked;      // names of what was wanted, in order
  std::optional<keeper::Drain> drain;  // what it was told; it does not end by itself

 private:
  std::string Answer(std::string name) {
    asked.push_back(std::move(name));
    return refusal ? wire::WireError(*refusal) : "";
  }

  Awaitable<void> Serve() {
    Fd line;
    while (!line.valid()) {
      line = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!line.valid()) co_await Pause(loop_, std::chrono::milliseconds(1));
    }
    wire::Channel channel(loop_, std::move(line));
    while (true) {
      auto frame = co_await channel.Receive();
      if (!frame) co_return;
      auto message = keeper::DecodeToKeeper(frame->text);
      if (!message) {
        ADD_FAILURE() << message.error().message;
        co_return;
      }
      std::optional<keeper::ToManager> answer;
      if (std::holds_alternative<keeper::Adopt>(*message)) {
        answer = state;
      } else if (const auto* prepare = std::get_if<keeper::Prepare>(&*message)) {
        answer = keeper::Prepared{.key = prepare->key, .error = ""};
      } else if (const auto* admit = std::get_if<keeper::Admit>(&*message)) {
        answer = keeper::Prepared{.key = admit->key, .error = Answer(admit->name)};
      } else if (const auto* serve = std::get_if<keeper::Serve>(&*message)) {
        answer = keeper::Prepared{.key = serve->key, .error = Answer(serve->name)};
      } else if (const auto* told = std::get_if<keeper::Drain>(&*message)) {
        drain = *told;
      }
      if (!answer) continue;
      EXPECT_TRUE(channel.Post({keeper::Encode(*answer), {}}).has_value());
    }
  }

  Loop& loop_;
  Fd listener_;
  std::optional<host::Process> process_;
};

}  // namespace strata::manager
