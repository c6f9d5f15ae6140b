// advisor/compare/claims.h - what the facts claim of something that is measured (measure/rows.h):
// from the reference that stands in the table of rows to the cell and where it is from.
//
// A reference is "FILE-OR-PART PLACE KEY":
//   matrices MATRIX COLUMN          the cell of the class's concept
//   tier_overheads KEY              of the tier that the concept belongs to
//   technology_performance KEY      of the technology that the class stands for: WasmEdge, Docker
//   quick_reference ROW             a target that is of no class
//
// Threads: pure functions. Tested by claims_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/values.h"

namespace strata::advisor {

struct Claim {
  Json cell;           // as values.h reads it
  std::string source;  // "001 §3.5 (matrices.yaml)"
};

// Nothing: they claim nothing of it for this class. No class: of what is of none.
std::optional<Claim> FindClaim(std::string_view reference,
                               std::optional<model::Class> sandbox_class);

}  // namespace strata::advisor
