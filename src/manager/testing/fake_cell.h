// manager/testing/fake_cell.h - for tests: a cell that the test speaks for, as an earlier manager
// left it. It serves whatever it is told to, and its records say what the test wants.
//
//   CellProcess::Adopt <--wire, ring--> [ FakeCell ]
//
// Threads:  the loop's. Lifetime: the loop does not run any more once it is gone. It holds a
//           process that does nothing, which ends with it.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/pause.h"
#include "base/files/files.h"
#include "cell/wire/codec.h"
#include "host/process/process.h"
#include "http/server/listener.h"
#include "manager/cells/cell_process.h"
#include "meter/call_record.h"
#include "telemetry/ring.h"
#include "wire/channel.h"

namespace strata::manager {

class FakeCell {
 public:
  FakeCell(CellContext& context, const std::string& name, const std::string& tenant)
      : loop_(context.loop) {
    state.cell = name;
    state.tenant = tenant;
    auto listener = http::ListenUnix(context.dir.cell_control(name).string());
    host::SpawnOptions spawn;
    spawn.program = "/bin/sleep";
    spawn.arguments = {"600"};
    auto process = host::Process::Spawn(spawn);
    auto ring = telemetry::MakeRing(256_KiB);
    if (!listener || !process || !ring) {
      ADD_FAILURE() << "no socket, no process or no ring";
      return;
    }
    listener_ = *std::move(listener);
    process_ = *std::move(process);
    ring_ = *std::move(ring);
    Spawn(loop_, Serve());
  }
  FakeCell(const FakeCell&) = delete;
  FakeCell& operator=(const FakeCell&) = delete;

  cell::State state;  // what it says when it is adopted; then the number of what it was told last

  // As a journal has it.
  [[nodiscard]] host::HostObject noted() const {
    return {std::string(kCellKind), state.cell, process_->id()};
  }

  // A call of the function at `index` of `generation` has ended.
  void EndCall(std::uint32_t generation, std::uint32_t index) {
    meter::CallRecord record;
    record.generation = generation;
    record.revision = index;
    record.status = 200;
    auto writer = telemetry::RingWriter::Open(ring_.get());
    ASSERT_TRUE(writer.has_value()) << writer.error().message;
    const auto bytes = std::as_bytes(std::span(&record, 1));
    ASSERT_TRUE(writer->Write(telemetry::RecordType::kCall, bytes).has_value());
  }

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
      auto message = cell::DecodeToCell(frame->text);
      if (!message) {
        ADD_FAILURE() << message.error().message;
        co_return;
      }
      std::optional<cell::ToManager> answer;
      std::vector<Fd> fds;
      if (std::holds_alternative<cell::Adopt>(*message)) {
        answer = state;
        // The ring; nobody looks at the two listeners.
        for (const Fd* each : {&ring_, &listener_, &listener_}) {
          fds.push_back(DuplicateFd(*each).value());
        }
      } else if (const auto* configure = std::get_if<cell::Configure>(&*message)) {
        state.generation = configure->generation;
        answer = cell::Configured{configure->generation, ""};
      } else if (const auto* create = std::get_if<cell::CreateSandbox>(&*message)) {
        answer = cell::SandboxCreated{create->id, ""};
      } else if (const auto* remove = std::get_if<cell::DeleteSandbox>(&*message)) {
        answer = cell::SandboxGone{remove->id, "deleted"};
      }
      if (!answer) continue;
      EXPECT_TRUE(channel.Post({cell::Encode(*answer), std::move(fds)}).has_value());
    }
  }

  Loop& loop_;
  Fd listener_;
  Fd ring_;
  std::optional<host::Process> process_;
};

}  // namespace strata::manager
