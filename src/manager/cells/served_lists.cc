#include "manager/cells/served_lists.h"

#include <cstddef>
#include <string>
#include <utility>

#include "manager/cells/configuration.h"
#include "model/rules.h"
#include "model/traffic/target.h"
#include "model/values.h"

namespace strata::manager {
namespace {

cell::Function FunctionOf(const cell::Served& served) {
  return {.tenant = served.tenant,
          .name = served.name,
          .target = served.target.value_or(""),
          .revision = served.revision,
          .sandbox_class = served.sandbox_class,
          .module = {},
          .service = served.service,
          .limits = {.timeout = kLongestTimeout},
          .env = {},
          .grants = {}};
}

// Names become those of files, of rows and of metrics.
bool CouldBeDeployed(const cell::Served& served) {
  return !model::DnsLabelProblem(served.tenant) && !model::DnsLabelProblem(served.name) &&
         model::ClassFromName(served.sandbox_class) &&
         model::ParseTarget(served.target.value_or(""));
}

Result<void> Append(std::vector<cell::Function>& functions, const std::vector<cell::Served>& served,
                    const std::string& tenant) {
  for (const cell::Served& each : served) {
    if (!tenant.empty() && each.tenant != tenant) {
      return Fail(Errc::kPermissionDenied, "it claims a function of " + each.tenant);
    }
    if (!CouldBeDeployed(each)) {
      return Fail(Errc::kInvalidArgument, "it claims a function that no manifest could name");
    }
    functions.push_back(FunctionOf(each));
  }
  return {};
}

std::unexpected<Error> Impossible(const cell::FormerList& list) {
  return Fail(Errc::kInvalidArgument, "it claims an impossible list of functions, generation " +
                                          std::to_string(list.generation));
}

}  // namespace

Result<std::vector<ServedList>> ListsOf(const cell::State& state) {
  if (!state.tenant.empty() && model::DnsLabelProblem(state.tenant)) {
    return Fail(Errc::kInvalidArgument, "it claims to be of a tenant that cannot be");
  }
  ServedList now{.generation = state.generation, .functions = {}};
  if (auto added = Append(now.functions, state.functions, state.tenant); !added) {
    return std::unexpected(added.error());
  }
  std::vector<cell::Function> functions = now.functions;
  std::vector<ServedList> lists;
  if (state.former) {
    if (auto added = Append(functions, state.former->functions, state.tenant); !added) {
      return std::unexpected(added.error());
    }
    std::size_t places = 0;
    for (const cell::FormerList& list : state.former->lists) {
      places += list.places.size();
      const bool follows = lists.empty() || list.generation > lists.back().generation;
      if (!follows || list.generation >= state.generation || places > cell::kMostFormerPlaces) {
        return Impossible(list);
      }
      ServedList& former = lists.emplace_back(ServedList{list.generation, {}});
      former.functions.reserve(list.places.size());
      for (const std::uint32_t place : list.places) {
        if (place >= functions.size()) return Impossible(list);
        former.functions.push_back(functions[place]);
      }
    }
  }
  lists.push_back(std::move(now));
  return lists;
}

}  // namespace strata::manager
