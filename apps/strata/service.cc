// strata cp, pause, resume - what is done to the running sandboxes of a service.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "remote_program.h"
#include "verbs.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAgent = "/.strata-agent";

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
  // Beside it first, then in its place: nobody sees half of it.
  std::string beside = target.string() + ".strata-XXXXXX";
  const Fd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) return session.Report(FailErrno("make " + beside, errno).error());
  std::string words;
  Result<void> written;
  const RemoteProgram program{.service = ServicePath(session, inside.service),
                              .sandbox = flags.sandbox,
                              .command = {kAgent, "read", inside.path}};
  auto status = RunRemote(session, program, [&](Output stream, std::string_view piece) {
    if (stream == Output::kStderr) words += piece;
    if (stream == Output::kStdout) written = WriteAll(file.get(), piece);
    return written.has_value();
  });
  Result<void> done = written;
  if (done && !status) done = std::unexpected(status.error());
  if (done && *status != 0) done = Fail(Errc::kNotFound, inside.service + ":" + words);
  if (done && (::fchmod(file.get(), 0644) != 0 || ::rename(beside.c_str(), target.c_str()) != 0)) {
    done = FailErrno("make " + target.string(), errno);
  }
  if (done) return;
  ::unlink(beside.c_str());
  session.Report(done.error());
}

void CopyIn(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  const auto file = OpenFile(flags.from, O_RDONLY);
  if (!file) return session.Report(file.error());
  struct stat status{};
  const bool known = ::fstat(file->get(), &status) == 0;
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%o", known ? status.st_mode & 0777U : 0644U);
  std::string target = inside.path;
  if (target.ends_with('/')) target += fs::path(flags.from).filename().string();
  std::string words;
  const RemoteProgram program{.service = ServicePath(session, inside.service),
                              .sandbox = flags.sandbox,
                              .command = {kAgent, "write", target, mode},
                              .env = {},
                              .input = file->get()};
  auto done = RunRemote(session, program, [&](Output, std::string_view piece) {
    words += piece;
    return true;
  });
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
  auto done =
      session.AskJson("POST", ServicePath(session, service) + (paused ? "/pause" : "/resume"));
  if (!done) return session.Report(done.error());
  Print((paused ? "paused service " : "resumed service ") + service + "\n");
}

}  // namespace

void AddCp(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* verb = app.add_subcommand("cp", "Copy a file into a service's sandbox, or out of one");
  verb->add_option("from", flags->from, "PATH here, or SERVICE:/path")->required();
  verb->add_option("to", flags->to, "SERVICE:/path, or PATH here")->required();
  verb->add_option("--sandbox", flags->sandbox, "Which of its sandboxes (see its log)");
  verb->footer(
      "strata cp web:/etc/hosts .\n"
      "strata cp config.json web:/tmp/\n"
      "One regular file, with the rights of the sandbox's programs.");
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
