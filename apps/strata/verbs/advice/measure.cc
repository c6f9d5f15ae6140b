// strata measure - what the documents claim, measured on this host: in each class and without one.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "advisor/measured/report.h"
#include "base/clock.h"
#include "base/files/files.h"
#include "host/files/file_lock.h"
#include "isolation/class_place.h"
#include "isolation/classes.h"
#include "measure/figures.h"
#include "measure/process_place.h"
#include "measure/run.h"
#include "measured_record.h"
#include "model/values.h"
#include "output.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t stopped_by = 0;

struct MeasureFlags {
  ReportFlags report;
  bool quick = false;
  std::string record;
  std::string show;
  std::vector<std::string> compare;
  std::vector<std::string> classes;
};

// While it lives these signals are remembered only, so that what was deployed is removed; then the
// program ends by the one that came.
class Stop {
 public:
  Stop() {
    struct sigaction action{};
    action.sa_handler = [](int signal) { stopped_by = signal; };
    for (const int each : kSignals) ::sigaction(each, &action, nullptr);
  }
  ~Stop() {
    for (const int each : kSignals) ::signal(each, SIG_DFL);
    if (stopped_by != 0) ::raise(stopped_by);
  }
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
};

// On a terminal one line that changes, elsewhere a line for each turn.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (terminal_) std::fprintf(stderr, "\r\033[K");
  }
  void Show(const measure::Progress& progress) {
    const auto seconds = [](Duration time) {
      return std::chrono::duration_cast<std::chrono::seconds>(time).count();
    };
    if (!terminal_ && progress.turn == turn_) return;
    turn_ = progress.turn;
    std::fprintf(stderr, "%sturn %u, %s: %s; %lld s of at most %lld s%s",
                 terminal_ ? "\r\033[K" : "", progress.turn, std::string(progress.in).c_str(),
                 std::string(progress.kind->name).c_str(),
                 static_cast<long long>(seconds(progress.passed)),
                 static_cast<long long>(seconds(progress.budget)), terminal_ ? " " : "\n");
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  unsigned turn_ = 0;
};

// Everything that can be wrong with the command line, before anything is deployed.
Result<std::vector<model::Class>> Check(const Session& session, const MeasureFlags& flags) {
  auto format = ParseReportFormat(session.output);
  if (!format) return std::unexpected(std::move(format).error());
  if (auto language = LanguageFor(flags.report, *format); !language) {
    return std::unexpected(std::move(language).error());
  }
  if (!flags.record.empty()) {
    const auto folder = std::filesystem::absolute(flags.record).parent_path();
    if (::access(folder.c_str(), W_OK) != 0)
      return FailErrno("write into " + folder.string(), errno);
  }
  if (session.is_remote()) {
    return Fail(
        Errc::kFailedPrecondition,
        "the bare process that classes are compared with runs here: run 'strata measure' on the "
        "server's own machine, without --api");
  }
  return ChooseClasses(flags.classes);
}

Result<std::vector<measure::Series>> TakeRows(Session& session, const MeasureFlags& flags,
                                              const std::vector<model::Class>& classes) {
  measure::ProcessPlace process(ProgramFolder().parent_path() / "share");
  std::vector<std::unique_ptr<ClassPlace>> of_classes;
  std::vector<measure::Place*> places{&process};
  const auto stopped = [] { return stopped_by != 0; };
  for (const model::Class each : classes) {
    of_classes.push_back(std::make_unique<ClassPlace>(session, each, stopped));
    places.push_back(of_classes.back().get());
  }
  const SystemClock clock;
  const auto depth = flags.quick ? measure::Depth::kQuick : measure::Depth::kFull;
  ProgressLine line;
  return measure::Run(places, clock,
                      {.depth = depth,
                       .budget = measure::BudgetOf(depth),
                       .on_progress = [&line](const auto& progress) { line.Show(progress); },
                       .stopped = stopped});
}

Result<measure::Record> TakeRecord(Session& session, const MeasureFlags& flags,
                                   const std::vector<model::Class>& classes) {
  const auto start = std::chrono::steady_clock::now();
  auto record = DescribeHost(session);
  if (!record) return record;
  // A second one beside it would measure the first, and remove what that has deployed.
  auto lock = host::LockFile(session.home / "run" / "measure.lock");
  if (!lock) return Wrap(std::move(lock).error(), "another 'strata measure' runs on this server");
  auto rows = TakeRows(session, flags, classes);
  if (!rows) return std::unexpected(std::move(rows).error());
  record->rows = *std::move(rows);
  record->rows.push_back(
      {.row = "network_overhead",
       .in = std::string(measure::kHost),
       .unit = "%",
       .samples = {},
       .lacking = "the two programs send nothing; what a network adds to a start and to a request "
                  "is measured by the project's benchmarks (docs/performance.md)"});
  record->rows.push_back(
      {.row = "policy_evaluation",
       .in = std::string(measure::kHost),
       .unit = "ms",
       .samples = {},
       .lacking = "this platform has no policy engine: its authorizer allows everything"});
  for (const model::Class each : classes) {
    record->classes.push_back(measure::ToJson(measure::FiguresOf(*record, model::ClassName(each))));
  }
  record->mode = flags.quick ? "quick" : "full";
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  record->seconds = took.count();
  return record;
}

Result<advisor::Report> Measure(Session& session, const MeasureFlags& flags) {
  const auto classes = Check(session, flags);
  if (!classes) return std::unexpected(classes.error());
  const Stop stop;
  auto record = TakeRecord(session, flags, *classes);
  if (!record) return std::unexpected(std::move(record).error());
  const Json json = measure::ToJson(*record);
  if (!flags.record.empty()) {
    auto kept = WriteFileAtomic(flags.record, DumpJson(json) + "\n", 0644);
    if (!kept) return std::unexpected(std::move(kept).error());
  }
  auto told = session.AskJson("PUT", "/v1/measurements", json);
  if (!told) return std::unexpected(std::move(told).error());
  // As it was written, so that --show says the same.
  record = measure::ReadRecord(json);
  if (!record) return std::unexpected(std::move(record).error());
  return advisor::MeasuredReport(*record);
}

Result<advisor::Report> Answer(Session& session, const MeasureFlags& flags) {
  if (!flags.show.empty()) {
    const auto record = ReadRecordFile(flags.show);
    if (!record) return std::unexpected(record.error());
    auto report = advisor::MeasuredReport(*record);
    if (!report) return Wrap(std::move(report).error(), flags.show);
    return report;
  }
  if (flags.compare.empty()) return Measure(session, flags);
  const auto older = ReadRecordFile(flags.compare[0]);
  if (!older) return std::unexpected(older.error());
  const auto newer = ReadRecordFile(flags.compare[1]);
  if (!newer) return std::unexpected(newer.error());
  return advisor::DriftReport(*older, *newer);
}

}  // namespace

void AddMeasure(CLI::App& app, Session& session) {
  auto flags = std::make_shared<MeasureFlags>();
  CLI::App* verb = app.add_subcommand("measure", "What the documents claim, measured on this host");
  auto* quick = verb->add_flag("--quick", flags->quick, "At most 3 minutes, not 20");
  auto* record =
      verb->add_option("--record", flags->record, "Write every sample to this file, as JSON");
  auto* classes =
      verb->add_option("--class", flags->classes, "Only this class; several are allowed");
  auto* show = verb->add_option("--show", flags->show, "Measure nothing; show this record");
  auto* compare =
      verb->add_option("--compare", flags->compare,
                       "Measure nothing; show what differs significantly in two records")
          ->expected(2)
          ->type_name("OLDER NEWER");
  for (CLI::Option* each : {quick, record, classes}) show->excludes(each)->excludes(compare);
  for (CLI::Option* each : {quick, record, classes}) compare->excludes(each);
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Runs small programs in every class of the running server and as bare processes, in\n"
      "turns: start-up, latency, throughput, memory, density, computing, epoll, io_uring. Shows\n"
      "claimed | measured here | ratio | verdict, with 95 % intervals and the source of each "
      "claim;\n"
      "tests the start-up contracts; says why where a row is missing. Removes what it deployed,\n"
      "also on Ctrl-C. Measure on an idle machine.\n"
      "The server keeps the record: where a manifest names no class, it chooses by it (strata\n"
      "explain).\n"
      "Examples:\n"
      "  strata measure --quick --record today.json\n"
      "  strata measure --show today.json --lang zh -o markdown\n"
      "  strata measure --compare yesterday.json today.json");
  verb->callback(
      [&session, flags] { PrintReport(session, flags->report, Answer(session, *flags)); });
}

}  // namespace strata::cli
