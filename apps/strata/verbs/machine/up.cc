// strata up - starts stratad, in the foreground or (-d) in the background.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/files/files.h"
#include "exit_code.h"
#include "host/process/process.h"
#include "verbs.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kReadyPatience{30};

struct UpFlags {
  std::string listen = "127.0.0.1:8080";
  bool background = false;
  bool verbose = false;
  std::vector<std::string> more;  // handed on to stratad
};

Result<fs::path> ProgramFolder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return FailErrno("find our own program", error.value());
  return self.parent_path();
}

std::vector<std::string> ServerArguments(const Session& session, const UpFlags& flags,
                                         const fs::path& folder) {
  std::vector<std::string> arguments{"--home=" + fs::absolute(session.home).string(),
                                     "--cell-program=" + (folder / "strata-cell").string(),
                                     "--listen=" + flags.listen};
  if (flags.verbose) arguments.emplace_back("--log-level=debug");
  arguments.insert(arguments.end(), flags.more.begin(), flags.more.end());
  return arguments;
}

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) variables.emplace_back(*at);
  return variables;
}

// What stratad writes once it serves: the address and, after a space, its API's URL if it has one;
// empty when it ended first.
std::string WaitReady(int fd) {
  std::string line;
  const auto deadline = std::chrono::steady_clock::now() + kReadyPatience;
  while (!line.ends_with('\n')) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return "";
    std::array<char, 128> piece;
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return "";
    line.append(piece.data(), static_cast<std::size_t>(got));
  }
  line.pop_back();
  return line;
}

// Why a server did not start: the last line that is its own and not a cell's, of what the log has
// from `start` on. Before that are earlier servers' words.
std::string LastWords(const fs::path& log, std::uintmax_t start) {
  constexpr std::string_view kOwn = "\nstratad: ";
  auto text = ReadFile(log, Bytes::MiB(64));
  if (!text) return "no log";
  const std::string lines = "\n" + text->substr(std::min<std::uintmax_t>(start, text->size()));
  const std::size_t at = lines.rfind(kOwn);
  if (at == std::string::npos) return "no reason was logged";
  const std::size_t from = at + kOwn.size();
  return lines.substr(from, lines.find('\n', from) - from);
}

// Its exit code, as the foreground's would be; a server that is still there hangs.
int EndOf(host::Process& server) {
  constexpr int kPatienceMs = 1000;
  pollfd ended{server.pidfd(), POLLIN, 0};
  static_cast<void>(::poll(&ended, 1, kPatienceMs));
  const auto status = server.Poll();
  const bool told = status && status->kind == host::ExitStatus::Kind::kExited && status->value != 0;
  return told ? status->value : static_cast<int>(kFailed);
}

Result<void> StartInBackground(Session& session, const UpFlags& flags) {
  auto folder = ProgramFolder();
  if (!folder) return std::unexpected(folder.error());
  const fs::path log = fs::absolute(session.home) / "logs" / "stratad.log";
  if (auto made = MakeDirectories(log.parent_path()); !made) return made;
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return FailErrno("make a pipe", errno);
  const Fd ready(pipe_fds[0]);
  Fd tell(pipe_fds[1]);
  auto errors = OpenFile(log, O_WRONLY | O_CREAT | O_APPEND);
  if (!errors) return std::unexpected(errors.error());

  std::error_code unknown;
  const std::uintmax_t logged = fs::file_size(log, unknown);
  if (unknown) return FailErrno("look at " + log.string(), unknown.value());
  const fs::path here = fs::current_path(unknown);  // what paths after -- are relative to

  host::SpawnOptions options;
  options.program = (*folder / "stratad").string();
  options.arguments = ServerArguments(session, flags, *folder);
  options.arguments.push_back("--log-file=" + log.string());
  options.arguments.emplace_back("--ready-fd=3");
  options.environment = Environment();
  if (!unknown) options.working_directory = here;
  options.stdout_fd = errors->get();
  options.stderr_fd = errors->get();
  options.fds = {{tell.get(), 3}};
  options.privileges = host::Privileges::kKeep;  // it gives its cells less
  auto server = host::Process::Spawn(options);
  if (!server) return std::unexpected(server.error());
  tell.Reset();
  const std::string told = WaitReady(ready.get());
  const std::size_t space = std::min(told.find(' '), told.size());
  const std::string address = told.substr(0, space);
  const std::string api = space == told.size() ? "" : told.substr(space + 1);
  if (address.empty()) {
    session.exit_code = EndOf(*server);
    PrintError("stratad did not start: " + LastWords(log, logged) + " (" + log.string() + ")");
    return {};
  }
  server->Detach();
  auto format = session.format();
  if (format && IsStructured(*format)) {
    Json value{{"listen", address}, {"pid", server->pid()}};
    if (!api.empty()) value["api"] = api;
    PrintValue(value, *format);
    return {};
  }
  Print("stratad serves on http://" + address + (api.empty() ? "" : ", its API on " + api) +
        " (pid " + std::to_string(server->pid()) + ", state in " + session.home.string() + ")\n" +
        "Next: 'strata apply -f function.yaml'; 'strata down' stops it.\n");
  return {};
}

Result<void> RunInForeground(Session& session, const UpFlags& flags) {
  auto folder = ProgramFolder();
  if (!folder) return std::unexpected(folder.error());
  const std::string program = (*folder / "stratad").string();
  std::vector<std::string> words{program};
  for (std::string& word : ServerArguments(session, flags, *folder)) words.push_back(word);
  const int out = ::dup(STDOUT_FILENO);  // the address is printed there once it serves
  words.push_back("--ready-fd=" + std::to_string(out));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return FailErrno("start " + program, errno);
}

}  // namespace

void AddUp(CLI::App& app, Session& session) {
  auto flags = std::make_shared<UpFlags>();
  CLI::App* verb = app.add_subcommand("up", "Start the server (stratad)");
  verb->add_option("--listen", flags->listen,
                   "Public address, ADDR:PORT; no ADDR: all of IPv4; port 0 picks one")
      ->capture_default_str();
  verb->add_flag("-d,--detach", flags->background, "In the background");
  verb->add_flag("-v,--verbose", flags->verbose, "Log more");
  verb->add_option("options", flags->more, "After --: options for stratad (stratad --help)");
  verb->footer(
      "Cells of an earlier server that still run are taken over; no request fails.\n"
      "Examples:\n  strata up\n  strata up -d --listen 0.0.0.0:80\n"
      "  strata up -d -- --cells=1 --server-timing\n"
      "  strata up -d -- --api-listen=0.0.0.0:8443 --api-cert=server.pem --api-key=server.key \\\n"
      "    --api-client-ca=clients-ca.pem");
  verb->callback([&session, flags] {
    if (session.is_remote()) {
      return session.Report({Errc::kInvalidArgument,
                             "'up' starts a server here: leave out --api and its files (or unset "
                             "STRATA_API*); options for the server's own API stand after --"});
    }
    auto done =
        flags->background ? StartInBackground(session, *flags) : RunInForeground(session, *flags);
    if (!done) session.Report(done.error());
  });
}

}  // namespace strata::cli
