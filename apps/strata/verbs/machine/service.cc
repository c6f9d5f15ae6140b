// strata cp, pause, resume - what is done to the running sandboxes of a service.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/files/tree.h"
#include "base/text/strings.h"
#include "client/done.h"
#include "client/remote_program.h"
#include "sandbox/microvm/agent/copy.h"
#include "verbs.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
namespace agent = sandbox::microvm::agent;

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

// What its program says on standard error, a hostile guest's words: not more than these.
constexpr std::size_t kMostWords = 16 * 1024;

void Keep(std::string& words, std::string_view more) {
  words += more.substr(0, kMostWords - std::min(kMostWords, words.size()));
}

RemoteProgram Agent(const Session& session, const CopyFlags& flags, const PlaceInside& inside,
                    std::vector<std::string> words) {
  words.insert(words.begin(), kAgent);
  return {.service = ServicePath(session, inside.service),
          .sandbox = flags.sandbox,
          .command = std::move(words)};
}

// The last part of a path; of the root it is `of_root`.
std::string LastName(std::string_view path, const std::string& of_root) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string name = fs::path(path).filename().string();
  return name.empty() || name == "." || name == ".." ? of_root : name;
}

// What the program did not do, from how it ended.
Result<void> Outcome(const Result<int>& status, Errc code, const PlaceInside& inside,
                     const std::string& words) {
  if (!status) return std::unexpected(status.error());
  if (*status == 0) return {};
  const std::size_t end = words.find_last_not_of('\n');
  const std::string said = end == std::string::npos
                               ? "the copying program ended with status " + std::to_string(*status)
                               : words.substr(0, end + 1);
  return Fail(code, inside.service + ": " + said);
}

void TellLeftOut(const std::string& lines) {
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) {
    std::fputs((EscapeControl(line) + "\n").c_str(), stderr);
  }
}

void CopyTreeOut(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  auto root = OpenTreeRoot(flags.to, LastName(inside.path, inside.service));
  if (!root) return session.Report(root.error());
  TreeUnpacker unpacker(std::move(*root));
  std::string words;
  Result<void> taken;
  const auto status = RunRemote(session, Agent(session, flags, inside, {"pack", inside.path}),
                                [&](Output stream, std::string_view piece) {
                                  if (stream == Output::kStderr) Keep(words, piece);
                                  if (stream == Output::kStdout) taken = unpacker.Take(piece);
                                  return taken.has_value();
                                });
  if (taken) taken = Outcome(status, Errc::kFailedPrecondition, inside, words);
  if (taken) taken = unpacker.Finish();
  if (!taken) return session.Report(taken.error());
  TellLeftOut(words);
}

// Beside its place first, then in it: nobody sees half of it.
void CopyOut(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  fs::path target(flags.to);
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) target /= LastName(inside.path, inside.service);
  std::string beside = target.string() + ".strata-XXXXXX";
  const Fd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) return session.Report(FailErrno("make " + beside, errno).error());
  std::string words;
  FileFiller filler(file);
  Result<void> done;
  const auto status = RunRemote(session, Agent(session, flags, inside, {"read", inside.path}),
                                [&](Output stream, std::string_view piece) {
                                  if (stream == Output::kStderr) Keep(words, piece);
                                  if (stream == Output::kStdout) done = filler.Take(piece);
                                  return done.has_value();
                                });
  const bool tree = done && status && *status == agent::kIsDirectory;
  if (done) done = Outcome(status, Errc::kNotFound, inside, words);
  if (done && (::fchmod(file.get(), 0644) != 0 || ::rename(beside.c_str(), target.c_str()) != 0)) {
    done = FailErrno("make " + target.string(), errno);
  }
  if (done) return;
  ::unlink(beside.c_str());
  if (tree) return CopyTreeOut(session, flags, inside);
  session.Report(done.error());
}

// Runs a program of ours inside with `input`, and says what it did not do.
Result<void> Feed(Session& session, RemoteProgram program, const PlaceInside& inside, int input) {
  program.input = input;
  std::string words;
  const auto status = RunRemote(session, program, [&words](Output, std::string_view piece) {
    Keep(words, piece);
    return true;
  });
  return Outcome(status, Errc::kFailedPrecondition, inside, words);
}

void CopyTreeIn(Session& session, const CopyFlags& flags, const PlaceInside& inside,
                const Fd& root) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return session.Report(FailErrno("pipe", errno).error());
  Fd from(ends[0]);
  Fd to(ends[1]);
  std::string left_out;
  Result<void> packed;
  bool unread = false;  // the other side has ended before, and says why
  std::thread packer([&] {
    packed = PackTree(
        root,
        [&to, &unread](std::string_view bytes) {
          auto written = WriteAll(to.get(), bytes);
          unread = !written;
          return written;
        },
        [&left_out](const std::string& path) {
          left_out += "left out, neither a file nor a directory: " + path + "\n";
        });
    to.Reset();
  });
  const std::string name = LastName(fs::absolute(flags.from).lexically_normal().string(), "root");
  const auto fed = Feed(session, Agent(session, flags, inside, {"unpack", inside.path, name}),
                        inside, from.get());
  from.Reset();
  packer.join();
  // Why the stream is short, rather than that it is.
  if (!packed && !unread) return session.Report(packed.error());
  if (!fed) return session.Report(fed.error());
  TellLeftOut(left_out);
}

void CopyIn(Session& session, const CopyFlags& flags, const PlaceInside& inside) {
  const auto file = OpenFile(flags.from, O_RDONLY);
  if (!file) return session.Report(file.error());
  struct stat status{};
  const bool known = ::fstat(file->get(), &status) == 0;
  if (known && S_ISDIR(status.st_mode)) return CopyTreeIn(session, flags, inside, *file);
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%o", known ? status.st_mode & 0777U : 0644U);
  std::string target = inside.path;
  if (target.ends_with('/')) target += fs::path(flags.from).filename().string();
  const auto fed = Feed(session, Agent(session, flags, inside, {"write", target, mode.data()}),
                        inside, file->get());
  if (!fed) session.Report(fed.error());
}

// A copy may take several programs, which must not run in one replica after the other. Empty: it
// has none that is ready, and the server says why.
Result<std::string> OneOf(Session& session, const PlaceInside& inside) {
  auto found = session.AskJson("GET", ServicePath(session, inside.service) + "/sandboxes");
  if (!found) return std::unexpected(std::move(found).error());
  for (const Json& state : (*found)["states"]) {
    if (state.value("ready", false)) return state.value("sandbox", "");
  }
  return std::string();
}

void Copy(Session& session, const CopyFlags& flags) {
  const auto from = Inside(flags.from);
  const auto to = Inside(flags.to);
  if (from.has_value() == to.has_value()) {
    return session.Report({Errc::kInvalidArgument,
                           "one of the two is in a sandbox, as SERVICE:/path, and one is here"});
  }
  CopyFlags one = flags;
  if (one.sandbox.empty()) {
    auto chosen = OneOf(session, from ? *from : *to);
    if (!chosen) return session.Report(chosen.error());
    one.sandbox = *std::move(chosen);
  }
  return from ? CopyOut(session, one, *from) : CopyIn(session, one, *to);
}

void SetPaused(Session& session, const std::string& service, bool paused) {
  auto done =
      session.AskJson("POST", ServicePath(session, service) + (paused ? "/pause" : "/resume"));
  if (!done) return session.Report(done.error());
  PrintDone(session, paused ? "paused" : "resumed", "service", session.tenant, service);
}

}  // namespace

void AddCp(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* verb = app.add_subcommand(
      "cp", "Copy a file or a directory into a service's sandbox, or out of one");
  verb->add_option("from", flags->from, "PATH here, or SERVICE:/path")->required();
  verb->add_option("to", flags->to, "SERVICE:/path, or PATH here")->required();
  verb->add_option("--sandbox", flags->sandbox, "Which of its sandboxes (see its log)");
  verb->footer(
      "strata cp web:/etc/hosts .\n"
      "strata cp config.json web:/tmp/\n"
      "strata cp web:/var/log ./logs\n"
      "With the rights of the sandbox's programs. A directory goes into the target if that is a\n"
      "directory, else in its place; links and devices in it are left out, and named.");
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
