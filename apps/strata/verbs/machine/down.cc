// strata down - finishes what runs, ends the cells and stops stratad.
#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "base/files/files.h"
#include "host/process/process.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLook{20};
constexpr Bytes kLongestPid = 32_B;
constexpr std::chrono::milliseconds kRemoteLook{200};

// The stratad that holds `lock`: its pid is there. Nothing: it is in no namespace of ours.
std::optional<host::Process> HolderOf(const std::filesystem::path& lock) {
  const auto text = ReadFile(lock, kLongestPid);
  const auto id = host::IdentifyProcess(text ? std::atoi(text->c_str()) : 0);
  auto holder = id ? host::Process::Adopt(*id) : std::unexpected(id.error());
  if (!holder) return std::nullopt;
  holder->Detach();
  return std::move(*holder);
}

// It lets go of the lock a little before it ends.
Result<void> WaitUntilGone(const std::filesystem::path& lock,
                           std::optional<host::Process> stratad) {
  auto fd = OpenFile(lock, O_RDWR);
  if (!fd) return std::unexpected(fd.error());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0 || (stratad && !stratad->Poll())) {
    if (std::chrono::steady_clock::now() > deadline) {
      return Fail(Errc::kDeadlineExceeded, "stratad is still stopping; look at its log");
    }
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

// Nobody sees another machine's lock: there the closed port is the end.
Result<void> WaitUntilUnreachable(Session& session) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto alive = session.AskJson("GET", "/healthz");
    if (!alive && session.no_server) return {};
    if (std::chrono::steady_clock::now() > deadline) {
      return Fail(Errc::kDeadlineExceeded, "stratad is still stopping; look at its log");
    }
    std::this_thread::sleep_for(kRemoteLook);
  }
}

void Down(Session& session) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  const auto lock = session.home / "run" / "lock";
  // Before it is asked: a pid may be another's once it has ended.
  auto stratad = session.is_remote() ? std::nullopt : HolderOf(lock);
  auto answer = session.AskJson("POST", "/v1/down");
  if (!answer && session.no_server && !session.is_remote()) {
    return session.Report({Errc::kUnavailable, "stratad does not run (nothing answers at " +
                                                   session.api_socket().string() +
                                                   "): nothing to stop"});
  }
  if (!answer) return session.Report(answer.error());
  auto gone =
      session.is_remote() ? WaitUntilUnreachable(session) : WaitUntilGone(lock, std::move(stratad));
  if (!gone) return session.Report(gone.error());
  if (IsStructured(*format)) {
    return PrintValue({{"action", "stopped"}, {"kind", "server"}}, *format);
  }
  Print("stopped\n");
}

}  // namespace

void AddDown(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("down", "Finish running calls, then stop server and cells");
  verb->footer("What is deployed stays and is served again by the next 'strata up'.");
  verb->callback([&session] { Down(session); });
}

}  // namespace strata::cli
