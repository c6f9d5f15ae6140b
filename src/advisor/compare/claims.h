// advisor/compare/claims.h - what the facts claim of something that is measured (measure/rows.h):
// from the reference that stands in the table of rows to the cell and where it is from.
//
// A reference is "FILE-OR-PART PLACE KEY":
//   matrices MATRIX COLUMN          the cell of the class's concept
//   tier_overheads KEY              of the tier that the concept belongs to
//   tier_comparison KEY             the same
//   technology_performance KEY      of the technology that the class stands for: WasmEdge, Docker
//   technology_attributes KEY       the same
//   versions wasmedge               the cold start that its version is said to have, of wasm
//   kuasar_figures KEY              of wasm
//   stack_target ROW                of the quick reference's stacks with WasmEdge, of wasm
//   models MODEL PARAMETER          of a model of the platform, of any class
//   quick_reference ROW             a target that is of no class
//
// Threads: pure functions. Tested by claims_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {

struct Claim {
  Json cell;           // as values.h reads it
  std::string source;  // "001 §3.5 (matrices.yaml)"
};

// Nothing: they claim nothing of it for this class. No class: of what is of none.
std::optional<Claim> FindClaim(std::string_view reference,
                               std::optional<model::Class> sandbox_class);

// The matrix that a reference is into; empty: none.
std::string MatrixOf(std::string_view reference);

// The technology that it claims something of, for a class; empty: of the class's concept or tier.
std::string TechnologyOf(std::string_view reference, model::Class sandbox_class);

// The technology of the tables of figures that a class stands for; empty: none.
std::string_view TechnologyOf(model::Class sandbox_class) noexcept;

}  // namespace strata::advisor
