#include "host/confine/user_range.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/bytes.h"
#include "base/files/files.h"
#include "host/process/identity.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kMaxFile = Bytes::MiB(16);
constexpr Bytes kMaxStatus = 64_KiB;

// Users that somebody has.
struct Span {
  std::uint64_t first = 0;
  std::uint64_t count = 1;
};

// Where the numbers are in the lines of a file of /etc: fields are divided by ':'.
struct Format {
  const char* file;
  std::size_t number;
  std::optional<std::size_t> count;
};
constexpr std::array kFormats = {Format{"passwd", 2, {}}, Format{"passwd", 3, {}},
                                 Format{"group", 2, {}}, Format{"subuid", 1, 2},
                                 Format{"subgid", 1, 2}};

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = std::to_address(text.end());
  const auto read = std::from_chars(std::to_address(text.begin()), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> Field(std::string_view line, std::size_t index) {
  for (; index > 0; --index) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    line.remove_prefix(colon + 1);
  }
  return Number(line.substr(0, line.find(':')));
}

void AddSpans(std::string_view text, const Format& format, std::vector<Span>& spans) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto first = Field(line, format.number);
    const auto count = format.count ? Field(line, *format.count) : 1;
    if (first && count) spans.push_back({*first, *count});
  }
}

// Those that the files of `etc` name.
Result<std::vector<Span>> NamedUsers(const fs::path& etc) {
  std::vector<Span> spans;
  for (const Format& format : kFormats) {
    auto text = ReadFile(etc / format.file, kMaxFile);
    if (!text && text.error().code == Errc::kNotFound) continue;
    if (!text) return std::unexpected(std::move(text).error());
    AddSpans(*text, format, spans);
  }
  return spans;
}

// Those that processes run as. One that ends meanwhile needs none any more.
Result<std::vector<Span>> RunningUsers(const fs::path& proc) {
  std::vector<Span> spans;
  std::error_code error;
  fs::directory_iterator at(proc, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path process = at->path();
    if (!Number(process.filename().native())) continue;
    const auto status = ReadFile(process / "status", kMaxStatus);
    if (!status && status.error().code == Errc::kNotFound) continue;
    if (!status) return std::unexpected(status.error());
    // The real ones; a guest's others are the same.
    const auto who = IdentityIn(*status);
    if (!who) continue;
    spans.push_back({who->uid, 1});
    spans.push_back({who->gid, 1});
  }
  if (error) return FailErrno("look for users in " + proc.string(), error.value());
  return spans;
}

bool Meets(const std::vector<Span>& spans, std::uint64_t first) {
  return std::ranges::any_of(spans, [first](const Span& span) {
    return span.first < first + UserRange::kSize && first < span.first + span.count;
  });
}

// False: somebody has it.
Result<bool> LockByte(const Fd& file, std::uint32_t at) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return FailErrno("lock a range of users", errno);
}

}  // namespace

Result<std::shared_ptr<const UserRange>> UserRange::Take(const std::string& holder,
                                                         const fs::path& lock, const fs::path& etc,
                                                         const fs::path& proc) {
  auto named = NamedUsers(etc);
  if (!named) return Wrap(std::move(named).error(), "range of users");
  const std::uint32_t start = NumberOf(holder) % kRanges;
  for (std::uint32_t tried = 0; tried < kRanges; ++tried) {
    const std::uint32_t number = (start + tried) % kRanges;
    const std::uint32_t first = kLowest + number * kSize;
    if (Meets(*named, first)) continue;
    auto file = OpenFile(lock, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (!file) return std::unexpected(std::move(file).error());
    const auto mine = LockByte(*file, number);
    if (!mine) return std::unexpected(mine.error());
    if (!*mine) continue;
    // Looked at while it is ours: nobody can begin to use it any more.
    auto running = RunningUsers(proc);
    if (!running) return Wrap(std::move(running).error(), "range of users");
    if (Meets(*running, first)) continue;
    return std::shared_ptr<const UserRange>(new UserRange(std::move(*file), first));
  }
  return Fail(Errc::kResourceExhausted,
              "all " + std::to_string(kRanges) + " ranges of users for containers are taken");
}

}  // namespace strata::host
