// command_line.h - the tree of verbs, walked as a person types it: what stands behind
// completions, the manual, `strata help` and what is said of a wrong command line.
//
//   main.cc --> PlaceOf, ReportUsage;  verbs/machine/{completion,man,help}.cc --> the rest
//
// Threads:  one. Lifetime: a Place borrows from the tree. Never fails.
// Tested by tests/e2e/command_line_test.py.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace strata::cli {

// How far words lead: "rollout", "start", "web" to `start`, as "strata rollout start".
struct Place {
  const CLI::App* verb = nullptr;
  std::string path;
  std::string unknown;  // the first word that is neither a verb there nor anything it takes
  std::string stray;    // the first option that neither the verb before it nor any above it has
};
Place PlaceOf(const CLI::App& root, const std::vector<std::string>& words);

// The verbs right below `verb`, in the order of --help.
std::vector<std::string> VerbsOf(const CLI::App& verb);

// What an option takes where it takes one of a few words; empty: anything, or nothing.
std::vector<std::string> ChoicesOf(const CLI::Option& option);
bool TakesValue(const CLI::Option& option);

// Of a Place with an unknown word: that there is no such verb, and the nearest or all there are.
std::string UnknownVerb(const Place& place);

// Says on standard error what is wrong with `words`, which `root` did not take, what was meant, and
// where to read on.
void ReportUsage(const CLI::App& root, const CLI::ParseError& error,
                 const std::vector<std::string>& words);

}  // namespace strata::cli
