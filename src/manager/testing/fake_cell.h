// manager/testing/fake_cell.h - for tests: a cell that the test speaks for, as an earlier manager
// left it. It serves whatever it is told to, and its records say what the test wants.
//
//   CellProcess::Adopt <--wire, ring--> [ FakeCell ]
//
// Threads and lifetime: stand_in.h.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "cell/start/spawn.h"
#include "cell/wire/codec.h"
#include "manager/cells/cell_process.h"
#include "manager/testing/stand_in.h"
#include "meter/call_record.h"
#include "telemetry/ring.h"
#include "wire/channel.h"

namespace strata::manager {

class FakeCell final : public StandIn {
 public:
  FakeCell(CellContext& context, const std::string& name, const std::string& tenant)
      : StandIn(context, name, UserOf(context.instance, tenant)) {
    state.cell = name;
    state.tenant = tenant;
    auto ring = telemetry::MakeRing(256_KiB);
    if (!ring) {
      ADD_FAILURE() << ring.error().message;
      return;
    }
    ring_ = *std::move(ring);
  }

  cell::State state;  // what it says when it is adopted; then the number of what it was told last

  std::vector<Fd> public_listeners;  // those of `state`, in its order

  // As a journal has it.
  [[nodiscard]] host::HostObject noted() const {
    return {std::string(kCellKind), state.cell, process()};
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
  static std::optional<host::Identity> UserOf(const std::string& instance,
                                              const std::string& tenant) {
    if (::geteuid() != 0) return std::nullopt;
    return cell::CellUser(instance, tenant);
  }

  std::optional<wire::Frame> Answer(std::string_view text) override {
    auto message = cell::DecodeToCell(text);
    if (!message) {
      ADD_FAILURE() << message.error().message;
      return std::nullopt;
    }
    std::optional<cell::ToManager> answer;
    std::vector<Fd> fds;
    if (std::holds_alternative<cell::Adopt>(*message)) {
      answer = state;
      // The ring; nobody looks at the two listeners.
      for (const Fd* each : {&std::as_const(ring_), &listener(), &listener()}) {
        fds.push_back(DuplicateFd(*each).value());
      }
      for (const Fd& each : public_listeners) fds.push_back(DuplicateFd(each).value());
    } else if (const auto* configure = std::get_if<cell::Configure>(&*message)) {
      state.generation = configure->generation;
      answer = cell::Configured{configure->generation, ""};
    } else if (const auto* create = std::get_if<cell::CreateSandbox>(&*message)) {
      answer = cell::SandboxCreated{create->id, ""};
    } else if (const auto* remove = std::get_if<cell::DeleteSandbox>(&*message)) {
      answer = cell::SandboxGone{remove->id, "deleted"};
    }
    if (!answer) return std::nullopt;
    return wire::Frame{cell::Encode(*answer), std::move(fds)};
  }

  Fd ring_;
};

}  // namespace strata::manager
