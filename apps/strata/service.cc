// strata exec, cp, pause, resume - what is done to the running sandboxes of a service.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/files.h"
#include "verbs.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kMostInput = Bytes::MiB(40);  // what a request may hold, in base64
constexpr const char* kAgent = "/.strata-agent";

// A program in a sandbox, and what becomes of what it prints.
struct Program {
  std::string service;
  std::string sandbox;
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::string input;
};
using OnOutput = std::function<void(bool is_error, std::string_view bytes)>;

std::string PathOf(const Session& session, const std::string& service, const char* verb) {
  return "/v1/namespaces/" + PercentEncode(session.tenant) + "/services/" + PercentEncode(service) +
         "/" + verb;
}

Error ErrorFrom(const Json& error) {
  return {ErrcFromName(error.value("code", "")), error.value("detail", "it failed")};
}

// One line of the answer. The exit code, if it is the last.
Result<std::optional<int>> TakeLine(const std::string& line, const OnOutput& on_output) {
  auto json = ParseJson(line);
  if (!json || !json->is_object()) return Fail(Errc::kInternal, "the server sent: " + line);
  if (json->contains("error")) return std::unexpected(ErrorFrom((*json)["error"]));
  if (json->contains("exit")) return (*json)["exit"].get<int>();
  auto bytes = Base64Decode(json->value("data", ""));
  if (!bytes) return std::unexpected(std::move(bytes).error());
  on_output(json->value("stream", "") == "stderr", *bytes);
  return std::nullopt;
}

// Runs it to its end: its exit code.
Result<int> RunProgram(Session& session, const Program& program, const OnOutput& on_output) {
  Json body{{"command", program.command}};
  if (!program.env.empty()) body["env"] = program.env;
  if (!program.sandbox.empty()) body["sandbox"] = program.sandbox;
  if (!program.input.empty()) body["stdin"] = Base64Encode(program.input);
  http::ClientRequest request;
  request.method = "POST";
  request.target = PathOf(session, program.service, "exec");
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = DumpJson(body);
  http::FetchOptions options;
  options.timeout = Duration::max();
  std::string refused;
  std::string rest;
  Result<int> status = Fail(Errc::kUnavailable, "the server went away before the program ended");
  options.on_body = [&](const http::ClientResponse& head, std::string_view piece) {
    if (head.status >= 400) {
      refused += piece;
      return true;
    }
    rest += piece;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      auto taken = TakeLine(rest.substr(0, end), on_output);
      rest.erase(0, end + 1);
      if (!taken) {
        status = std::unexpected(std::move(taken).error());
        return false;
      }
      if (*taken) status = **taken;
    }
    return true;
  };
  auto answer = session.Ask(std::move(request), std::move(options));
  if (answer) return status;
  auto problem = ParseJson(refused);
  if (problem && problem->is_object()) return std::unexpected(ErrorFrom(*problem));
  return std::unexpected(std::move(answer).error());
}

void PrintOutput(bool is_error, std::string_view bytes) {
  std::FILE* to = is_error ? stderr : stdout;
  std::fwrite(bytes.data(), 1, bytes.size(), to);
  std::fflush(to);
}

Result<std::string> ReadInput() {
  std::string text;
  char part[65536];
  for (ssize_t got = 0; (got = ::read(STDIN_FILENO, part, sizeof(part))) > 0;) {
    text.append(part, static_cast<std::size_t>(got));
    if (text.size() > kMostInput.count) {
      return Fail(Errc::kResourceExhausted, "standard input is longer than 40 MiB");
    }
  }
  return text;
}

// ---- exec --------------------------------------------------------------------------------------

struct ExecFlags {
  Program program;
  std::vector<std::string> variables;
  bool input = false;
};

void Exec(Session& session, ExecFlags& flags) {
  for (const std::string& variable : flags.variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return session.Report(
          {Errc::kInvalidArgument, "-e takes NAME=value, not '" + variable + "'"});
    }
    flags.program.env[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  if (flags.input) {
    auto input = ReadInput();
    if (!input) return session.Report(input.error());
    flags.program.input = std::move(*input);
  }
  auto status = RunProgram(session, flags.program, PrintOutput);
  if (!status) return session.Report(status.error());
  session.exit_code = *status;
}

// ---- cp ----------------------------------------------------------------------------------------

struct CopyFlags {
  std::string from;
  std::string to;
  std::string sandbox;
};

struct PlaceInside {
  std::string service;
  std::string path;
};

// "web:/etc/hosts"; nothing for a path here.
std::optional<PlaceInside> Inside(const std::string& place) {
  const std::size_t colon = place.find(":/");
  if (colon == std::string::npos || colon == 0 || place.find('/') < colon) return std::nullopt;
  return PlaceInside{place.substr(0, colon), place.substr(colon + 1)};
}

void CopyOut(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  fs::path target(flags.to);
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) target /= fs::path(inside.path).filename();
  std::string bytes;
  std::string words;
  const Program program{.service = inside.service,
                        .sandbox = flags.sandbox,
                        .command = {kAgent, "read", inside.path}};
  auto status = RunProgram(session, program, [&](bool is_error, std::string_view piece) {
    (is_error ? words : bytes) += piece;
  });
  if (!status) return session.Report(status.error());
  if (*status != 0) return session.Report({Errc::kNotFound, inside.service + ":" + words});
  auto written = WriteFileAtomic(target, bytes, 0644);
  if (!written) session.Report(written.error());
}

void CopyIn(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  auto bytes = ReadFile(flags.from, kMostInput);
  if (!bytes) return session.Report(bytes.error());
  struct stat status{};
  const bool known = ::stat(flags.from.c_str(), &status) == 0;
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%o", known ? status.st_mode & 0777U : 0644U);
  std::string target = inside.path;
  if (target.ends_with('/')) target += fs::path(flags.from).filename().string();
  std::string words;
  const Program program{.service = inside.service,
                        .sandbox = flags.sandbox,
                        .command = {kAgent, "write", target, mode},
                        .env = {},
                        .input = std::move(*bytes)};
  auto done = RunProgram(session, program, [&](bool, std::string_view piece) { words += piece; });
  if (!done) return session.Report(done.error());
  if (*done != 0) session.Report({Errc::kFailedPrecondition, inside.service + ":" + words});
}

void Copy(Session& session, const CopyFlags& flags) {
  const auto from = Inside(flags.from);
  const auto to = Inside(flags.to);
  if (from.has_value() == to.has_value()) {
    return session.Report({Errc::kInvalidArgument,
                           "one of the two is in a sandbox, as SERVICE:/path, and one is here"});
  }
  return from ? CopyOut(session, flags, *from) : CopyIn(session, flags, *to);
}

void SetPaused(Session& session, const std::string& service, bool paused) {
  auto done = session.AskJson("POST", PathOf(session, service, paused ? "pause" : "resume"));
  if (!done) return session.Report(done.error());
  Print((paused ? "paused service " : "resumed service ") + service + "\n");
}

}  // namespace

void AddExec(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ExecFlags>();
  CLI::App* verb = app.add_subcommand("exec", "Run a program in a sandbox of a service");
  verb->add_option("service", flags->program.service, "The service")->required();
  verb->add_option("command", flags->program.command, "The program and its arguments, after --")
      ->required();
  verb->add_option("--sandbox", flags->program.sandbox, "Which of its sandboxes (see its log)");
  verb->add_option("-e,--env", flags->variables, "NAME=value for the program")
      ->allow_extra_args(false);
  verb->add_flag("-i,--stdin", flags->input, "Give it our standard input, read to its end first");
  verb->footer(
      "strata exec web -- /bin/ls -l /\n"
      "Ends with the program's exit code, 128 + n for signal n. There is no terminal.");
  verb->callback([&session, flags] { Exec(session, *flags); });
}

void AddCp(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* verb = app.add_subcommand("cp", "Copy a file into a service's sandbox, or out of one");
  verb->add_option("from", flags->from, "PATH here, or SERVICE:/path")->required();
  verb->add_option("to", flags->to, "SERVICE:/path, or PATH here")->required();
  verb->add_option("--sandbox", flags->sandbox, "Which of its sandboxes (see its log)");
  verb->footer(
      "strata cp web:/etc/hosts .\n"
      "strata cp config.json web:/tmp/\n"
      "One regular file, of at most 40 MiB into a sandbox, with the rights of its programs.");
  verb->callback([&session, flags] { Copy(session, *flags); });
}

void AddPause(CLI::App& app, Session& session) {
  for (const bool paused : {true, false}) {
    auto service = std::make_shared<std::string>();
    CLI::App* verb = paused
                         ? app.add_subcommand("pause", "Stop a service's sandboxes where they are")
                         : app.add_subcommand("resume", "Let a paused service go on");
    verb->add_option("service", *service, "The service")->required();
    if (paused)
      verb->footer("Requests are answered 503, or at their deadline, until it is resumed.");
    verb->callback([&session, service, paused] { SetPaused(session, *service, paused); });
  }
}

}  // namespace strata::cli
