#include "artifact/store/image_store.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "artifact/oci/image_user.h"
#include "artifact/regular_file.h"
#include "base/files/directory.h"
#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/hex.h"
#include "host/process/process.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 1 << 20;
constexpr Bytes kLargestRecord = Bytes::MiB(1);
constexpr Bytes kMostWords = Bytes::MiB(64);
constexpr Bytes kMostComplaint = Bytes::KiB(4);
constexpr rlim_t kUnpackerMemory = 512 << 20;
constexpr rlim_t kUnpackerCpuSeconds = 600;
constexpr int kTooLarge = 3;
constexpr std::chrono::milliseconds kLookAgain{20};
// Programs and texts come out ten times as long at most; this is ample, and bounds what a small
// blob can make us write.
constexpr Bytes kAlwaysAllowed = Bytes::MiB(64);
constexpr std::uint64_t kMostExpansion = 200;

Awaitable<void> GiveWay() { co_await asio::post(co_await asio::this_coro::executor, kAwait); }

std::unexpected<Error> Abandoned() {
  return Fail(Errc::kUnavailable, "given up: nobody waits for the image");
}

// Reads `in` from its start to its end, and copies it to `out` unless that is -1.
struct Read {
  std::string digest;
  std::uint64_t size = 0;
};
Task<Read> HashAndCopy(int in, int out, Bytes limit,
                       const std::function<bool(std::uint64_t)>& tell) {
  Sha256 hash;
  Read read;
  std::string part(kPart, '\0');
  while (true) {
    const ssize_t got = ::pread(in, part.data(), part.size(), static_cast<off_t>(read.size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) co_return FailErrno("read a layer", errno);
    if (got == 0) break;
    const std::string_view bytes(part.data(), static_cast<std::size_t>(got));
    hash.Update(bytes);
    read.size += bytes.size();
    if (read.size > limit.count) {
      co_return Fail(Errc::kResourceExhausted,
                     "a layer is larger than " + std::to_string(limit.count) + " bytes");
    }
    if (out >= 0) {
      if (auto wrote = WriteAll(out, bytes); !wrote) co_return std::unexpected(wrote.error());
    }
    if (!tell(read.size)) co_return Abandoned();
    co_await GiveWay();
  }
  read.digest = "sha256:" + HexEncode(hash.Finish());
  co_return read;
}

// A layer that nobody else is to make meanwhile.
class Making {
 public:
  Making(std::set<std::string>& making, std::string diff_id)
      : making_(making), diff_id_(std::move(diff_id)) {
    making_.insert(diff_id_);
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  ~Making() { making_.erase(diff_id_); }

 private:
  std::set<std::string>& making_;
  const std::string diff_id_;
};

// The directory that holds `path`, which came from a process that read hostile bytes.
Result<Fd> OpenParent(const Fd& root, const std::string& path) {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string parent = path.empty() ? "." : path;
  const long fd = ::syscall(SYS_openat2, root.get(), parent.c_str(), &how, sizeof(how));
  if (fd < 0) return FailErrno("the layer's directory '" + parent + "'", errno);
  return Fd(static_cast<int>(fd));
}

// Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
Result<void> ApplyWord(const Fd& root, char what, const std::string& path) {
  if (what == 'O') {
    auto directory = OpenParent(root, path);
    if (!directory) return std::unexpected(std::move(directory).error());
    if (::fsetxattr(directory->get(), "trusted.overlay.opaque", "y", 1, 0) == 0) return {};
    return FailErrno("make '" + path + "' opaque", errno);
  }
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  auto parent = OpenParent(root, slash == std::string::npos ? "" : path.substr(0, slash));
  if (!parent) return std::unexpected(std::move(parent).error());
  if (what != 'W' || name.empty() || name == "." || name == "..") {
    return Fail(Errc::kInvalidArgument, "the layer removes '" + path + "'");
  }
  // A layer that has the name itself as well means what it has.
  if (::mknodat(parent->get(), name.c_str(), S_IFCHR, 0) == 0 || errno == EEXIST) return {};
  return FailErrno("hide '" + path + "'", errno);
}

Result<void> ApplyWords(const fs::path& tree, std::string_view words) {
  auto root = OpenFolder(tree.string());
  if (!root) return std::unexpected(std::move(root).error());
  while (!words.empty()) {
    const std::size_t end = words.find('\0');
    if (end == std::string_view::npos || end < 2) {
      return Fail(Errc::kInvalidArgument, "strata-unpack does not make sense");
    }
    if (auto done = ApplyWord(*root, words[0], std::string(words.substr(1, end - 1))); !done) {
      return done;
    }
    words.remove_prefix(end + 1);
  }
  return {};
}

// Also directories that their modes protect from us: root may.
void RemoveTree(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::string DigestOfName(const std::string& name) { return "sha256:" + name; }

// Of a record: the image has to be made anew. Any other error may pass, and says nothing of it.
bool IsUseless(const Error& error) {
  return error.code == Errc::kNotFound || error.code == Errc::kInvalidArgument;
}

}  // namespace

// Keeps Prune from an image's layers as long as its record is not written.
class ImageStore::Needing {
 public:
  Needing(std::multiset<std::string>& needed, const std::vector<ImageLayer>& layers)
      : needed_(needed) {
    for (const ImageLayer& layer : layers) mine_.push_back(needed_.insert(layer.diff_id));
  }
  Needing(const Needing&) = delete;
  Needing& operator=(const Needing&) = delete;
  ~Needing() {
    for (const auto& layer : mine_) needed_.erase(layer);
  }

 private:
  std::multiset<std::string>& needed_;
  std::vector<std::multiset<std::string>::iterator> mine_;
};

Result<ImageStore> ImageStore::Open(Config config) {
  RemoveTree(config.directory / "tmp");
  for (const char* name : {"layers", "images", "tmp"}) {
    if (auto made = MakeDirectories(config.directory / name, 0700); !made) {
      return std::unexpected(std::move(made).error());
    }
  }
  return ImageStore(std::move(config));
}

fs::path ImageStore::LayerPath(std::string_view diff_id) const {
  return config_.directory / "layers" / std::string(DigestHex(diff_id));
}

fs::path ImageStore::ImagePath(std::string_view digest) const {
  return config_.directory / "images" / std::string(DigestHex(digest));
}

Result<RootImage> ImageStore::Get(std::string_view digest) const {
  if (DigestHex(digest).empty()) return Fail(Errc::kNotFound, "no image " + std::string(digest));
  auto text = ReadFile(ImagePath(digest), kLargestRecord);
  if (!text) return std::unexpected(std::move(text).error());
  auto image = ParseRootImage(*text);
  if (!image) return image;
  std::error_code error;
  for (const std::string& layer : image->lower) {
    if (fs::is_directory(layer, error)) continue;
    if (error && error != std::errc::no_such_file_or_directory) {
      return FailErrno("look at layer " + layer, error.value());
    }
    return Fail(Errc::kNotFound, "layer " + layer + " is gone");
  }
  return image;
}

Task<RootImage> ImageStore::Unpack(ContainerImage image, WatchFn watch) {
  if (::geteuid() != 0) {
    co_return Fail(Errc::kUnsupported, "container images need root: their files have owners");
  }
  if (auto here = Get(image.digest)) co_return *std::move(here);
  const Needing needing(needed_, image.layers);
  co_return co_await MakeImage(std::move(image), std::move(watch));
}

Task<RootImage> ImageStore::MakeImage(ContainerImage image, WatchFn watch) {
  const auto layout = Layout::Open(image.layout);
  if (!layout) co_return std::unexpected(layout.error());
  RootImage root;
  Unpacking at{.digest = "",
               .layer = 0,
               .layers = static_cast<std::uint32_t>(image.layers.size()),
               .bytes = 0,
               .total = 0};
  const Tell tell = [&at, &watch](std::uint64_t bytes) {
    at.bytes = bytes;
    return watch(at);
  };
  for (const ImageLayer& layer : image.layers) {
    at.digest = layer.blob.digest;
    at.total = layer.blob.size;
    ++at.layer;
    if (auto made = co_await MakeLayer(*layout, layer, tell); !made) {
      co_return Wrap(std::move(made).error(), "layer " + layer.blob.digest);
    }
    root.lower.insert(root.lower.begin(), LayerPath(layer.diff_id).string());
  }
  root.args = std::move(image.args);
  root.env = std::move(image.env);
  root.cwd = std::move(image.cwd);
  const auto user = FindUser(image.user, root.lower);
  if (!user) co_return std::unexpected(user.error());
  root.uid = user->uid;
  root.gid = user->gid;
  auto checked = ParseRootImage(WriteRootImage(root));
  if (!checked) co_return std::unexpected(std::move(checked).error());
  if (auto kept = WriteFileAtomic(ImagePath(image.digest), WriteRootImage(root)); !kept) {
    co_return std::unexpected(std::move(kept).error());
  }
  co_return root;
}

Task<void> ImageStore::MakeLayer(const Layout& layout, const ImageLayer& layer, const Tell& tell) {
  const fs::path target = LayerPath(layer.diff_id);
  std::error_code error;
  Timer timer(co_await asio::this_coro::executor);
  while (making_.contains(layer.diff_id)) {
    if (!tell(0)) co_return Abandoned();
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
  if (fs::is_directory(target, error)) co_return Result<void>{};
  const Making making(making_, layer.diff_id);
  const fs::path work = config_.directory / "tmp" / std::to_string(next_++);
  if (auto made = MakeDirectories(work / "tree", 0755); !made) co_return made;
  auto filled = co_await FillTemporary(layout, layer, work, tell);
  if (filled) {
    fs::rename(work / "tree", target, error);
    if (error) filled = FailErrno("keep a layer", error.value());
  }
  if (filled) filled = SyncDirectory(target.parent_path());
  RemoveTree(work);
  co_return filled;
}

Task<void> ImageStore::FillTemporary(const Layout& layout, const ImageLayer& layer,
                                     const fs::path& work, const Tell& tell) {
  auto source = layout.OpenBlob(layer.blob);
  if (!source) co_return std::unexpected(std::move(source).error());
  auto blob = OpenFile(work / "blob", O_RDWR | O_CREAT | O_EXCL);
  if (!blob) co_return std::unexpected(std::move(blob).error());
  const auto copied = co_await HashAndCopy(source->get(), blob->get(), config_.largest_layer, tell);
  if (!copied) co_return std::unexpected(copied.error());
  if (copied->size != layer.blob.size || copied->digest != layer.blob.digest) {
    co_return layout.Malformed("the blob is not what its descriptor says: it has " +
                               std::to_string(copied->size) + " bytes and is " + copied->digest);
  }
  const Bytes allowed{kAlwaysAllowed.count + kMostExpansion * copied->size};
  const std::string limit = std::to_string(std::min(allowed, config_.largest_layer).count);
  ::lseek(blob->get(), 0, SEEK_SET);
  std::vector<std::string> decompress = {"decompress", limit};
  auto plain = co_await RunUnpacker(std::move(decompress), *blob, work);
  if (!plain) co_return std::unexpected(std::move(plain).error());
  auto tar = OpenFile(*plain, O_RDONLY);
  if (!tar) co_return std::unexpected(std::move(tar).error());
  const Tell still = [&tell, &layer](std::uint64_t /*of the tar*/) {
    return tell(layer.blob.size);
  };
  const auto hashed = co_await HashAndCopy(tar->get(), -1, config_.largest_layer, still);
  if (!hashed) co_return std::unexpected(hashed.error());
  if (hashed->digest != layer.diff_id) {
    co_return layout.Malformed("the layer's content is " + hashed->digest + ", not " +
                               layer.diff_id + " as the config says");
  }
  std::vector<std::string> unpack = {"layer", (work / "tree").string(), limit};
  auto words = co_await RunUnpacker(std::move(unpack), *tar, work);
  if (!words) co_return std::unexpected(std::move(words).error());
  auto text = ReadFile(*words, kMostWords);
  if (!text) co_return std::unexpected(std::move(text).error());
  co_return ApplyWords(work / "tree", *text);
}

// The path of what it printed.
Task<std::string> ImageStore::RunUnpacker(std::vector<std::string> arguments, const Fd& in,
                                          const fs::path& work) {
  const fs::path out_path = work / ("out-" + arguments.front());
  const fs::path complaint_path = work / ("err-" + arguments.front());
  const auto out = OpenFile(out_path, O_WRONLY | O_CREAT | O_EXCL);
  if (!out) co_return std::unexpected(out.error());
  const auto complaint = OpenFile(complaint_path, O_WRONLY | O_CREAT | O_EXCL);
  if (!complaint) co_return std::unexpected(complaint.error());
  host::SpawnOptions spawn;
  spawn.program = config_.unpacker.string();
  spawn.arguments = std::move(arguments);
  spawn.stdin_fd = in.get();
  spawn.stdout_fd = out->get();
  spawn.stderr_fd = complaint->get();
  spawn.limits.push_back({RLIMIT_CORE, 0});
  spawn.limits.push_back({RLIMIT_AS, kUnpackerMemory});
  spawn.limits.push_back({RLIMIT_CPU, kUnpackerCpuSeconds});
  spawn.limits.push_back({RLIMIT_FSIZE, config_.largest_layer.count});
  spawn.namespaces = host::Namespaces::kRequired;
  spawn.privileges = host::Privileges::kKeep;  // it drops all but what files' owners need
  spawn.parent_death_signal = SIGKILL;         // nobody else could tell what it writes from a layer
  auto process = host::Process::Spawn(spawn);
  if (!process) co_return std::unexpected(std::move(process).error());
  const auto status = co_await process->Wait();
  if (!status) co_return std::unexpected(status.error());
  if (status->success()) co_return out_path.string();
  auto why = ReadFile(complaint_path, kMostComplaint).value_or("");
  while (why.ends_with('\n')) why.pop_back();
  if (status->kind == host::ExitStatus::Kind::kExited && status->value == kTooLarge) {
    co_return Fail(Errc::kResourceExhausted, why);
  }
  if (status->kind == host::ExitStatus::Kind::kExited && status->value == 1) {
    co_return Fail(Errc::kInvalidArgument, why);
  }
  if (status->kind == host::ExitStatus::Kind::kSignaled) {
    co_return Fail(Errc::kInvalidArgument, "the layer made strata-unpack end with " +
                                               status->ToString() + (why.empty() ? "" : ": ") +
                                               why);
  }
  co_return Fail(Errc::kInternal, "strata-unpack: " + status->ToString() + ": " + why);
}

Result<std::size_t> ImageStore::Prune(const std::set<std::string>& keep) {
  const auto images = NamesIn(config_.directory / "images");
  if (!images) return std::unexpected(images.error());
  const auto layers = NamesIn(config_.directory / "layers");
  if (!layers) return std::unexpected(layers.error());
  std::vector<fs::path> unused;  // records
  std::set<std::string> used;    // layers' paths
  for (const std::string& name : *images) {
    if (const std::string digest = DigestOfName(name); keep.contains(digest)) {
      const auto image = Get(digest);
      if (image) {
        used.insert(image->lower.begin(), image->lower.end());
        continue;
      }
      if (!IsUseless(image.error())) return std::unexpected(image.error());
    }
    unused.push_back(config_.directory / "images" / name);
  }
  std::error_code ignored;
  for (const fs::path& record : unused) fs::remove(record, ignored);
  std::size_t removed = 0;
  for (const std::string& name : *layers) {
    const fs::path layer = config_.directory / "layers" / name;
    if (used.contains(layer.string()) || needed_.contains(DigestOfName(name))) continue;
    // Out of the way first: half of a layer must not look like one.
    const fs::path going = config_.directory / "tmp" / std::to_string(next_++);
    fs::rename(layer, going, ignored);
    RemoveTree(going);
    ++removed;
  }
  return removed;
}

}  // namespace strata::artifact
