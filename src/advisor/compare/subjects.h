// advisor/compare/subjects.h - what can be compared: the six concepts, the classes of this platform
// that belong to them, and technologies.
//
//   a name on the command line --> [ FindSubject ] --> compare.h, recommend/, features
//
// Threads:  values; the names are put together once, the lists anew from the facts.
// Errors:   kNotFound of FindSubject, with the nearest names. Tested by subjects_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {

struct Subject {
  enum class Kind : std::uint8_t { kConcept, kTechnology };
  Kind kind = Kind::kConcept;
  std::string id;  // "webassembly"; of a class its name
  Text label;
  std::string fact;        // of a technology: its id in the tables, where a concept has the same
  std::string concept_id;  // of a concept or a class
  // That implement it here; of a technology the class that it is measured as.
  std::vector<model::Class> classes;
};

// Concepts, classes and technologies by every name that they have. A word that is both a class and
// an alias of a concept ("wasm") is the class; one that is both a concept and a technology
// ("service mesh") is the concept.
Result<Subject> FindSubject(std::string_view name);

// The technology that is called as the concept is; nothing: there is none.
std::optional<Subject> TechnologyCalledAs(const Subject& concept_subject);

std::vector<Subject> ConceptSubjects();
std::vector<Subject> ClassSubjects();
// Of the tables of figures, of the concepts, of the versions, and of the diagrams.
std::vector<Subject> TechnologySubjects();

// The concept that the documents' tiers put a class into. A container in a machine is Kata's kind,
// after which the tier of machines is named.
std::string ConceptOfClass(model::Class sandbox_class);

// The concept of these facts; it is there.
const Json& ConceptOf(const std::string& id);

// What a fact that names a concept calls it: also those beside the six, as physical_hardware.
Text ConceptLabel(const std::string& id);

}  // namespace strata::advisor
