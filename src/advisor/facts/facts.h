// advisor/facts/facts.h - what the source documents say, embedded into the program and read when it
// is first asked for. src/advisor/facts/README.md says what is in which file.
//
//   facts/*.yaml -> embed.cc, at build time -> FactsText -> Facts
//
// What a file's schema requires is there, so it is read with at(); anything else with contains().
//
// Threads: any; a file is parsed once. Lifetime: the process's. Tested by facts_test.cc and
// tests/advisor/facts_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {

// In the order of their names.
enum class FactFile : std::uint8_t {
  kConcepts,
  kDecisions,
  kGraph,
  kMatrices,
  kModels,
  kRoadmap,
  kVersions,
};

// The file as JSON text; made by the build.
std::string_view FactsText(FactFile file) noexcept;

const Json& Facts(FactFile file);

// The entry of `list` whose `key` is `id`; nullptr: there is none.
const Json* FindFact(const Json& list, std::string_view id, const char* key = "id");

// What an entry is called: its label, name, title or term, and its zh.
Text LabelOf(const Json& entry);

// The texts of a list: "KVM, Xen".
std::string ListOf(const Json& texts);

// The text under `key`, and the Chinese under `key`_zh; empty when there is none.
Text TextOf(const Json& entry, const std::string& key);

}  // namespace strata::advisor
