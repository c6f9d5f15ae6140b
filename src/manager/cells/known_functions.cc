#include "manager/cells/known_functions.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace strata::manager {
namespace {

// How long after its last call began a configuration may be spoken of. A copy of a request runs
// after the call that it is a copy of, with the same configuration.
Duration Lasts(const auto& functions) {
  std::chrono::milliseconds longest{0};
  for (const auto& each : functions) longest = std::max(longest, each->limits.timeout);
  return 2 * longest + KnownFunctions::kLate;
}

}  // namespace

void KnownFunctions::Tell(std::uint32_t generation, std::vector<cell::Function> functions) {
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, Known> served;
  if (const auto* now = ListOf(served_)) {
    for (const Known& each : *now) {
      served.emplace(std::tuple(each->tenant, each->name, each->target), each);
    }
  }
  // What it was told before and does not serve, it has refused.
  std::erase_if(lists_, [this](const auto& each) {
    return each.first != served_ && each.second.until == TimePoint::max();
  });
  List& list = lists_[generation];
  list.functions.reserve(functions.size());
  for (cell::Function& each : functions) {
    const auto found = served.find({each.tenant, each.name, each.target});
    const bool same = found != served.end() && *found->second == each;
    list.functions.push_back(same ? found->second
                                  : std::make_shared<const cell::Function>(std::move(each)));
  }
}

void KnownFunctions::Switched(std::uint32_t generation, TimePoint now) {
  const auto replaced = lists_.find(std::exchange(served_, generation));
  if (replaced != lists_.end()) replaced->second.until = now + Lasts(replaced->second.functions);
  const std::vector<Known>& functions = lists_[generation].functions;
  for (std::uint32_t i = 0; i < functions.size(); ++i) {
    const auto found = stands_.find(functions[i]);
    if (found != stands_.end()) found->second = {generation, i};
  }
  std::erase_if(lists_, [now](const auto& each) { return each.second.until < now; });
  while (lists_.size() > kMost) lists_.erase(lists_.begin());
  std::erase_if(stands_, [](const auto& each) { return each.first.use_count() == 1; });
}

void KnownFunctions::Made(const std::string& sandbox, std::uint32_t index) {
  const auto* functions = ListOf(served_);
  if (functions == nullptr || index >= functions->size()) return;
  const Known& function = (*functions)[index];
  sandboxes_.insert_or_assign(sandbox, function);
  stands_.insert_or_assign(function, Place{served_, index});
}

const cell::Function* KnownFunctions::Find(std::uint32_t generation, std::uint32_t index) const {
  if (const auto* functions = ListOf(generation)) {
    return index < functions->size() ? (*functions)[index].get() : nullptr;
  }
  const Place wanted{generation, index};
  const auto found =
      std::ranges::find_if(stands_, [&](const auto& each) { return each.second == wanted; });
  return found == stands_.end() ? nullptr : found->first.get();
}

const std::vector<KnownFunctions::Known>* KnownFunctions::ListOf(std::uint32_t generation) const {
  const auto found = lists_.find(generation);
  return found == lists_.end() ? nullptr : &found->second.functions;
}

}  // namespace strata::manager
