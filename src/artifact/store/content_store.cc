#include "artifact/store/content_store.h"

#include <fcntl.h>

#include <filesystem>
#include <utility>

#include "artifact/artifact.h"
#include "artifact/regular_file.h"
#include "base/files/directory.h"
#include "base/files/files.h"
#include "base/text/byte_view.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

std::string DigestOfName(const std::string& name) { return "sha256:" + name; }

Result<std::vector<std::byte>> ReadVerified(const std::string& path, std::string_view digest) {
  auto fd = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return std::unexpected(std::move(fd).error());
  auto bytes = ReadRegular(*fd, kArtifactLimit, path);
  if (bytes && DigestOf(*bytes) != digest) {
    return Fail(Errc::kFailedPrecondition, path + " does not match its digest");
  }
  return bytes;
}

bool Holds(const std::string& path, std::string_view content) {
  auto fd = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return false;
  const auto same = ForEachChunk(*fd, [&content](std::string_view chunk) -> Result<void> {
    if (!content.starts_with(chunk)) return Fail(Errc::kFailedPrecondition, "differs");
    content.remove_prefix(chunk.size());
    return {};
  });
  return same && content.empty();
}

}  // namespace

ContentStore::ContentStore(std::string directory) : directory_(std::move(directory)) {}

Result<ContentStore> ContentStore::Open(const std::string& directory) {
  if (auto made = MakeDirectories(directory, 0700); !made) {
    return std::unexpected(std::move(made).error());
  }
  const auto names = NamesIn(directory);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    // What is not named by a digest was being written when the writer died.
    if (!DigestHex(DigestOfName(name)).empty()) continue;
    std::error_code ignored;
    fs::remove(fs::path(directory) / name, ignored);
  }
  return ContentStore(directory);
}

Result<void> ContentStore::Put(std::string_view digest, std::span<const std::byte> bytes) {
  const std::string_view hex = DigestHex(digest);
  if (hex.empty()) return Fail(Errc::kInvalidArgument, "no digest: " + std::string(digest));
  const std::string path = directory_ + "/" + std::string(hex);
  if (Holds(path, AsText(bytes))) return {};
  return WriteFileAtomic(path, AsText(bytes), 0600);
}

Result<std::vector<std::byte>> ContentStore::Get(std::string_view digest) const {
  const std::string_view hex = DigestHex(digest);
  if (hex.empty()) {
    return Fail(Errc::kNotFound, "no artifact '" + std::string(digest) + "'");
  }
  const std::string path = directory_ + "/" + std::string(hex);
  auto bytes = ReadVerified(path, digest);
  if (!bytes && bytes.error().code == Errc::kFailedPrecondition) {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  return bytes;
}

bool ContentStore::Contains(std::string_view digest) const {
  const std::string_view hex = DigestHex(digest);
  std::error_code ignored;
  return !hex.empty() && fs::is_regular_file(directory_ + "/" + std::string(hex), ignored);
}

Result<std::size_t> ContentStore::Prune(const std::set<std::string>& keep) {
  std::size_t removed = 0;
  const auto names = NamesIn(directory_);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (keep.contains(DigestOfName(name))) continue;
    std::error_code ignored;
    if (fs::remove(fs::path(directory_) / name, ignored)) ++removed;
  }
  return removed;
}

}  // namespace strata::artifact
