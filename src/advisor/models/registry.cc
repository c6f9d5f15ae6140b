#include "advisor/models/registry.h"

#include <algorithm>
#include <expected>
#include <string>
#include <string_view>

#include "advisor/facts/facts.h"
#include "advisor/models/model.h"
#include "advisor/models/words.h"
#include "advisor/names.h"
#include "base/check.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor::models {

const Json& ModelFacts() { return advisor::Facts(FactFile::kModels).at("models"); }

Result<const Json*> FindModel(std::string_view name) {
  Names names("model", "strata model --list");
  names.AddAll(ModelFacts());
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  return FindFact(ModelFacts(), *id);
}

Model MakeModel(const Json& fact) {
  const auto& id = fact.at("id").get_ref<const std::string&>();
  for (const auto group : {Economics(), Dynamics(), Evolution(), Scores(), Capacity(), Contracts(),
                           Architecture(), Figures()}) {
    const auto found = std::ranges::find(group, id, &Entry::id);
    if (found == group.end()) continue;
    Model model = found->make(fact);
    model.id = id;
    for (Parameter& each : model.parameters) each.label = DescribeParameter(fact, each);
    return model;
  }
  STRATA_CHECK(false);  // a fact without a model: models_test.cc finds it
}

}  // namespace strata::advisor::models
