// advisor/report/refusal.h - why the advisor refuses what it is asked, in both languages.
//
//   a question's function --> [ Refuse(code, sentence, what) ] --> Error, in English --> ...
//   ... whoever shows it to people --> [ InLanguage ] --> the same Error, in theirs
//
// An Error has one text, whoever makes it (base/result.h), and ours is English. The sentences lie
// in one table with their Chinese: Refuse fills one in, InLanguage finds by the same table which it
// was and with what it was filled. What stands in quotes is what somebody said or may say: it
// stays. A sentence of others (the model's, of a manifest or a name) is none of the table and
// stays English, which is said.
//
// Threads:  pure functions. Tested by refusal_test.cc, tests/advisor/chinese_test.py.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "advisor/report/text.h"
#include "base/result.h"

namespace strata::advisor {

enum class Refusal : std::uint8_t {
  // What stands behind another, which they are filled with.
  kUnits,
  kCounterpart,
  kSaidReversed,
  kShownByPath,
  // Before the names, whose sentences would take it for theirs.
  kNobodySays,
  // Names: of which kind, what was said, what would do.
  kUnclear,
  kUnknownNear,
  kUnknownListed,
  kUnknownOfFew,
  kNoStack,
  kUnknown,
  // Numbers with units, and words.
  kNoNumber,
  kOtherMeasure,
  kNoneOf,
  kNotBetween,
  kNegative,
  kNotVariable,
  kSaidTwice,
  kNotOfScenario,
  kOtherKind,
  // Parameters of models.
  kNotSetting,
  kSpent,
  kOutOfBounds,
  kNotWhole,
  kSetTwice,
  kTooManySteps,
  kTooManyDraws,
  kNoShare,
  // Comparing, ways in the graph, records.
  kNoSubjects,
  kTwice,
  kNothingInCommon,
  kDimensionsOfConcepts,
  kOneNode,
  kNoWay,
  kNothingMeasured,
  kNoRows,
  // The page's folder, and pictures of graphs.
  kNoFolder,
  kNotOurPage,
  kNoGraphviz,
  // A manifest to recommend for, one that is recommended, and the terminal.
  kWrongManifest,
  kSeveralWorkloads,
  kNoWorkload,
  kWrongName,
  kWrongArtifact,
  kNotUtf8,
  kManifestForm,
  kNoTerminal,
};

// The sentence with {0}, {1}, ... filled in by `with`, of which it takes that many.
std::string Say(Refusal sentence, std::initializer_list<std::string_view> with);

std::unexpected<Error> Refuse(Errc code, Refusal sentence,
                              std::initializer_list<std::string_view> with);

// The error with its message in that language, as far as the table knows it.
Error InLanguage(Error error, Language language);

}  // namespace strata::advisor
