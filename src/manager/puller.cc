#include "manager/puller.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "base/byte_view.h"
#include "base/files.h"
#include "host/memfd.h"
#include "host/process.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSkopeo = "/usr/bin/skopeo";
constexpr std::string_view kScheme = "oci://";
constexpr std::chrono::minutes kPatience{10};
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr Bytes kLargestBlob = Bytes::MiB(8192);
constexpr Bytes kMostAuth = Bytes::KiB(256);
constexpr Bytes kMostWords = Bytes::KiB(64);
constexpr uid_t kPullUser = 1'999'999'999;  // nobody else's
constexpr int kAuthFd = 3;

bool IsLoopback(std::string_view host) {
  return host.starts_with("127.") || host.starts_with("localhost:") || host == "localhost" ||
         host.starts_with("[::1]");
}

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

// Those of ours that a client of registries needs.
std::vector<std::string> Environment(const fs::path& folder) {
  std::vector<std::string> environment = {"PATH=/usr/bin:/bin", "HOME=" + folder.string(),
                                          "TMPDIR=" + folder.string()};
  for (const char* name : {"SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}) {
    if (const char* value = std::getenv(name)) {
      environment.push_back(std::string(name) + "=" + value);
    }
  }
  return environment;
}

// What is in the file now, as something that the child can read and nobody can change.
Result<std::optional<Fd>> Credentials(const fs::path& file) {
  if (file.empty()) return std::nullopt;
  auto text = ReadFile(file, kMostAuth);
  if (!text) return Wrap(std::move(text).error(), "credentials for registries");
  auto sealed = host::MakeSealedMemfd("registry-auth", AsBytes(*text));
  if (!sealed) return std::unexpected(std::move(sealed).error());
  return std::move(*sealed);
}

}  // namespace

PulledLayout::~PulledLayout() {
  std::error_code ignored;  // what stays is removed by the next start
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string PulledLayout::reference() const {
  return "oci:" + (folder_ / "layout").string() + ":latest";
}

bool IsRegistryReference(std::string_view reference) noexcept {
  return reference.starts_with(kScheme);
}

Puller::Puller(CellContext& context) : context_(context) {
  std::error_code ignored;
  const fs::path prefix = Prefix();
  for (const auto& entry : fs::directory_iterator(prefix.parent_path(), ignored)) {
    if (!entry.path().filename().string().starts_with(prefix.filename().string())) continue;
    fs::remove_all(entry.path(), ignored);
  }
}

// Not below our home, which only we may enter.
fs::path Puller::Prefix() const {
  return fs::temp_directory_path() / ("strata-pull-" + context_.instance.substr(0, 12) + "-");
}

Task<PulledLayout> Puller::Pull(std::string reference) {
  if (::access(kSkopeo, X_OK) != 0) {
    co_return Fail(Errc::kUnsupported, std::string("images from registries need ") + kSkopeo);
  }
  auto auth = Credentials(context_.options.registry_auth);
  if (!auth) co_return std::unexpected(std::move(auth).error());
  const fs::path folder = Prefix().string() + std::to_string(++pulled_);
  if (::mkdir(folder.c_str(), 0700) != 0) co_return FailErrno("make " + folder.string(), errno);
  PulledLayout layout(folder);
  const bool root = ::geteuid() == 0;
  if (root && ::chown(folder.c_str(), kPullUser, kPullUser) != 0) {
    co_return FailErrno("give " + folder.string() + " away", errno);
  }
  auto words = host::MakeMemfd("skopeo");
  if (!words) co_return std::unexpected(std::move(words).error());

  const std::string rest = reference.substr(kScheme.size());
  host::SpawnOptions spawn;
  spawn.program = kSkopeo;
  spawn.arguments = {"--insecure-policy",
                     "--override-os=linux",
                     "--override-arch=amd64",
                     "--tmpdir=" + folder.string(),
                     "copy",
                     "--quiet",
                     "--retry-times=2"};
  if (IsLoopback(rest)) spawn.arguments.emplace_back("--src-tls-verify=false");
  if (*auth) {
    spawn.fds.push_back({(*auth)->get(), kAuthFd});
    spawn.arguments.push_back("--src-authfile=/proc/self/fd/" + std::to_string(kAuthFd));
  }
  spawn.arguments.push_back("docker://" + rest);
  spawn.arguments.push_back("oci:" + (folder / "layout").string() + ":latest");
  spawn.environment = Environment(folder);
  spawn.working_directory = folder;
  spawn.stderr_fd = words->get();
  spawn.limits.push_back({RLIMIT_CORE, 0});
  spawn.limits.push_back({RLIMIT_FSIZE, kLargestBlob.count});
  if (root) spawn.identity = host::Identity{kPullUser, kPullUser};
  spawn.parent_death_signal = SIGKILL;
  auto process = host::Process::Spawn(spawn);
  if (!process) co_return std::unexpected(std::move(process).error());

  Timer timer(context_.loop.get_executor());
  const TimePoint end = context_.clock.Now() + kPatience;
  std::optional<host::ExitStatus> status;
  while (!(status = process->Poll())) {
    if (context_.clock.Now() >= end) {
      co_return Fail(Errc::kDeadlineExceeded, "pull " + reference + ": not done in ten minutes");
    }
    timer.expires_after(kLookAgain);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
  }
  if (status->success()) co_return std::move(layout);
  std::array<char, kMostWords.count> text;
  const ssize_t got = ::pread(words->get(), text.data(), text.size(), 0);
  const std::string_view said(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  co_return Fail(Errc::kUnavailable,
                 "pull " + reference + ": " + (said.empty() ? status->ToString() : LastLine(said)));
}

}  // namespace strata::manager
