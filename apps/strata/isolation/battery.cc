#include "isolation/battery.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text/json.h"
#include "client/remote_program.h"

namespace strata::cli {
namespace {

using measure::End;
using measure::Observation;
using measure::Scenario;

constexpr std::array<std::string_view, 4> kThroughNames = {"call", "server", "exec", "copy"};
constexpr const char* kProgram = "/battery";
constexpr const char* kGranted = "/granted";

ClassWorkload Workload(Through through, model::Class in, const Plants& plants) {
  ClassWorkload workload{.folder = ShareFolder("battery"),
                         .name = "battery",
                         .space = "strata-isolation",
                         .env = plants.Environment(kGranted),
                         .limits = {{"memory_mib", 96}}};
  if (through == Through::kCall) {
    workload.limits.update(
        {{"cpu_time_ms", 2'000}, {"timeout_ms", 6'000}, {"response_kib", 1'024}});
  }
  if (through == Through::kServer) workload.more["guest"] = "http";
  if (through == Through::kExec || through == Through::kCopy) workload.kind = "Service";
  if (in < model::Class::kMicrovm) {  // which takes no directories of the host
    workload.more["grants"] = {
        {"dirs", Json::array({{{"host", plants.granted().string()}, {"guest", kGranted}}})}};
  }
  return workload;
}

// In the words of a cell's problem, an answer that was cut off, or that of a program which died
// without a word: it was ended, and not lost.
bool IsEnd(const std::string& problem) {
  constexpr std::array<std::string_view, 5> kEnds = {
      "the function hit its limit", "the function failed", "the function took",
      "the server closed inside the body", "the server answered 500"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return problem.starts_with(end); });
}

}  // namespace

Result<Through> ParseThrough(std::string_view name) {
  const auto found = std::ranges::find(kThroughNames, name);
  if (found != kThroughNames.end()) return static_cast<Through>(found - kThroughNames.begin());
  return Fail(Errc::kInvalidArgument, "nothing runs through '" + std::string(name) +
                                          "'; there are call, server, exec, copy");
}

Battery::Battery(Session& session, Through through, model::Class sandbox_class,
                 const Plants& plants)
    : session_(session),
      through_(through),
      class_(sandbox_class),
      workload_(Workload(through, sandbox_class, plants)) {}

Result<void> Battery::Deploy() {
  if (class_ == model::Class::kWasm && through_ != Through::kCall) {
    return Fail(Errc::kUnsupported, "its sandboxes are no processes: they run calls only");
  }
  auto deployed = cli::Deploy(session_, workload_, class_);
  if (!deployed || through_ != Through::kCopy) return deployed;
  auto copied = MakeCopy();
  if (copied) return copied;
  static_cast<void>(Remove());  // the first failure counts
  return copied;
}

Result<void> Battery::Remove() { return cli::Remove(session_, workload_, class_); }

Result<void> Battery::MakeCopy() {
  auto made = session_.AskJson("POST", PathOf(workload_, class_) + "/forks", Json{{"count", 1}});
  if (!made) return std::unexpected(std::move(made).error());
  const Json ids = made->value("sandboxes", Json::array());
  if (ids.empty()) return Fail(Errc::kInternal, "the server names no copy");
  copy_ = ids.front().get<std::string>();
  return {};
}

bool Battery::Takes(const Scenario& scenario) const {
  return through_ == Through::kCall || scenario.kind == "planted" || scenario.kind == "kernel";
}

Observation Battery::Try(const Scenario& scenario) {
  if (!measure::Applies(scenario, class_)) return {};
  if (scenario.kind == "compile") return TryCompiling();
  const bool program = through_ == Through::kExec || through_ == Through::kCopy;
  return program ? TryProgram(scenario) : TryCall(scenario);
}

Observation Battery::TryCall(const Scenario& scenario) {
  auto answer = Call(session_, workload_, class_, "/" + scenario.id);
  if (answer) return {End::kAnswered, answer->body};
  const std::string& problem = answer.error().message;
  return {IsEnd(problem) ? End::kEnded : End::kLost, problem};
}

Observation Battery::TryProgram(const Scenario& scenario) {
  const RemoteProgram program{
      .service = PathOf(workload_, class_), .sandbox = copy_, .command = {kProgram, scenario.id}};
  std::string out;
  const auto status = RunRemote(session_, program, [&](Output stream, std::string_view piece) {
    if (stream == Output::kStdout) out += piece;
    return true;
  });
  if (!status) return {End::kLost, status.error().message};
  return {End::kAnswered, out};
}

// Deployed instead of run: it is the compiler that has to be held.
Observation Battery::TryCompiling() {
  ClassWorkload bomb{.folder = workload_.folder, .name = "bomb", .space = workload_.space};
  auto deployed = cli::Deploy(session_, bomb, class_);
  if (!deployed) {
    const Errc code = deployed.error().code;
    const bool limit = code == Errc::kResourceExhausted || code == Errc::kDeadlineExceeded;
    return {limit ? End::kEnded : End::kLost, deployed.error().message};
  }
  auto removed = cli::Remove(session_, bomb, class_);
  if (!removed) return {End::kLost, removed.error().message};
  return {End::kAnswered, "allowed it was compiled"};
}

}  // namespace strata::cli
