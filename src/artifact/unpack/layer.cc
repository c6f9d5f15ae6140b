#include "artifact/unpack/layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include <archive.h>
#include <archive_entry.h>

#include "artifact/unpack/beneath.h"
#include "base/files/files.h"

namespace strata::artifact::unpack {
namespace {

constexpr std::size_t kBlock = 128 * 1024;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaqueMarker = ".wh..wh..opq";
constexpr std::string_view kReserved = ".wh..wh.";  // other words of aufs; nobody reads them

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

std::unexpected<Error> Damaged(const Reader& reader) {
  const char* why = archive_error_string(reader.get());
  return Fail(Errc::kInvalidArgument,
              std::string("the layer is damaged: ") + (why == nullptr ? "no reason given" : why));
}

// The next part of the current entry; empty at its end.
struct Part {
  const char* data = nullptr;
  std::size_t size = 0;
  std::int64_t offset = 0;
};
Result<Part> NextPart(const Reader& reader) {
  Part part;
  const void* data = nullptr;
  const int got = archive_read_data_block(reader.get(), &data, &part.size, &part.offset);
  if (got == ARCHIVE_EOF) return Part{};
  if (got != ARCHIVE_OK) return Damaged(reader);
  part.data = static_cast<const char*>(data);
  return part;
}

// RFC 1952, section 2.3.1; RFC 8878, section 3.1.1.
int FilterOf(const Fd& blob) {
  std::array<unsigned char, 4> magic = {};
  if (::pread(blob.get(), magic.data(), magic.size(), 0) < 4) return ARCHIVE_FILTER_NONE;
  if (magic[0] == 0x1f && magic[1] == 0x8b) return ARCHIVE_FILTER_GZIP;
  const std::array<unsigned char, 4> zstd = {0x28, 0xb5, 0x2f, 0xfd};
  return magic == zstd ? ARCHIVE_FILTER_ZSTD : ARCHIVE_FILTER_NONE;
}

class Unpacker {
 public:
  Unpacker(const Fd& root, const LayerLimits& limits, const BelowFn& below)
      : root_(root), limits_(limits), below_(below) {}

  Result<void> Run(const Reader& reader);

 private:
  Result<void> Add(const Reader& reader, archive_entry* entry);
  Result<bool> TakeWord(const Place& place);
  Result<void> Make(const Reader& reader, archive_entry* entry, const Place& place);
  Result<void> MakeFile(const Reader& reader, archive_entry* entry, const Place& place);
  Result<void> MakeDirectory(archive_entry* entry, const Place& place);
  Result<void> MakeLink(archive_entry* entry, const Place& place);
  Result<void> MakeHardLink(const std::string& target, const Place& place);
  Result<void> Fill(const Reader& reader, const Fd& file, const std::string& name);

  const Fd& root_;
  const LayerLimits& limits_;
  const BelowFn& below_;
  Budget budget_{limits_.entries};
  std::uint64_t content_ = 0;
};

Result<void> Unpacker::Run(const Reader& reader) {
  while (true) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(reader.get(), &entry);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK) return Damaged(reader);
    if (auto counted = budget_.Take(); !counted) return counted;
    if (auto added = Add(reader, entry); !added) return added;
  }
}

Result<void> Unpacker::Add(const Reader& reader, archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) return Fail(Errc::kInvalidArgument, "an entry of the layer has no name");
  auto path = PlainPath(name);
  if (!path) return std::unexpected(std::move(path).error());
  if (path->empty()) {  // the root itself: only its mode and owner matter
    return SetAttributes(root_, archive_entry_perm(entry), archive_entry_uid(entry),
                         archive_entry_gid(entry), name);
  }
  auto place = FindPlace(root_, *path, budget_);
  if (!place) return std::unexpected(std::move(place).error());
  auto taken = TakeWord(*place);
  if (!taken) return std::unexpected(std::move(taken).error());
  if (*taken) return {};
  return Make(reader, entry, *place);
}

// Whether the entry is about the layers below, not a thing of its own.
Result<bool> Unpacker::TakeWord(const Place& place) {
  if (!place.name.starts_with(kWhiteout)) return false;
  Result<void> told;
  if (place.name == kOpaqueMarker) {
    told = below_(Below::kOpaque, place.parent_path.empty() ? "." : place.parent_path);
  } else if (!place.name.starts_with(kReserved)) {
    const std::string hidden = place.name.substr(kWhiteout.size());
    if (hidden.empty() || hidden == "." || hidden == "..") {
      return Fail(Errc::kInvalidArgument, "the layer removes '" + hidden + "'");
    }
    told = below_(Below::kRemoved,
                  place.parent_path.empty() ? hidden : place.parent_path + "/" + hidden);
  }
  if (!told) return std::unexpected(std::move(told).error());
  return true;
}

Result<void> Unpacker::Make(const Reader& reader, archive_entry* entry, const Place& place) {
  if (const char* target = archive_entry_hardlink(entry); target != nullptr) {
    return MakeHardLink(target, place);
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return MakeFile(reader, entry, place);
    case AE_IFDIR:
      return MakeDirectory(entry, place);
    case AE_IFLNK:
      return MakeLink(entry, place);
    default:
      return {};  // devices, FIFOs and sockets: a sandbox gets its own or none
  }
}

Result<void> Unpacker::MakeFile(const Reader& reader, archive_entry* entry, const Place& place) {
  if (auto clear = ClearPlace(place); !clear) return clear;
  Fd file(::openat(place.parent.get(), place.name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return FailErrno("make " + place.Path(), errno);
  if (auto filled = Fill(reader, file, place.Path()); !filled) return filled;
  if (auto set = SetAttributes(file, archive_entry_perm(entry), archive_entry_uid(entry),
                               archive_entry_gid(entry), place.Path());
      !set) {
    return set;
  }
  const std::array<timespec, 2> times = {
      timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW},
      timespec{.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)}};
  if (::futimens(file.get(), times.data()) != 0) return FailErrno("date " + place.Path(), errno);
  return {};
}

// The parts of a sparse file come with their offsets.
Result<void> Unpacker::Fill(const Reader& reader, const Fd& file, const std::string& name) {
  std::int64_t end = 0;
  while (true) {
    auto part = NextPart(reader);
    if (!part) return std::unexpected(std::move(part).error());
    if (part->size == 0) break;
    content_ += part->size;
    if (content_ > limits_.content.count) {
      return Fail(Errc::kResourceExhausted,
                  "the layer has more than " + std::to_string(limits_.content.count) + " bytes");
    }
    for (std::size_t done = 0; done < part->size;) {
      const ssize_t wrote = ::pwrite(file.get(), part->data + done, part->size - done,
                                     part->offset + static_cast<off_t>(done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return FailErrno("write " + name, errno);
      done += static_cast<std::size_t>(wrote);
    }
    end = part->offset + static_cast<std::int64_t>(part->size);
  }
  if (::ftruncate(file.get(), end) != 0) return FailErrno("write " + name, errno);
  return {};
}

Result<void> Unpacker::MakeDirectory(archive_entry* entry, const Place& place) {
  if (::mkdirat(place.parent.get(), place.name.c_str(), 0700) != 0) {
    struct stat there = {};
    const bool is_directory =
        errno == EEXIST &&
        ::fstatat(place.parent.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(there.st_mode);
    if (!is_directory) {
      if (auto clear = ClearPlace(place); !clear) return clear;
      if (::mkdirat(place.parent.get(), place.name.c_str(), 0700) != 0) {
        return FailErrno("make " + place.Path(), errno);
      }
    }
  }
  auto directory = OpenDirectory(root_, place.Path());
  if (!directory) return std::unexpected(std::move(directory).error());
  return SetAttributes(*directory, archive_entry_perm(entry), archive_entry_uid(entry),
                       archive_entry_gid(entry), place.Path());
}

Result<void> Unpacker::MakeLink(archive_entry* entry, const Place& place) {
  const char* target = archive_entry_symlink(entry);
  if (target == nullptr) return Fail(Errc::kInvalidArgument, place.Path() + " links to nothing");
  if (auto clear = ClearPlace(place); !clear) return clear;
  // Where it leads is looked up by the guest, in the guest's own root.
  if (::symlinkat(target, place.parent.get(), place.name.c_str()) != 0) {
    return FailErrno("make " + place.Path(), errno);
  }
  const auto uid = static_cast<uid_t>(archive_entry_uid(entry));
  const auto gid = static_cast<gid_t>(archive_entry_gid(entry));
  if (::fchownat(place.parent.get(), place.name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return FailErrno("own " + place.Path(), errno);
  }
  return {};
}

Result<void> Unpacker::MakeHardLink(const std::string& target, const Place& place) {
  auto path = PlainPath(target);
  if (!path) return std::unexpected(std::move(path).error());
  if (path->empty()) return Fail(Errc::kInvalidArgument, place.Path() + " links to the root");
  auto source = FindPlace(root_, *path, budget_);
  if (!source) return std::unexpected(std::move(source).error());
  if (*path == place.Path()) return {};
  if (auto clear = ClearPlace(place); !clear) return clear;
  if (::linkat(source->parent.get(), source->name.c_str(), place.parent.get(), place.name.c_str(),
               0) == 0) {
    return {};
  }
  if (errno == ENOENT) {
    return Fail(Errc::kInvalidArgument,
                place.Path() + " is a hard link to '" + target + "', which is not in the layer");
  }
  return FailErrno("link " + place.Path(), errno);
}

}  // namespace

Result<void> Decompress(const Fd& blob, const Fd& tar, Bytes limit) {
  Reader reader(archive_read_new());
  // One filter, not as many as libarchive finds wrapped in each other.
  if (const int filter = FilterOf(blob); filter != ARCHIVE_FILTER_NONE) {
    archive_read_append_filter(reader.get(), filter);
  }
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  if (archive_read_open_fd(reader.get(), blob.get(), kBlock) != ARCHIVE_OK) return Damaged(reader);
  archive_entry* entry = nullptr;
  if (archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) return Damaged(reader);
  for (std::uint64_t size = 0;;) {
    auto part = NextPart(reader);
    if (!part) return std::unexpected(std::move(part).error());
    if (part->size == 0) return {};
    size += part->size;
    if (size > limit.count) {
      return Fail(Errc::kResourceExhausted,
                  "the layer is larger than " + std::to_string(limit.count) + " bytes");
    }
    if (auto wrote = WriteAll(tar.get(), {part->data, part->size}); !wrote) return wrote;
  }
}

Result<void> UnpackLayer(const Fd& tar, const Fd& root, const LayerLimits& limits,
                         const BelowFn& below) {
  Reader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  // Names are bytes here, as they are to the kernel.
  archive_read_set_options(reader.get(), "hdrcharset=BINARY");
  if (archive_read_open_fd(reader.get(), tar.get(), kBlock) != ARCHIVE_OK) return Damaged(reader);
  if (auto unpacked = Unpacker(root, limits, below).Run(reader); !unpacked) return unpacked;
  // Whoever gives the directory its name after this names it whole, also after a power cut.
  if (::syncfs(root.get()) != 0) return FailErrno("sync the layer", errno);
  return {};
}

}  // namespace strata::artifact::unpack
