#include "measure/isolation.h"

#include <algorithm>

namespace strata::measure {
namespace {

constexpr std::size_t kMostEvidence = 120;

// Of bytes that a guest made up.
std::string Clean(std::string_view text) {
  std::string clean(text.substr(0, kMostEvidence));
  std::replace_if(clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return clean;
}

std::string_view LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Result<std::vector<Scenario>> ParseCatalogue(std::string_view text) {
  auto json = ParseJson(text);
  if (!json || !json->is_array()) return Fail(Errc::kInvalidArgument, "the battery has no list");
  std::vector<Scenario> scenarios;
  try {
    for (const Json& each : *json) {
      scenarios.push_back({each.at("id").get<std::string>(), each.at("title").get<std::string>(),
                           each.at("kind").get<std::string>(), each.at("cve").get<std::string>()});
    }
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, std::string("the battery's list: ") + error.what());
  }
  return scenarios;
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kBlocked:
      return "blocked";
    case Outcome::kContained:
      return "contained";
    case Outcome::kAllowed:
      return "allowed";
    case Outcome::kNotApplicable:
      break;
  }
  return "n/a";
}

bool Verdict::acceptable() const noexcept {
  return outcome == Outcome::kNotApplicable || outcome <= expected;
}

bool Applies(const Scenario& scenario, model::Class sandbox_class) {
  const bool of_engine = scenario.kind == "wasm" || scenario.kind == "compile";
  return !of_engine || sandbox_class == model::Class::kWasm;
}

Verdict Judge(const Scenario& scenario, model::Class sandbox_class, const Observation& seen) {
  // Inside a machine a container still has to hold: the pair owes what both of its classes do.
  const bool own_kernel = sandbox_class != model::Class::kContainer &&
                          sandbox_class != model::Class::kContainerInMicrovm;
  const bool of_kernel = scenario.kind == "kernel" || scenario.kind == "objects";
  Verdict verdict;
  if (!Applies(scenario, sandbox_class)) {
    verdict.evidence = "of WebAssembly only";
    return verdict;
  }
  // Abuse is let go on until the limit is reached.
  const bool log = scenario.kind == "log";
  const bool taken = scenario.kind != "planted" && scenario.kind != "kernel";
  const bool on_own_kernel = of_kernel && own_kernel;
  const bool may_contain = taken || on_own_kernel;
  verdict.expected = may_contain ? Outcome::kContained : Outcome::kBlocked;
  if (seen.end == End::kEnded) {
    verdict.outcome = Outcome::kContained;
    verdict.expected = Outcome::kContained;  // ended, whatever it was about to do
    verdict.evidence = Clean(seen.text);
    return verdict;
  }
  if (seen.end == End::kLost) {
    verdict.outcome = Outcome::kAllowed;  // assume the worst
    verdict.evidence = Clean("no verdict: " + seen.text);
    return verdict;
  }
  const std::string_view line = LastLine(seen.text);
  const std::string_view word = line.substr(0, line.find(' '));
  verdict.evidence = Clean(line.substr(std::min(line.size(), word.size() + 1)));
  if (word == "allowed") {
    verdict.outcome = on_own_kernel || log ? Outcome::kContained : Outcome::kAllowed;
    if (log) verdict.evidence += " taken; the log drops and rotates";
    if (on_own_kernel) verdict.evidence += " (of its own kernel)";
  } else if (word == "blocked") {
    verdict.outcome = taken && !log ? Outcome::kContained : Outcome::kBlocked;
  } else if (word != "n/a") {
    verdict.outcome = Outcome::kAllowed;  // it did not say: assume the worst
    verdict.evidence = "no verdict";
  }
  return verdict;
}

Json ToJson(const Verdict& verdict) {
  return {{"outcome", OutcomeName(verdict.outcome)},
          {"expected", OutcomeName(verdict.expected)},
          {"evidence", verdict.evidence}};
}

}  // namespace strata::measure
