// advisor/names.h - the names that people type: found however they are written, or refused with
// what they may have meant.
//
//   the facts' entries --AddAll--> [ Names ] --Find--> an id: of concepts, models, terms, ...
//
// One list for each kind of thing, made for the question: the facts are few.
//
// Threads:  a value; Find is pure. Errors: kNotFound of Find only, in either language by
//           report/refusal.h. Tested by names_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor {

// The ids of one kind of thing, and what else they are called.
class Names {
 public:
  // `kind` as messages say it: "concept", one of refusal.cc's words; `listed_by` the words that
  // list them all, of a kind with many: "strata graph nodes".
  explicit Names(std::string kind, std::string listed_by = "")
      : kind_(std::move(kind)), listed_by_(std::move(listed_by)) {}

  // The first id that has a name keeps it.
  void Add(std::string id, const std::string& name);

  // The entry's id with each of its aliases, if it has any.
  void AddAliases(const Json& entry);

  // What it is called in either language, and what of that stands before a bracket:
  // "总拥有成本(TCO)" is found as 总拥有成本, too. What is called so in full goes before, and what
  // several would be called so is none of theirs.
  void AddLabel(const std::string& id, const Text& label);

  // Each entry's id with its label, name, title or term, zh and aliases, as AddLabel does.
  void AddAll(const Json& entries);

  // The id of `name`: case does not count, and ' ', '-' and '_' are the same. kNotFound with the
  // nearest names, or those that have words near to it; where none is near with all of them, or how
  // they are listed where they are many.
  [[nodiscard]] Result<std::string> Find(std::string_view name) const;

 private:
  struct Name {
    std::string folded;
    std::string shown;
    std::string id;
  };
  [[nodiscard]] std::vector<std::string> Near(const std::string& folded) const;

  std::string kind_;
  std::string listed_by_;
  std::vector<Name> names_;  // in the order in which they came
  std::map<std::string, std::size_t> by_folded_;
};

}  // namespace strata::advisor
