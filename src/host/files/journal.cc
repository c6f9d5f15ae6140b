#include "host/files/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/json.h"
#include "host/files/file_lock.h"

namespace strata::host {
namespace {

constexpr Bytes kMaxJournal = 64_MiB;
constexpr std::size_t kHashLength = 16;
// Room on the disk for some hundred lines to come, so that cells are replaced while it is full.
constexpr off_t kReserved = 64 << 10;
constexpr off_t kShort = 1 << 20;  // is not worth compacting

std::string Line(const Json& entry) {
  const std::string text = DumpJson(entry);
  return Sha256Hex(text).substr(0, kHashLength) + " " + text + "\n";
}

std::string MadeLine(const HostObject& object) {
  return Line({{"event", "made"},
               {"kind", object.kind},
               {"id", object.id},
               {"pid", object.process.pid},
               {"start_time", object.process.start_time},
               {"boot_id", object.process.boot_id}});
}

// The JSON of one line (without its newline), or nothing if it is not what was written.
std::optional<Json> ParseLine(std::string_view line) {
  if (line.size() <= kHashLength || line[kHashLength] != ' ') return std::nullopt;
  const std::string_view text = line.substr(kHashLength + 1);
  if (Sha256Hex(text).substr(0, kHashLength) != line.substr(0, kHashLength)) return std::nullopt;
  auto json = ParseJson(text);
  if (!json) return std::nullopt;
  return std::move(*json);
}

template <typename Living>
bool Apply(const Json& entry, Living& living) {
  try {
    HostObject object{.kind = entry.at("kind").get<std::string>(),
                      .id = entry.at("id").get<std::string>(),
                      .process = {}};
    const auto key = std::pair(object.kind, object.id);
    const auto& event = entry.at("event").get_ref<const std::string&>();
    if (event == "gone") {
      living.erase(key);
      return true;
    }
    if (event != "made") return false;
    object.process.pid = entry.at("pid").get<pid_t>();
    object.process.start_time = entry.at("start_time").get<std::uint64_t>();
    object.process.boot_id = entry.at("boot_id").get<std::string>();
    living.insert_or_assign(key, std::move(object));
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

// Replays `text`. Lines are appended and synced one by one, so only the last one can be torn, and
// it is if its newline, written last, is not there.
template <typename Living>
Result<void> Replay(std::string_view text, const std::string& path, Living& living) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    const auto entry = ParseLine(text.substr(0, end));
    if (!entry || !Apply(*entry, living)) {
      return Fail(Errc::kInvalidArgument,
                  path + ", line " + std::to_string(number) +
                      " is damaged: objects of this instance may be left on the host. Look for "
                      "them with `ps` and /proc, then move the file away");
    }
    text.remove_prefix(end + 1);
  }
  return {};
}

// Opens the journal at `path` behind its first `size` bytes, all of them whole lines.
Result<Fd> OpenToAppend(const std::filesystem::path& path, off_t size) {
  auto file = OpenFile(path, O_WRONLY | O_APPEND);
  if (!file) return file;
  struct stat found{};
  if (::fstat(file->get(), &found) != 0 ||
      (found.st_size > size && ::ftruncate(file->get(), size) != 0)) {
    return FailErrno("open " + path.string(), errno);
  }
  // Where the file system cannot reserve, a full disk refuses the line instead.
  (void)::fallocate(file->get(), FALLOC_FL_KEEP_SIZE, size, kReserved);
  return file;
}

// Whether `file` is what has that name. In doubt it is: what is written to it says the same.
bool IsOpenAt(const Fd& file, const std::filesystem::path& path) {
  struct stat open{};
  struct stat named{};
  return ::fstat(file.get(), &open) != 0 || ::stat(path.c_str(), &named) != 0 ||
         (open.st_ino == named.st_ino && open.st_dev == named.st_dev);
}

}  // namespace

Journal::Journal(std::filesystem::path path, Fd lock, Fd file, Living living)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      file_(std::move(file)),
      living_(std::move(living)) {}

std::string Journal::Compact(const Living& living) {
  std::string lines;
  for (const auto& [key, object] : living) lines += MadeLine(object);
  return lines;
}

Result<Journal> Journal::Open(const std::filesystem::path& path) {
  // A lock of its own, because the journal itself is replaced when it is compacted.
  auto lock = LockFile(path.string() + ".lock");
  if (!lock) return std::unexpected(std::move(lock).error());
  Living living;
  auto text = ReadFile(path, kMaxJournal);
  if (!text && text.error().code != Errc::kNotFound) {
    return std::unexpected(std::move(text).error());
  }
  if (text) {
    if (auto done = Replay(*text, path.string(), living); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  const std::string compact = Compact(living);
  std::size_t size = compact.size();
  if (auto done = WriteFileAtomic(path, compact); !done) {
    // A full disk: the long journal says the same.
    if (!text || done.error().code != Errc::kResourceExhausted) {
      return std::unexpected(std::move(done).error());
    }
    size = text->rfind('\n') + 1;  // 0 when there is none
  }
  auto file = OpenToAppend(path, static_cast<off_t>(size));
  if (!file) return std::unexpected(std::move(file).error());
  return Journal(path, std::move(*lock), std::move(*file), std::move(living));
}

Result<void> Journal::Append(const std::string& line) {
  if (reopen_) {  // nothing was added since it was compacted
    auto again = OpenToAppend(path_, compacted_);
    if (!again) return std::unexpected(std::move(again).error());
    file_ = std::move(*again);
    reopen_ = false;
  }
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  auto done = WriteAll(file_.get(), line);
  if (done && ::fdatasync(file_.get()) != 0) done = FailErrno("sync", errno);
  if (done) return {};
  // A part of a line in the middle of the file would make it unreadable later.
  if (before < 0 || ::ftruncate(file_.get(), before) != 0) file_.Reset();
  return Wrap(std::move(done).error(), path_.string());
}

// What was recorded is on disk either way. Where there is no room for the short one, the long one
// says the same, and it is tried again when that has doubled. A failure may come when the short one
// has its name already (its folder could not be synchronised): then it is gone on with.
void Journal::CompactIfLong() {
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  if (size <= kShort || size <= 2 * compacted_) return;
  const std::string compact = Compact(living_);
  compacted_ = size;
  if (!WriteFileAtomic(path_, compact) && IsOpenAt(file_, path_)) return;
  compacted_ = static_cast<off_t>(compact.size());
  // Without it nothing more is recorded: whoever tries hears of it, and opens it if that works
  // then.
  file_ = OpenToAppend(path_, compacted_).value_or(Fd());
  reopen_ = !file_.valid();
}

Result<void> Journal::Made(const HostObject& object) {
  if (auto done = Append(MadeLine(object)); !done) return done;
  living_.insert_or_assign({object.kind, object.id}, object);
  CompactIfLong();
  return {};
}

Result<void> Journal::Gone(const std::string& kind, const std::string& id) {
  const auto found = living_.find({kind, id});
  if (found == living_.end()) return {};
  if (auto done = Append(Line({{"event", "gone"}, {"kind", kind}, {"id", id}})); !done) return done;
  living_.erase(found);
  CompactIfLong();
  return {};
}

std::vector<HostObject> Journal::living() const {
  std::vector<HostObject> objects;
  for (const auto& [key, object] : living_) objects.push_back(object);
  return objects;
}

}  // namespace strata::host
