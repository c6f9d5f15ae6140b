// strata - the command line: every verb asks the manager's API, over its Unix socket or over HTTPS.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/session.h"
#include "command_line.h"
#include "exit_code.h"
#include "output.h"
#include "verbs.h"

namespace {

using strata::cli::Session;

// The verbs that only answer, from names that people type.
constexpr const char* kAdvisor[] = {"align",     "compare", "graph",   "measure", "model",
                                    "recommend", "report",  "roadmap", "versions"};

constexpr std::string_view kFooter =
    "Start here:\n"
    "  strata up -d                      start the server in the background\n"
    "  strata apply -f function.yaml     deploy\n"
    "  strata invoke hello               call it\n"
    "  strata logs -f hello              watch what it prints\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line or manifest, 3 not found, 4 no server,\n"
    "5 wrong state, 6 try later (full, deadline, not there yet), 7 not allowed, 8 not supported.\n"
    "Of a call: 1 the guest answered 400 or above, 9 it ended without an answer (a limit of its\n"
    "own, a crash). exec ends with its program's own.\n"
    "\n"
    "Environment: STRATA_HOME is the state directory (default ~/.local/state/strata);\n"
    "STRATA_API, STRATA_API_CERT, STRATA_API_KEY and STRATA_API_CA stand for the --api options, "
    "which\n"
    "choose a server elsewhere: paths in manifests are then paths there. NO_COLOR turns colours "
    "off.";

void AddVerbs(CLI::App& app, Session& session) {
  using namespace strata::cli;  // NOLINT(google-build-using-namespace)
  AddUp(app, session);
  AddDown(app, session);
  AddApply(app, session);
  AddGet(app, session);
  AddDescribe(app, session);
  AddExplain(app, session);
  AddDelete(app, session);
  AddInvoke(app, session);
  AddLogs(app, session);
  AddExec(app, session);
  AddCp(app, session);
  AddPause(app, session);
  AddSnapshot(app, session);
  AddRestore(app, session);
  AddFork(app, session);
  AddRollout(app, session);
  AddTop(app, session);
  AddCost(app, session);
  AddSandbox(app, session);
  AddVolume(app, session);
  AddProbe(app, session);
  AddMeasure(app, session);
  AddSimulate(app, session);
  AddCompare(app, session);
  AddAlign(app, session);
  AddRecommend(app, session);
  AddGraph(app, session);
  AddVersions(app, session);
  AddFields(app, session);
  AddCrds(app, session);
  AddModel(app, session);
  AddRoadmap(app, session);
  AddReport(app, session);
  AddStatus(app, session);
  AddVersion(app, session);
  AddCompletion(app, session);
  AddMan(app, session);
  AddHelp(app, session);
}

// CLI11 reads whole numbers as C does: 010 would be 8, -1 the largest there is, and so would be
// whatever is too large.
std::string WhyNoWholeNumber(const std::string& text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const bool padded = text.size() > sign + 1 && text[sign] == '0';
  const char* const last = text.data() + text.size();
  std::int64_t number = 0;
  std::uint64_t large = 0;
  const auto [end, error] = sign == 1 ? std::from_chars(text.data(), last, number)
                                      : std::from_chars(text.data(), last, large);
  const bool good = !padded && error == std::errc() && end == last;
  return good ? "" : "'" + text + "' is no whole number in decimal digits";
}

void ReadNumbersAsDecimals(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    const bool is_unsigned = type.starts_with("UINT");
    if (!is_unsigned && !type.starts_with("INT")) continue;
    option->check(
        [is_unsigned](const std::string& text) {
          if (is_unsigned && text.starts_with('-')) return "'" + text + "' is below 0";
          return WhyNoWholeNumber(text);
        },
        "");
  }
  for (CLI::App* verb : app.get_subcommands({})) ReadNumbersAsDecimals(*verb);
}

// Where a verb takes words, each option takes the one behind it and no more: in `--dimension
// startup wasm` the second is what to compare. An option that may be said several times is said
// again.
void TakeOneWordEach(CLI::App& verb) {
  const std::vector<CLI::Option*> options = verb.get_options();
  if (std::ranges::any_of(options, &CLI::Option::get_positional)) {
    for (CLI::Option* option : options) {
      if (!option->get_positional()) option->allow_extra_args(false);
    }
  }
  for (CLI::App* part : verb.get_subcommands({})) TakeOneWordEach(*part);
}

// An option that is given and says nothing is a mistake of a script: it must not be taken for one
// that was left out.
void RefuseEmpty(CLI::App& verb) {
  for (CLI::Option* option : verb.get_options()) {
    const std::string takes = option->get_description();
    option->check(
        [takes](const std::string& text) { return text.empty() ? "is empty (" + takes + ")" : ""; },
        "");
  }
  for (CLI::App* part : verb.get_subcommands({})) RefuseEmpty(*part);
}

// Verbs of reports and graphs know more formats, and check them themselves: they change nothing.
bool ChecksItsFormat(const CLI::App& verb) {
  return std::ranges::find(kAdvisor, verb.get_name()) != std::end(kAdvisor);
}

// Ends the parsing before any verb runs; what was wrong has been reported.
[[noreturn]] void Refuse(Session& session, const strata::Error& error) {
  session.Report(error);
  throw CLI::RuntimeError(session.exit_code);
}

// Global options that make no sense here, before the verb has changed anything.
void CheckGlobals(const CLI::App& app, Session& session) {
  using strata::Errc;
  const auto chosen = app.get_subcommands();
  if (!chosen.empty() && !ChecksItsFormat(*chosen.front())) {
    if (const auto format = session.format(); !format) Refuse(session, format.error());
  }
  if (!session.kube && !(session.kubeconfig.empty() && session.context.empty())) {
    Refuse(session, {Errc::kInvalidArgument,
                     "--kubeconfig and --context choose a cluster, which only --kube reads; give "
                     "--kube, too, or leave them out"});
  }
  const char* const from_environment = std::getenv("STRATA_API");
  const bool asks_elsewhere =
      !session.api.empty() && (from_environment == nullptr || session.api != from_environment);
  if (session.kube && asks_elsewhere) {
    Refuse(session, {Errc::kInvalidArgument,
                     "--kube reads a cluster and --api asks a server: leave one of them out"});
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app("strata - run functions and services in the sandbox that fits them", "strata");
  app.footer(std::string(kFooter));
  app.require_subcommand(1);
  app.fallthrough();
  Session session;
  app.add_option("--home", session.home, "State directory (STRATA_HOME)");
  app.add_option("--api", session.api, "A server elsewhere, https://HOST:PORT")
      ->envname("STRATA_API");
  app.add_option("--api-cert", session.api_files.certificate, "Our certificate for it (PEM)")
      ->envname("STRATA_API_CERT");
  app.add_option("--api-key", session.api_files.key, "Our key for it (PEM, mode 0600)")
      ->envname("STRATA_API_KEY");
  app.add_option("--api-ca", session.api_files.ca, "Who must have signed its certificate (PEM)")
      ->envname("STRATA_API_CA");
  app.add_option("-o,--output", session.output,
                 "table, wide, json or yaml (yml); of reports also markdown (md), csv or svg")
      ->type_name("TEXT:{table,wide,json,yaml,markdown,csv,svg}");
  app.add_option("-n,--namespace", session.tenant, "Tenant")->each([&session](const std::string&) {
    session.tenant_is_said = true;
  });
  app.add_flag("--kube", session.kube, "Read a Kubernetes cluster: get, describe, explain");
  app.add_option("--kubeconfig", session.kubeconfig,
                 "With --kube: which cluster (KUBECONFIG, ~/.kube/config)");
  app.add_option("--context", session.context,
                 "With --kube: of the kubeconfig; otherwise its current one");
  app.set_version_flag("--version", STRATA_VERSION);
  AddVerbs(app, session);
  ReadNumbersAsDecimals(app);
  TakeOneWordEach(app);
  for (const char* verb : kAdvisor) RefuseEmpty(*app.get_subcommand(verb));
  app.parse_complete_callback([&app, &session] { CheckGlobals(app, session); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& refused) {
    return refused.get_exit_code();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    strata::cli::ReportUsage(app, error, {argv + 1, argv + argc});
    return strata::cli::kUsage;
  }
  if (!strata::cli::FinishOutput() && session.exit_code == 0) return strata::cli::kFailed;
  return session.exit_code;
}
