// manager/testing/stand_in.h - for tests: a process of ours that the test speaks for. It is found
// as one that an earlier manager left is, by its control socket.
//
//   Adopt <--wire--> [ StandIn: Answer ] <-- FakeCell, FakeKeeper
//
// Threads:  the loop's. Lifetime: the loop does not run any more once it is gone. It holds a
//           process that does nothing, which ends with it.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/async/pause.h"
#include "host/process/process.h"
#include "http/server/listener.h"
#include "manager/cells/cell_process.h"
#include "wire/channel.h"

namespace strata::manager {

class StandIn {
 public:
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

 protected:
  // `user`: who its process is, if not ours.
  StandIn(CellContext& context, const std::string& name,
          std::optional<host::Identity> user = std::nullopt)
      : loop_(context.loop) {
    auto listener = http::ListenUnix(context.dir.cell_control(name).string());
    host::SpawnOptions spawn;
    spawn.program = "/bin/sleep";
    spawn.arguments = {"600"};
    if (user) {
      spawn.privileges = host::Privileges::kDrop;
      spawn.identity = user;
    }
    auto process = host::Process::Spawn(spawn);
    if (!listener || !process) {
      ADD_FAILURE() << "no socket, or no process";
      return;
    }
    listener_ = *std::move(listener);
    process_ = *std::move(process);
    Spawn(loop_, Serve());
  }
  virtual ~StandIn() = default;

  // What is said to one message of the manager's; a test fails at one that is none.
  virtual std::optional<wire::Frame> Answer(std::string_view text) = 0;

  [[nodiscard]] const Fd& listener() const noexcept { return listener_; }
  [[nodiscard]] const host::ProcessId& process() const { return process_.value().id(); }

 private:
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
      auto answer = Answer(frame->text);
      if (!answer) continue;
      EXPECT_TRUE(channel.Post(*std::move(answer)).has_value());
    }
  }

  Loop& loop_;
  Fd listener_;
  std::optional<host::Process> process_;
};

}  // namespace strata::manager
