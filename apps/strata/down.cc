// strata down - finishes what runs, ends the cells and stops stratad.
#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <thread>

#include "base/files.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::milliseconds kRemoteLook{200};

// stratad holds this lock as long as it lives.
Result<void> WaitUntilGone(const std::filesystem::path& lock) {
  auto fd = OpenFile(lock, O_RDWR);
  if (!fd) return std::unexpected(fd.error());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
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
  auto answer = session.AskJson("POST", "/v1/down");
  if (!answer) return session.Report(answer.error());
  auto gone = session.is_remote() ? WaitUntilUnreachable(session)
                                  : WaitUntilGone(session.home / "run" / "lock");
  if (!gone) return session.Report(gone.error());
  Print("stopped\n");
}

}  // namespace

void AddDown(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("down", "Finish running calls, then stop server and cells");
  verb->footer("What is deployed stays and is served again by the next 'strata up'.");
  verb->callback([&session] { Down(session); });
}

}  // namespace strata::cli
