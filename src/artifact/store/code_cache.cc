#include "artifact/store/code_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "artifact/regular_file.h"
#include "base/files/directory.h"
#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/byte_view.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMac = ".mac";
constexpr std::string_view kNew = ".new";  // being written

// What is being looked for: everything that the MAC binds the code to.
struct Entry {
  std::string_view digest;
  std::string_view engine;
  std::string name;  // of its file
};

Result<Entry> MakeEntry(std::string_view digest, std::string_view engine) {
  const bool plain = !engine.empty() && engine.size() <= 64 &&
                     std::all_of(engine.begin(), engine.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
                     });
  if (DigestHex(digest).empty() || !plain) {
    return Fail(Errc::kInvalidArgument, "no key of compiled code: '" + std::string(digest) +
                                            "', '" + std::string(engine) + "'");
  }
  return Entry{digest, engine, std::string(DigestHex(digest)) + "-" + std::string(engine)};
}

// HMAC(key, purpose \0 digest \0 engine \0 SHA-256(code)); none of the texts can hold a \0.
Digest MacOf(const CodeCache::Key& key, const Entry& entry, const Digest& code) {
  std::string message = "strata compiled code 1";
  for (const std::string_view part : {entry.digest, entry.engine}) {
    message += '\0';
    message += part;
  }
  message += '\0';
  message += AsText(code);
  return HmacSha256(key, AsBytes(message));
}

Result<Fd> OpenIn(const Fd& folder, const std::string& name, int flags) {
  const int fd = ::openat(folder.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0400);
  if (fd < 0) return FailErrno("open cached " + name, errno);
  return Fd(fd);
}

void RemoveEntry(const Fd& folder, const std::string& name) {
  ::unlinkat(folder.get(), name.c_str(), 0);
  ::unlinkat(folder.get(), (name + std::string(kMac)).c_str(), 0);
}

Result<void> WriteNew(const Fd& folder, const std::string& name, std::string_view content) {
  auto file = OpenIn(folder, name + std::string(kNew), O_CREAT | O_EXCL | O_WRONLY);
  if (!file) return std::unexpected(std::move(file).error());
  return WriteAll(file->get(), content);
}

// Copies `code` and returns the digest of what was written: the MAC is of our copy, whatever
// happens to the source meanwhile.
Result<Digest> CopyNew(const Fd& folder, const std::string& name, const Fd& code) {
  auto file = OpenIn(folder, name + std::string(kNew), O_CREAT | O_EXCL | O_WRONLY);
  if (!file) return std::unexpected(std::move(file).error());
  Sha256 hash;
  auto done = ForEachChunk(code, [&](std::string_view chunk) {
    hash.Update(chunk);
    return WriteAll(file->get(), chunk);
  });
  if (!done) return std::unexpected(std::move(done).error());
  return hash.Finish();
}

Result<void> Publish(const Fd& folder, const std::string& name) {
  const std::string fresh = name + std::string(kNew);
  if (::renameat(folder.get(), fresh.c_str(), folder.get(), name.c_str()) != 0) {
    return FailErrno("rename cached " + name, errno);
  }
  return {};
}

void RemoveUnfinished(const Fd& folder, const std::string& name) {
  ::unlinkat(folder.get(), (name + std::string(kNew)).c_str(), 0);
  ::unlinkat(folder.get(), (name + std::string(kMac) + std::string(kNew)).c_str(), 0);
}

// Copies `code` in and puts it in its place. No fsync: what a power cut tears does not verify and
// is compiled again.
Result<void> WriteEntry(const Fd& folder, const CodeCache::Key& key, const Entry& entry,
                        const Fd& code) {
  const std::string mac_name = entry.name + std::string(kMac);
  const auto digest = CopyNew(folder, entry.name, code);
  if (!digest) return std::unexpected(digest.error());
  auto done = WriteNew(folder, mac_name, AsText(MacOf(key, entry, *digest)));
  if (done) done = Publish(folder, entry.name);
  if (done) done = Publish(folder, mac_name);
  return done;
}

// A file that somebody else owns or may write is not ours, whatever it holds.
bool IsOurs(const Fd& file) {
  struct stat status = {};
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 0022) == 0;
}

// kNotFound: there is no such file. kPermissionDenied: it does not verify.
Result<Fd> OpenVerified(const Fd& folder, const CodeCache::Key& key, const Entry& entry) {
  auto code = OpenIn(folder, entry.name, O_RDONLY | O_NONBLOCK);
  if (!code) return code;
  const auto rejected = [&](const std::string& why) {
    return Fail(Errc::kPermissionDenied, "cached " + entry.name + " " + why);
  };
  auto sidecar = OpenIn(folder, entry.name + std::string(kMac), O_RDONLY | O_NONBLOCK);
  if (!sidecar) return rejected("has no MAC");
  if (!IsOurs(*code) || !IsOurs(*sidecar)) return rejected("belongs to somebody else");
  const auto mac = ReadRegular(*sidecar, Bytes{sizeof(Digest)}, "MAC of " + entry.name);
  if (!mac) return rejected("has no MAC");
  Sha256 hash;
  auto read = ForEachChunk(*code, [&hash](std::string_view chunk) -> Result<void> {
    hash.Update(chunk);
    return {};
  });
  if (!read) return std::unexpected(std::move(read).error());
  if (!ConstantTimeEqual(*mac, MacOf(key, entry, hash.Finish()))) return rejected("was changed");
  return code;
}

// Marks it as just used, for Evict. Failing only makes it look older.
void Touch(const Fd& code) { ::futimens(code.get(), nullptr); }

}  // namespace

CodeCache::CodeCache(std::string directory, Fd folder, const Key& key, Options options)
    : directory_(std::move(directory)), folder_(std::move(folder)), key_(key), options_(options) {}

Result<CodeCache> CodeCache::Open(const std::string& directory, const Key& key, Options options) {
  if (auto made = MakeDirectories(directory, 0700); !made) {
    return std::unexpected(std::move(made).error());
  }
  auto folder = OpenFolder(directory);
  if (!folder) return std::unexpected(std::move(folder).error());
  const auto names = NamesIn(directory);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    std::error_code ignored;
    if (name.ends_with(kNew)) fs::remove(fs::path(directory) / name, ignored);
  }
  return CodeCache(directory, *std::move(folder), key, options);
}

Result<Fd> CodeCache::Lookup(std::string_view artifact_digest, std::string_view engine_key) {
  const auto entry = MakeEntry(artifact_digest, engine_key);
  if (!entry) return std::unexpected(entry.error());
  auto code = OpenVerified(folder_, key_, *entry);
  if (code) {
    ++stats_.hits;
    Touch(*code);
    return code;
  }
  if (code.error().code == Errc::kNotFound) {
    ++stats_.misses;
  } else {
    ++stats_.rejected;
    RemoveEntry(folder_, entry->name);
  }
  return Fail(Errc::kNotFound, code.error().message);
}

Result<Fd> CodeCache::Insert(std::string_view artifact_digest, std::string_view engine_key,
                             const Fd& code) {
  const auto entry = MakeEntry(artifact_digest, engine_key);
  if (!entry) return std::unexpected(entry.error());
  RemoveUnfinished(folder_, entry->name);
  if (auto done = WriteEntry(folder_, key_, *entry, code); !done) {
    RemoveUnfinished(folder_, entry->name);
    return std::unexpected(std::move(done).error());
  }
  Evict(entry->name);
  return OpenVerified(folder_, key_, *entry);
}

// Removes the least recently used entries until the rest fits; `keep` stays. A code file that is
// mapped somewhere lives on until it is unmapped.
void CodeCache::Evict(const std::string& keep) {
  struct Found {
    fs::file_time_type used;
    std::uintmax_t size;
    std::string name;
  };
  std::vector<Found> entries;
  std::uintmax_t total = 0;
  for (const std::string& name : NamesIn(directory_).value_or(std::vector<std::string>{})) {
    if (name.ends_with(kMac)) continue;
    const fs::path file = fs::path(directory_) / name;
    std::error_code untimed;
    std::error_code unsized;
    Found found{fs::last_write_time(file, untimed), fs::file_size(file, unsized), name};
    if (untimed || unsized) continue;
    total += found.size;
    if (found.name != keep) entries.push_back(std::move(found));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Found& a, const Found& b) { return a.used < b.used; });
  for (const Found& oldest : entries) {
    if (total <= options_.capacity.count) return;
    RemoveEntry(folder_, oldest.name);
    total -= oldest.size;
    ++stats_.evicted;
  }
}

}  // namespace strata::artifact
