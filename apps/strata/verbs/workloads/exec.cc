// strata exec - a program in a sandbox of a service, beside its server.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "client/remote_program.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct ExecFlags {
  std::string service;
  RemoteProgram program;
  std::vector<std::string> variables;
  bool input = false;
  bool terminal = false;
};

bool PrintOutput(Output stream, std::string_view bytes) {
  std::FILE* to = stream == Output::kStderr ? stderr : stdout;
  return std::fwrite(bytes.data(), 1, bytes.size(), to) == bytes.size() && std::fflush(to) == 0;
}

Result<void> Complete(ExecFlags& flags) {
  for (const std::string& variable : flags.variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Errc::kInvalidArgument, "-e takes NAME=value, not '" + variable + "'");
    }
    flags.program.env[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  if (flags.terminal && (!flags.input || ::isatty(STDIN_FILENO) == 0)) {
    return Fail(Errc::kInvalidArgument,
                "-t needs -i and a terminal as standard input; for a pipe or file, -i alone");
  }
  if (flags.input) flags.program.input = STDIN_FILENO;
  if (!flags.terminal) return {};
  flags.program.terminal = AtTerminal::kOurs;
  const char* kind = std::getenv("TERM");
  if (kind != nullptr) flags.program.env.try_emplace("TERM", kind);
  return {};
}

void Exec(Session& session, ExecFlags& flags) {
  if (auto complete = Complete(flags); !complete) return session.Report(complete.error());
  flags.program.service = ServicePath(session, flags.service);
  auto status = RunRemote(session, flags.program, PrintOutput);
  if (!status) return session.Report(status.error());
  session.exit_code = *status;
}

}  // namespace

void AddExec(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ExecFlags>();
  CLI::App* verb = app.add_subcommand("exec", "Run a program in a sandbox of a service");
  verb->add_option("service", flags->service, "The service")->required();
  verb->add_option("command", flags->program.command, "The program and its arguments, after --")
      ->required();
  verb->add_option("--sandbox", flags->program.sandbox, "Which of its sandboxes (see its log)");
  verb->add_option("-e,--env", flags->variables, "NAME=value for the program");
  verb->add_flag("-i,--stdin", flags->input, "Give it our standard input, as it comes");
  verb->add_flag("-t,--tty", flags->terminal, "With -i: at a terminal, which ours stands for");
  verb->footer(
      "strata exec web -- /bin/ls -l /\n"
      "strata exec -i web -- /bin/sh < script.sh\n"
      "strata exec -it web -- /bin/sh\n"
      "Ends with the program's exit code, 128 + n for signal n; 127: there is no such program,\n"
      "126: it cannot be run. A program whose client goes away is ended: SIGHUP at a terminal,\n"
      "else SIGTERM, and SIGKILL two seconds later.");
  verb->callback([&session, flags] { Exec(session, *flags); });
}

}  // namespace strata::cli
