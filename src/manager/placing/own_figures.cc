#include "manager/placing/own_figures.h"

#include <optional>
#include <string>
#include <utility>

#include "scheduler/learning/learned.h"
#include "scheduler/placing/figures.h"
#include "scheduler/record.h"

namespace strata::manager {
namespace {

using scheduler::Figures;
using scheduler::Learned;

Models::Known KnownIn(model::Class sandbox_class, const Models& models,
                      const model::Resource& resource, const Artifacts& artifacts) {
  return models.Find(resource.metadata.tenant, resource.metadata.name,
                     model::ClassName(sandbox_class),
                     artifacts.at(model::VariantFor(sandbox_class)));
}

// On top of what was known before. A server's calls share its processes, whose CPU time and memory
// the record's small program, started for each call, says nothing of.
std::optional<Figures> FiguresOf(const Learned& learned, const model::Resource& resource,
                                 const std::optional<Figures>& prior) {
  auto figures = learned.With(prior);
  const bool is_service = resource.kind() == model::Kind::kService;
  if (!figures || !is_service || !learned.load_known()) return figures;
  figures->cpu_ms = learned.cpu_ms();
  figures->memory_mib = learned.memory_mib();
  return figures;
}

// How many calls tell of it, as they weigh. 0: nothing is known.
double UseOwn(const Models::Known& known, const model::Resource& resource,
              scheduler::Option& option) {
  const std::optional<Figures> prior = option.figures;
  const auto with = [&](const Learned* learned, const std::optional<Figures>& before) {
    return learned == nullptr ? std::nullopt : FiguresOf(*learned, resource, before);
  };
  auto own = with(known.artifact, prior);
  double weight = own ? known.artifact->whole().weight() : 0;
  std::optional<Figures> before;
  if (known.other != nullptr) {
    const Learned carried = known.other->Successor();
    before = FiguresOf(carried, resource, prior);
    if (before) weight += carried.whole().weight();
  }
  if (!own && !before) return 0;
  if (!before) {
    option.figures = std::move(own);
    return weight;
  }
  before->source = kBefore;
  option.figures = own ? with(known.artifact, before) : before;
  option.at_best = own ? own : prior.value_or(Figures());
  return weight;
}

}  // namespace

bool RanIn(model::Class sandbox_class, const Models& models, const model::Resource& resource,
           const Artifacts& artifacts) {
  scheduler::Option option;
  return UseOwn(KnownIn(sandbox_class, models, resource, artifacts), resource, option) > 0;
}

void UseOwnFigures(const Models& models, const model::Resource& resource,
                   const Artifacts& artifacts, std::span<scheduler::Option> options) {
  double most = 0;
  std::optional<Figures> more;
  std::optional<Figures> more_at_best;
  for (scheduler::Option& option : options) {
    const std::optional<Figures> prior = option.figures;
    const Models::Known known = KnownIn(option.sandbox_class, models, resource, artifacts);
    const double weight = UseOwn(known, resource, option);
    if (!prior || weight <= most) continue;
    most = weight;
    more = scheduler::Beyond(*option.figures, *prior);
    more_at_best.reset();
    if (option.at_best) more_at_best = scheduler::Beyond(*option.at_best, *prior);
  }
  if (!more) return;
  for (scheduler::Option& option : options) {
    if (!option.figures || option.figures->source != scheduler::kMeasured) continue;
    const Figures prior = *option.figures;
    option.figures = scheduler::Beside(prior, *more);
    if (more_at_best) option.at_best = scheduler::Beside(prior, *more_at_best);
  }
}

}  // namespace strata::manager
