#include "cell/former_lists.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <utility>

namespace strata::cell {

Served ServedAs(const route::FunctionSpec& spec) {
  return {spec.tenant, spec.name, spec.revision, spec.sandbox_class, spec.service, spec.target};
}

bool FormerLists::List::Runs() const {
  return !plan.expired() ||
         std::ranges::any_of(left, [](const auto& function) { return !function.expired(); });
}

void FormerLists::Replaced(const std::shared_ptr<const route::Plan>& plan, const RingExtent& ring) {
  Forget(ring);
  if (!plan || plan->functions().empty()) return;
  List list{.generation = plan->generation(),
            .functions = {},
            .plan = plan,
            .left = {},
            .end = std::nullopt};
  list.functions.reserve(plan->functions().size());
  for (const auto& function : plan->functions()) {
    list.functions.push_back(function->shared_spec());
    if (function->id().generation == list.generation) list.left.push_back(function);
  }
  places_ += list.functions.size();
  lists_.push_back(std::move(list));
  while (places_ > most_places_) {
    places_ -= lists_.front().functions.size();
    lists_.pop_front();
  }
}

void FormerLists::Forget(const RingExtent& ring) {
  std::erase_if(lists_, [&](List& list) {
    if (!list.end && !list.Runs()) list.end = ring.written;
    if (!list.end || ring.freed < *list.end) return false;
    places_ -= list.functions.size();
    return true;
  });
}

Former FormerLists::Tell(const route::Plan& plan) const {
  Former former;
  std::map<Spec, std::uint32_t> places;
  for (const auto& function : plan.functions()) {
    places.emplace(function->shared_spec(), static_cast<std::uint32_t>(places.size()));
  }
  // From the newest on: of what does not fit, the oldest is left out.
  for (const List& list : lists_ | std::views::reverse) {
    FormerList told{.generation = list.generation, .places = {}};
    told.places.reserve(list.functions.size());
    for (const Spec& function : list.functions) {
      const auto [place, added] =
          places.emplace(function, static_cast<std::uint32_t>(places.size()));
      if (added) former.functions.push_back(ServedAs(*function));
      told.places.push_back(place->second);
    }
    if (former.functions.size() > kMostFormerFunctions) {
      former.functions.resize(kMostFormerFunctions);
      break;
    }
    former.lists.push_back(std::move(told));
  }
  std::ranges::reverse(former.lists);
  return former;
}

}  // namespace strata::cell
