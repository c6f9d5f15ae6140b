// manager/placing/own_figures.h - what a workload's own calls say of each class that it could run
// in, in place of the record of `strata measure`, which is of a small program.
//
//   Models, options with the record's figures --> [ UseOwnFigures ] --> options for Choose
//
// In a class where it ran, calls of the same artifact count one by one against what was known
// before. What another artifact did there (the revision before) is what this one is expected to do
// until it has calls of its own; that it may do better is said with Option::at_best. In the other
// classes it is expected to need as much more than the small program as where it ran; of several
// such classes, as in the one that most calls tell of.
//
// Pure. Threads: that of the Models. Tested by own_figures_test.cc.
#pragma once

#include <span>
#include <string_view>

#include "manager/placing/candidate.h"
#include "manager/placing/models.h"
#include "model/resource.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::manager {

// The source of figures that another artifact's calls gave.
inline constexpr std::string_view kBefore = "the revision before";

// Whether it, or its artifact, ran in that class. `artifacts` has the class's variant.
bool RanIn(model::Class sandbox_class, const Models& models, const model::Resource& resource,
           const Artifacts& artifacts);

// `options`: of classes whose variant is in `artifacts`, with the record's figures.
void UseOwnFigures(const Models& models, const model::Resource& resource,
                   const Artifacts& artifacts, std::span<scheduler::Option> options);

}  // namespace strata::manager
