#include "manager/traffic/traffic_notes.h"

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "model/traffic/target.h"
#include "model/values.h"

namespace strata::manager {
namespace {

using State = model::Rollout::State;

constexpr std::uint32_t kAll = 100;  // percent

std::string Words(const model::Target& target) {
  std::string text = target.revision ? "revision " + std::to_string(*target.revision)
                                     : std::string("the newest revision");
  if (target.sandbox_class) {
    text += " in class " + std::string(model::ClassName(*target.sandbox_class));
  }
  return text;
}

// Which all goes to; null: both sides have a part.
const model::Target* AllTo(const model::Rollout& rollout) {
  const std::uint32_t share = rollout.canary_share();
  if (share == kAll) return &rollout.canary;
  return share == 0 ? &rollout.stable : nullptr;
}

}  // namespace

std::vector<model::Backend> ServingBackends(const model::Rollout& rollout) {
  const model::Target* all = AllTo(rollout);
  if (all != nullptr && all->current()) return {};
  if (all != nullptr) return {{rollout.name, 1, *all}};
  const std::uint32_t share = rollout.canary_share();
  return {{rollout.name, kAll - share, rollout.stable}, {rollout.name, share, rollout.canary}};
}

std::string TrafficNote(const model::Rollout& rollout) {
  const model::Target* all = AllTo(rollout);
  if (all != nullptr && all->current() && rollout.state != State::kRunning) return "";
  std::string text = all != nullptr ? "all of its traffic goes to " + Words(*all)
                                    : fmt::format("{} % of its traffic goes to {}, the rest to {}",
                                                  rollout.canary_share(), Words(rollout.canary),
                                                  Words(rollout.stable));
  if (rollout.state == State::kRunning) {
    return text + ": a rollout is running; 'strata rollout status " + rollout.name + "' shows it";
  }
  text += fmt::format(": {}: {}", model::RolloutStateName(rollout.state), rollout.because);
  if (all != nullptr && all->revision) {
    text += "; 'strata rollout start " + rollout.name + " --to REVISION' moves it";
  }
  return text;
}

std::string EndedNote(const model::Rollout& rollout) {
  if (rollout.state == State::kRunning) {
    return fmt::format("ends its rollout, which had given {} % of its traffic to {}",
                       rollout.canary_share(), Words(rollout.canary));
  }
  const model::Target* all = AllTo(rollout);
  if (all == nullptr || all->current()) return "";
  return fmt::format("takes its traffic from {}, where it was: {}: {}", Words(*all),
                     model::RolloutStateName(rollout.state), rollout.because);
}

}  // namespace strata::manager
