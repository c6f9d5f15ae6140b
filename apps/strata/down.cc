// strata down - finishes what runs, ends the cells and stops stratad.
#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/files.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLook{20};

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

void Down(Session& session) {
  auto answer = session.AskJson("POST", "/v1/down");
  if (!answer) return session.Report(answer.error());
  if (auto gone = WaitUntilGone(session.home / "run" / "lock"); !gone) {
    return session.Report(gone.error());
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
