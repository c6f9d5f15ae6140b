// strata rollout - moves a workload's traffic to another revision or class, step by step.
#include "model/traffic/rollout.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text/strings.h"
#include "client/manifests.h"
#include "model/values.h"
#include "verbs.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAuto = "auto";
constexpr std::size_t kMostMeant = 1000;  // names that are looked at for a better one

struct StartFlags {
  std::string name;
  std::string to;
  std::vector<std::uint32_t> steps;
  std::string interval;
  std::string deadline;
  std::optional<double> max_error_rate;
  std::optional<double> slower;
  std::optional<double> more_4xx;
  std::optional<std::uint64_t> min_calls;
};

std::string PathOf(const Session& session, const std::string& name, std::string_view verb = "") {
  std::string path = "/v1/rollouts/" + PercentEncode(session.tenant) + "/" + PercentEncode(name);
  if (!verb.empty()) path.append("/").append(verb);
  return path;
}

// "3 @ wasm", as people say it.
std::string Side(const Json& side) {
  return "revision " + side.value("revision", Json()).dump() + ", class " +
         side.value("class", "gone");
}

void PrintFigures(const Json& figures) {
  if (!figures.contains("canary")) return;
  Table table({"IN THIS STEP", "CALLS", "FAILED", "P99 MS", "4XX"});
  for (const char* side : {"stable", "canary"}) {
    const Json& of = figures[side];
    table.Add({side, of["calls"].dump(), of["failed"].dump(), Fixed(of["p99_ms"], 2),
               of.value("status_4xx", Json(0)).dump()});
  }
  Print("\n" + table.Render());
  for (const char* side : {"stable", "canary"}) {
    const Json& lost = figures[side].value("lost", Json(0));
    if (lost == 0) continue;
    Print("Not counted: " + lost.dump() + " calls of the " + side +
          (side == std::string_view("stable") ? " side" : "") +
          ", lost with their keeper, which was started anew.\n");
  }
  if (figures.contains("waits_for")) {
    Print("The step waits for " + figures["waits_for"].get<std::string>() + ".\n");
  }
  if (figures.contains("verdict")) {
    Print("Last look: " + figures["verdict"].get<std::string>() + ".\n");
  }
}

void PrintRollout(Session& session, const Result<Json>& found) {
  if (!found) return session.Report(found.error());
  auto format = session.format();
  if (!format) return session.Report(format.error());
  const Json& rollout = *found;
  if (IsStructured(*format)) return PrintValue(rollout, *format);
  const auto text = [&rollout](const char* field) { return rollout.value(field, ""); };
  Print(text("namespace") + "/" + text("name") + ": " + text("state") + ", " +
        rollout["share"].dump() + " % to the canary\n");
  Print("  stable: " + Side(rollout["stable"]) + "\n  canary: " + Side(rollout["canary"]) + "\n");
  std::string steps;
  for (const Json& step : rollout["steps"]) steps += (steps.empty() ? "" : ", ") + step.dump();
  Print("  steps:  " + steps + " %, " + rollout["interval_ms"].dump() + " ms each at least, " +
        rollout["min_calls"].dump() + " calls" +
        (rollout.value("deadline_ms", 0) > 0
             ? ", and " + rollout["deadline_ms"].dump() + " ms each at most"
             : "") +
        "\n");
  Print("  since " + text("since") + ": " + text("because") + "\n");
  PrintFigures(rollout["figures"]);
}

// What somebody may have meant by it: a class, or a manifest beside where it would be.
std::vector<std::string> MeantBy(const fs::path& to) {
  std::vector<std::string> names;
  for (const model::Class each : model::kClasses) names.emplace_back(model::ClassName(each));
  std::error_code error;
  const fs::path folder = to.has_parent_path() ? to.parent_path() : fs::path(".");
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path name = at->path().filename();
    if (name.extension() != ".yaml" && name.extension() != ".yml") continue;
    names.push_back(to.has_parent_path() ? (folder / name).string() : name.string());
    if (names.size() >= kMostMeant) break;
  }
  return names;
}

Error NoDestination(const std::string& to) {
  std::string text = "--to '" + EscapeControl(to) + "' is no number of a revision, no class (" +
                     model::ClassNames() + ", auto) and no file that is here";
  const std::vector<std::string> names = MeantBy(to);
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (const auto meant = Nearest(to, candidates)) {
    text += "; did you mean '" + EscapeControl(*meant) + "'?";
  }
  return {Errc::kInvalidArgument, std::move(text)};
}

// A revision's number, a class, or the name of a file.
Result<Json> Destination(const std::string& to) {
  std::uint32_t revision = 0;
  const auto read = std::from_chars(to.data(), to.data() + to.size(), revision);
  if (read.ec == std::errc{} && read.ptr == to.data() + to.size()) {
    return Json{{"to", {{"revision", revision}}}};
  }
  const auto named = model::ClassFromName(to);
  if (named == model::Class::kContainerInMicrovm) {
    return Fail(Errc::kInvalidArgument,
                "--to '" + to +
                    "': a rollout leads to wasm, container, appkernel or microvm; that "
                    "a class runs within another is spec.within's to say");
  }
  if (to == kAuto || named) return Json{{"to", {{"class", to}}}};
  std::error_code error;
  if (to != "-" && !fs::exists(to, error)) return std::unexpected(NoDestination(to));
  auto files = ReadManifestFiles({to});
  if (!files) return std::unexpected(std::move(files).error());
  return Json{{"files", *std::move(files)}};
}

Error WrongTime(const std::string& option, const std::string& text, const std::string& why) {
  return {Errc::kInvalidArgument,
          option + ": '" + text + "' is " + why + "; write 500ms, 30s, 10m or 1h"};
}

// "30s", "500ms", "10m", "1h".
Result<std::int64_t> MillisecondsOf(const std::string& option, const std::string& text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                              Unit{"h", 3'600'000}};
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, count);
  for (const Unit& unit : kUnits) {
    if (std::string_view(read.ptr, end) != unit.name) continue;
    const bool much = read.ec == std::errc::result_out_of_range ||
                      count > model::kLongestInterval.count() / unit.ms;
    if (much) return std::unexpected(WrongTime(option, text, "more than a week (168h)"));
    if (read.ec == std::errc{} && count > 0) return count * unit.ms;
  }
  return std::unexpected(WrongTime(option, text, "no duration"));
}

// Why `text` is no share; empty: it is one. CLI11 would say that it cannot convert it.
std::string WhyNoShare(const std::string& text) {
  if (ReadNumber(text, std::numeric_limits<double>::max())) return "";
  return "'" + text + "' is no share, which is a number: 0.05 is 5 %";
}

void Start(Session& session, const StartFlags& flags) {
  auto body = Destination(flags.to);
  if (!body) return session.Report(body.error());
  if (!flags.interval.empty()) {
    auto interval = MillisecondsOf("--interval", flags.interval);
    if (!interval) return session.Report(interval.error());
    (*body)["interval_ms"] = *interval;
  }
  if (!flags.deadline.empty()) {
    auto deadline = MillisecondsOf("--deadline", flags.deadline);
    if (!deadline) return session.Report(deadline.error());
    (*body)["deadline_ms"] = *deadline;
  }
  if (!flags.steps.empty()) (*body)["steps"] = flags.steps;
  if (flags.max_error_rate) (*body)["max_error_rate"] = *flags.max_error_rate;
  if (flags.slower) (*body)["slower"] = *flags.slower;
  if (flags.more_4xx) (*body)["more_4xx"] = *flags.more_4xx;
  if (flags.min_calls) (*body)["min_calls"] = *flags.min_calls;
  PrintRollout(session, session.AskJson("POST", PathOf(session, flags.name), *body));
}

void AddStart(CLI::App& rollout, Session& session) {
  auto flags = std::make_shared<StartFlags>();
  CLI::App* verb = rollout.add_subcommand("start", "Begin one");
  verb->add_option("name", flags->name, "A Function or Service")->required();
  verb->add_option("--to", flags->to,
                   "A manifest's file, a revision's number, a class, or auto: the class that would "
                   "be chosen now")
      ->required();
  verb->add_option("--steps", flags->steps, "Percents of the traffic (default 1,10,50,100)")
      ->delimiter(',');
  verb->add_option("--interval", flags->interval, "How long a step lasts at least (default 30s)");
  verb->add_option("--deadline", flags->deadline,
                   "How long a step lasts at most; then it is rolled back (default: as long as it "
                   "takes)");
  verb->add_option("--max-error-rate", flags->max_error_rate,
                   "Of the canary's calls, as a share (default 0.01)")
      ->check(WhyNoShare, "");
  verb->add_option(
          "--slower", flags->slower,
          "By what share its p99 may be above the stable one, 1 ms in any case (default 0.1)")
      ->check(WhyNoShare, "");
  verb->add_option("--more-4xx", flags->more_4xx,
                   "What share of its answers may be 4xx beyond the stable side's (default 0)")
      ->check(WhyNoShare, "");
  verb->add_option("--min-calls", flags->min_calls,
                   "Of each side, before a step can be over (default 100)");
  verb->footer(
      "Examples:\n  strata rollout start web --to web-v2.yaml --interval 5m\n"
      "  strata rollout start web --to container --steps 5,50,100 --slower 100\n\n"
      "It is rolled back by itself when the canary is shown to fail more often than the stable\n"
      "side or than --max-error-rate allows, to be slower than --slower allows, to answer 4xx\n"
      "more often than --more-4xx allows, or to be full (limits.concurrency) where the stable "
      "side\n"
      "is not; each by a statistical test, so a few calls do nothing; and when a step is not over\n"
      "at its --deadline.");
  verb->callback([&session, flags] { Start(session, *flags); });
}

// One line for each workload that has one.
void PrintAll(Session& session) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  const auto all = session.ListResources({}, Session::Where::kHere);
  if (!all) return session.Report(all.error());
  Json rollouts = Json::array();
  for (const Json& each : (*all)["items"]) {
    if (each["status"].contains("rollout")) rollouts.push_back(each["status"]["rollout"]);
  }
  if (IsStructured(*format)) return PrintValue({{"items", rollouts}}, *format);
  if (rollouts.empty()) {
    return Print("No workload in namespace '" + session.tenant +
                 "' has a rollout since its newest revision.\n");
  }
  Table table({"NAME", "STATE", "CANARY %", "CANARY", "STABLE", "SINCE", "BECAUSE"});
  for (const Json& each : rollouts) {
    table.Add({each.value("name", ""), each.value("state", ""), each["share"].dump(),
               Side(each["canary"]), Side(each["stable"]), each.value("since", ""),
               each.value("because", "")});
  }
  Print(table.Render());
}

void AddOneOrAll(CLI::App& rollout, Session& session) {
  auto workload = std::make_shared<std::string>();
  CLI::App* verb = rollout.add_subcommand(
      "status", "Where it is, what was seen, and what was decided last; without a name of all");
  verb->add_option("name", *workload, "The workload");
  verb->footer("Examples:\n  strata rollout status\n  strata rollout status web -o json");
  verb->callback([&session, workload] {
    if (workload->empty()) return PrintAll(session);
    PrintRollout(session, session.AskJson("GET", PathOf(session, *workload)));
  });
}

void AddVerb(CLI::App& rollout, Session& session, const char* name, const char* help) {
  auto workload = std::make_shared<std::string>();
  CLI::App* verb = rollout.add_subcommand(name, help);
  verb->add_option("name", *workload, "The workload")->required();
  verb->footer("Example:\n  strata rollout " + std::string(name) + " web");
  const std::string word = name;
  verb->callback([&session, workload, word] {
    PrintRollout(session, session.AskJson("POST", PathOf(session, *workload, word)));
  });
}

}  // namespace

void AddRollout(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("rollout", "Move a workload's traffic to another revision or class");
  verb->require_subcommand(1);
  AddStart(*verb, session);
  AddOneOrAll(*verb, session);
  AddVerb(*verb, session, "promote", "Give the canary everything now");
  AddVerb(*verb, session, "abort", "Give the stable side everything back now");
  AddVerb(*verb, session, "undo", "Take a promotion back");
  verb->footer(
      "strata rollout start web --to web-v2.yaml              # a new revision, 1 % at first\n"
      "strata rollout start web --to 3 --steps 10,100         # back to revision 3, in two steps\n"
      "strata rollout start web --to wasm --interval 10m      # the same revision in another "
      "class\n"
      "strata rollout start web --to auto                     # where it would be placed by now\n"
      "strata rollout status web\n"
      "A step is over when its time has passed, enough calls have come, and the canary's errors,\n"
      "p99 and answers of 4xx are not shown to be worse than the stable side's; the next follows,\n"
      "and after the last the canary has everything. What is shown to be worse loses its traffic\n"
      "at once. No request fails because of that. A new revision by 'strata apply' ends it.");
}

}  // namespace strata::cli
