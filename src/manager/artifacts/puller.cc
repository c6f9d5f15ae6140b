#include "manager/artifacts/puller.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/broadcast.h"
#include "base/async/counted.h"
#include "base/async/pause.h"
#include "base/files/files.h"
#include "base/text/byte_view.h"
#include "host/confine/users.h"
#include "host/files/memfd.h"
#include "host/process/process.h"
#include "manager/artifacts/folder_use.h"
#include "manager/artifacts/pull_failure.h"
#include "model/artifact_reference.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSkopeo = "/usr/bin/skopeo";
constexpr std::chrono::minutes kPatience{10};
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::chrono::milliseconds kTellAgain{100};
constexpr Bytes kLargestBlob = Bytes::MiB(8192);
constexpr FolderUse kMostWritten{.bytes = Bytes::MiB(24'576), .files = 4096};
// Layers in an archive are compressed already, or come out ten times as long at most; this is
// ample, and bounds what a small archive can make the child write.
constexpr Bytes kAlwaysAllowed = Bytes::MiB(64);
constexpr std::uint64_t kMostExpansion = 20;
constexpr std::size_t kPart = 4 << 20;  // of a copy, between other work
constexpr Bytes kMostAuth = Bytes::KiB(256);
constexpr Bytes kMostWords = Bytes::KiB(64);
constexpr int kAuthFd = 3;

bool IsLoopback(std::string_view host) {
  return host.starts_with("127.") || host.starts_with("localhost:") || host == "localhost" ||
         host.starts_with("[::1]");
}

Awaitable<void> GiveWay() { co_await asio::post(co_await asio::this_coro::executor, kAwait); }

// The size of what was copied to `to`, a new file of `owner`.
Task<Bytes> CopyArchive(std::string from, fs::path to, std::optional<host::Identity> owner) {
  auto in = OpenFile(from, O_RDONLY | O_NONBLOCK);
  if (!in) co_return std::unexpected(std::move(in).error());
  struct stat status = {};
  if (::fstat(in->get(), &status) != 0) co_return FailErrno("look at " + from, errno);
  if (!S_ISREG(status.st_mode)) {
    co_return Fail(Errc::kInvalidArgument, from + " is no regular file");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kLargestBlob.count) {
    co_return Fail(Errc::kResourceExhausted, from + " has " + std::to_string(size) +
                                                 " bytes; an archive may have " +
                                                 std::to_string(kLargestBlob.count));
  }
  auto out = OpenFile(to, O_WRONLY | O_CREAT | O_EXCL, 0400);
  if (!out) co_return std::unexpected(std::move(out).error());
  off_t at = 0;
  while (static_cast<std::uint64_t>(at) < size) {
    const ssize_t sent = ::sendfile(out->get(), in->get(), &at, kPart);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) co_return FailErrno("copy " + from, errno);
    if (sent == 0) break;  // it has become shorter
    co_await GiveWay();
  }
  if (owner && ::fchown(out->get(), owner->uid, owner->gid) != 0) {
    co_return FailErrno("give " + to.string() + " away", errno);
  }
  co_return Bytes{size};
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

bool NeedsPull(std::string_view reference) noexcept {
  const auto named = model::SplitArtifact(reference);
  return named.archive() || named.place == model::ArtifactPlace::kRegistry;
}

Puller::Puller(CellContext& context) : context_(context) { RemoveLeft(); }

void Puller::RemoveLeft() {
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

// One copy.
struct Puller::Job {
  std::string name;    // for messages
  std::string source;  // in skopeo's words
  fs::path folder;
  std::optional<host::Identity> user;  // nobody else's; none: ours
  bool archive = false;
  bool plain_http = false;
  std::optional<Fd> auth;
  Fd words;  // what skopeo says
  FolderUse most = kMostWritten;
};

// A copy under way, which several may wait for.
struct Puller::Pulling {
  explicit Pulling(Loop& loop) : ended(loop) {}
  Broadcast ended;
  std::size_t waiters = 0;
  std::uint64_t bytes = 0;
  std::optional<Result<std::shared_ptr<const PulledLayout>>> outcome;
};

Task<std::shared_ptr<const PulledLayout>> Puller::Pull(std::string reference, WatchFn watch) {
  if (stopping_) co_return Fail(Errc::kUnavailable, "pull " + reference + ": stopping");
  auto& there = pulling_[reference];
  const bool is_first = !there;
  if (is_first) there = std::make_shared<Pulling>(context_.loop);
  const auto pulling = there;
  const Counted waiter(pulling->waiters);
  if (is_first) Spawn(context_.loop, Run(reference, pulling));  // runs at once, until it waits
  while (!pulling->outcome) {
    if (!watch(pulling->bytes)) {
      co_return Fail(Errc::kUnavailable, "pull " + reference + ": given up");
    }
    co_await pulling->ended.Wait(kTellAgain);
  }
  co_return *pulling->outcome;
}

Awaitable<void> Puller::Down() {
  stopping_ = true;
  while (!pulling_.empty()) {
    const auto next = pulling_.begin()->second;
    if (!next->outcome) co_await next->ended.Wait(kTellAgain);
  }
}

Awaitable<void> Puller::Run(std::string reference, std::shared_ptr<Pulling> pulling) {
  auto layout = co_await Copy(reference, *pulling);
  if (layout) {
    pulling->outcome.emplace(std::make_shared<const PulledLayout>(std::move(*layout)));
  } else {
    pulling->outcome.emplace(std::unexpected(std::move(layout).error()));
  }
  pulling_.erase(reference);
  pulling->ended.Notify();
}

Task<PulledLayout> Puller::Copy(std::string reference, Pulling& pulling) {
  if (::access(kSkopeo, X_OK) != 0) {
    co_return Fail(Errc::kUnsupported,
                   std::string("images from registries and archives need ") + kSkopeo);
  }
  const auto named = model::SplitArtifact(reference);
  Job job;
  job.name = reference;
  job.archive = named.archive();
  job.folder = Prefix().string() + std::to_string(++pulled_);
  if (::mkdir(job.folder.c_str(), 0700) != 0) {
    co_return FailErrno("make " + job.folder.string(), errno);
  }
  PulledLayout layout(job.folder);
  if (::geteuid() == 0) {
    job.user = host::UserOf(job.folder.native(), host::kPullUsers);
    if (::chown(job.folder.c_str(), job.user->uid, job.user->gid) != 0) {
      co_return FailErrno("give " + job.folder.string() + " away", errno);
    }
  }
  auto words = host::MakeMemfd("skopeo");
  if (!words) co_return std::unexpected(std::move(words).error());
  job.words = std::move(*words);
  if (job.archive) {
    const fs::path copy = job.folder / "archive";
    const auto size = co_await CopyArchive(std::string(named.path), copy, job.user);
    if (!size) co_return std::unexpected(size.error());
    job.most.bytes =
        std::min(job.most.bytes, Bytes{kAlwaysAllowed.count + (kMostExpansion + 1) * size->count});
    job.source = std::string(named.scheme) + copy.string() + std::string(named.image);
  } else {
    auto auth = Credentials(context_.options.registry_auth);
    if (!auth) co_return std::unexpected(std::move(auth).error());
    job.auth = std::move(*auth);
    job.plain_http = IsLoopback(named.path);
    job.source = "docker://" + std::string(named.path);
  }
  auto process = Start(job);
  if (!process) co_return std::unexpected(std::move(process).error());
  if (auto done = co_await Finish(job, std::move(*process), pulling); !done) {
    co_return std::unexpected(std::move(done).error());
  }
  co_return std::move(layout);
}

Result<host::Process> Puller::Start(const Job& job) const {
  host::SpawnOptions spawn;
  spawn.program = kSkopeo;
  spawn.arguments = {"--insecure-policy",
                     "--override-os=linux",
                     "--override-arch=amd64",
                     "--tmpdir=" + job.folder.string(),
                     "copy",
                     "--quiet",
                     "--retry-times=2"};
  if (job.plain_http) spawn.arguments.emplace_back("--src-tls-verify=false");
  if (job.auth) {
    spawn.fds.push_back({job.auth->get(), kAuthFd});
    spawn.arguments.push_back("--src-authfile=/proc/self/fd/" + std::to_string(kAuthFd));
  }
  spawn.arguments.push_back(job.source);
  spawn.arguments.push_back("oci:" + (job.folder / "layout").string() + ":latest");
  spawn.environment = Environment(job.folder);
  spawn.working_directory = job.folder;
  spawn.stderr_fd = job.words.get();
  spawn.limits.push_back({RLIMIT_CORE, 0});
  spawn.limits.push_back({RLIMIT_FSIZE, kLargestBlob.count});
  spawn.identity = job.user;
  spawn.parent_death_signal = SIGKILL;
  return host::Process::Spawn(spawn);
}

// A process that goes is killed.
Task<void> Puller::Finish(const Job& job, host::Process process, Pulling& pulling) {
  const TimePoint end = context_.clock.Now() + kPatience;
  std::optional<host::ExitStatus> status;
  while (!(status = process.Poll())) {
    if (pulling.waiters == 0 || stopping_)
      co_return Fail(Errc::kUnavailable, "pull " + job.name + ": given up");
    if (context_.clock.Now() >= end) {
      co_return Fail(Errc::kDeadlineExceeded, "pull " + job.name + ": not done in ten minutes");
    }
    const FolderUse use = MeasureFolder(job.folder, job.most);
    if (use.bytes > job.most.bytes || use.files > job.most.files) {
      co_return Fail(Errc::kResourceExhausted,
                     "pull " + job.name + ": more than " + std::to_string(job.most.bytes.count) +
                         " bytes or " + std::to_string(job.most.files) + " files come out of it");
    }
    pulling.bytes = use.bytes.count;
    co_await Pause(context_.loop, kLookAgain);
  }
  if (status->success()) co_return Result<void>{};
  std::array<char, kMostWords.count> text;
  const ssize_t got = ::pread(job.words.get(), text.data(), text.size(), 0);
  const std::string_view said(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::string words = said.empty() ? status->ToString() : std::string(said);
  const auto from = job.archive ? PulledFrom::kArchive : PulledFrom::kRegistry;
  co_return std::unexpected(PullFailure(from, job.name, words));
}

}  // namespace strata::manager
