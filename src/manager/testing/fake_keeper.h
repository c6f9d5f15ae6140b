// manager/testing/fake_keeper.h - for tests: a keeper that the test speaks for. It is found as one
// of an earlier manager is (Keepers::Recover), by its note in the journal and its control socket.
//
//   Keepers <--wire, as keeper/wire/messages.h has it--> [ FakeKeeper ]
//
// Threads and lifetime: stand_in.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "keeper/wire/codec.h"
#include "manager/cells/cell_process.h"
#include "manager/keepers/keeper_process.h"
#include "manager/testing/stand_in.h"
#include "wire/channel.h"
#include "wire/outcome.h"

namespace strata::manager {

class FakeKeeper final : public StandIn {
 public:
  FakeKeeper(CellContext& context, const std::string& name, const std::string& tenant)
      : StandIn(context, name),
        state{.keeper = name, .tenant = tenant, .keys = {"image"}, .starting = {}, .down = {}} {
    EXPECT_TRUE(context.journal.Made({std::string(kKeeperKind), name, process()}).has_value());
  }

  keeper::State state;                 // when it is adopted; who holds nothing is not
  std::optional<Error> refusal;        // what it answers who wants something run; none: it runs
  std::vector<std::string> asked;      // names of what was wanted, in order
  std::optional<keeper::Drain> drain;  // what it was told; it does not end by itself

 private:
  std::string Outcome(std::string name) {
    asked.push_back(std::move(name));
    return refusal ? wire::WireError(*refusal) : "";
  }

  std::optional<wire::Frame> Answer(std::string_view text) override {
    auto message = keeper::DecodeToKeeper(text);
    if (!message) {
      ADD_FAILURE() << message.error().message;
      return std::nullopt;
    }
    std::optional<keeper::ToManager> answer;
    if (std::holds_alternative<keeper::Adopt>(*message)) {
      answer = state;
    } else if (const auto* prepare = std::get_if<keeper::Prepare>(&*message)) {
      answer = keeper::Prepared{.key = prepare->key, .error = ""};
    } else if (const auto* admit = std::get_if<keeper::Admit>(&*message)) {
      answer = keeper::Prepared{.key = admit->key, .error = Outcome(admit->name)};
    } else if (const auto* serve = std::get_if<keeper::Serve>(&*message)) {
      answer = keeper::Prepared{.key = serve->key, .error = Outcome(serve->name)};
    } else if (const auto* told = std::get_if<keeper::Drain>(&*message)) {
      drain = *told;
    }
    if (!answer) return std::nullopt;
    return wire::Frame{keeper::Encode(*answer), {}};
  }
};

}  // namespace strata::manager
