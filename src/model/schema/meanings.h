// model/schema/meanings.h - what a manifest's fields mean: what the tables of fields.h cannot say
// to a reader, one line for each field.
//
//   fields.h, [ MeaningOf ] --> manifest/reference.cc: the reference of manifests
//                           \-> manifest/crd.cc: what `kubectl explain` says
//
// Threads: constants. Tested by model/manifest/reference_test.cc: each field has a line, and each
// line a field.
#pragma once

#include <span>
#include <string_view>

namespace strata::model::schema {

// A part is what the reference has a section for: one of kinds, or what several of them share.
inline constexpr std::string_view kMetadataPart = "metadata";
inline constexpr std::string_view kWorkloadPart = "workload";  // of Functions and Services
inline constexpr std::string_view kFunctionPart = "Function";
inline constexpr std::string_view kServicePart = "Service";
inline constexpr std::string_view kRoutePart = "Route";
inline constexpr std::string_view kMatchPart = "match";  // of triggers and Routes
inline constexpr std::string_view kProbePart = "probe";

struct Meaning {
  std::string_view part;
  std::string_view path;             // in its part: "limits.memory_mib", "grants.dirs[].guest"
  std::string_view text;             // Markdown without a line end and without '|'
  std::string_view classes = "all";  // that have it; others refuse it
  std::string_view otherwise{};      // without it, where the field's own default does not say
};

std::span<const Meaning> Meanings() noexcept;

// Null: none.
const Meaning* FindMeaning(std::string_view part, std::string_view path) noexcept;
// Of a field of fields.h; one that has none is a bug, and ends the program.
const Meaning& MeaningOf(std::string_view part, std::string_view path);

}  // namespace strata::model::schema
