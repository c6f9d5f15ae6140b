#include "sandbox/microvm/machine/guest_kernel.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

#include "base/files/files.h"
#include "base/text/byte_view.h"
#include "host/files/memfd.h"
#include "host/process/process.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "vmlinuz-";
constexpr Bytes kLargestFile = Bytes::MiB(64);
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";
constexpr std::chrono::seconds kListPatience{10};

// In the order in which they need each other. What the kernel has built in is not there.
constexpr std::array<const char*, 8> kModules = {
    "drivers/virtio/virtio_ring.ko",
    "drivers/virtio/virtio.ko",
    "drivers/virtio/virtio_mmio.ko",
    "drivers/block/virtio_blk.ko",
    "drivers/char/virtio_console.ko",
    "lib/libcrc32c.ko",
    "fs/erofs/erofs.ko",
    "fs/overlayfs/overlay.ko",
};

// The same, for machines with a network card alone.
constexpr std::array<const char*, 3> kNetworkModules = {
    "net/core/failover.ko",
    "drivers/net/net_failover.ko",
    "drivers/net/virtio_net.ko",
};

struct FreeArchive {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using Writer = std::unique_ptr<archive, FreeArchive>;

la_ssize_t Append(archive*, void* to, const void* bytes, std::size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool Add(const Writer& writer, const std::string& name, unsigned type, std::string_view content) {
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, 0755);
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  bool good = archive_write_header(writer.get(), entry) == ARCHIVE_OK;
  archive_entry_free(entry);
  if (good && !content.empty()) {
    good = archive_write_data(writer.get(), content.data(), content.size()) >= 0;
  }
  return good;
}

// The agent loads them in the order of their names.
bool AddModules(const Writer& writer, const std::string& folder, const fs::path& from,
                std::span<const char* const> modules) {
  bool good = Add(writer, folder, AE_IFDIR, "");
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const fs::path path = from / modules[i];
    auto module = ReadFile(path, kLargestFile);
    if (!module) continue;
    const std::string name = "/" + std::to_string(10 + i) + "-" + path.filename().string();
    good = good && Add(writer, folder + name, AE_IFREG, *module);
  }
  return good;
}

// The newest kernel's version; empty when there is none.
std::string FindVersion(const fs::path& boot) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(boot, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kPrefix)) found.push_back(name.substr(kPrefix.size()));
  }
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.contains("cloud"), a) < std::pair(b.contains("cloud"), b);
  });
  return found.empty() ? "" : found.back();
}

// With the folders above it, each once.
bool AddFile(const Writer& writer, const fs::path& path, std::set<fs::path>& folders,
             std::string_view content) {
  bool good = true;
  fs::path folder;
  for (const fs::path& part : path.parent_path().relative_path()) {
    folder /= part;
    if (folders.insert(folder).second) good = good && Add(writer, folder, AE_IFDIR, "");
  }
  return good && Add(writer, path.relative_path(), AE_IFREG, content);
}

// What `program` is linked with, its loader among it, in the loader's own words: "NAME => PATH
// (...)" or "PATH (...)". Nothing: it is static.
std::vector<fs::path> LibrariesOf(const fs::path& program) {
  std::vector<fs::path> libraries;
  const auto listed = host::RunToEnd({.program = kLoader, .arguments = {"--list", program}},
                                     kListPatience, Bytes::KiB(64));
  if (!listed || !listed->status.success()) return libraries;
  std::istringstream lines(listed->out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find('/');
    if (begin == std::string::npos) continue;
    libraries.emplace_back(line.substr(begin, line.find(' ', begin) - begin));
  }
  return libraries;
}

Result<void> AddRuntime(const Writer& writer, const fs::path& runtime) {
  std::set<fs::path> folders;
  std::vector<std::pair<fs::path, fs::path>> files = {{runtime, kRuntimeInMachine}};
  for (const fs::path& library : LibrariesOf(runtime)) files.emplace_back(library, library);
  for (const auto& [from, to] : files) {
    const auto content = ReadFile(from, kLargestFile);
    if (!content) return Wrap(content.error(), "OCI runtime");
    if (!AddFile(writer, to, folders, *content)) {
      return Fail(Errc::kInternal, "initial file system: libarchive refuses " + to.string());
    }
  }
  return {};
}

Result<std::string> MakeInitrd(const Config& config, const std::string& version) {
  auto agent = ReadFile(config.agent, kLargestFile);
  if (!agent) return Fail(Errc::kUnsupported, "strata-agent: " + agent.error().message);
  std::string cpio;
  Writer writer(archive_write_new());
  archive_write_set_format_cpio_newc(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  archive_write_open(writer.get(), &cpio, nullptr, Append, nullptr);
  const fs::path modules = config.kernel_root / "lib/modules" / version / "kernel";
  if (!config.runtime.empty()) {
    auto added = AddRuntime(writer, config.runtime);
    if (!added) return std::unexpected(std::move(added).error());
  }
  const bool good = Add(writer, "init", AE_IFREG, *agent) &&
                    AddModules(writer, "modules", modules, kModules) &&
                    AddModules(writer, "network-modules", modules, kNetworkModules);
  if (!good || archive_write_close(writer.get()) != ARCHIVE_OK) {
    return Fail(Errc::kInternal, "initial file system: libarchive refuses");
  }
  return cpio;
}

}  // namespace

Result<GuestKernel> LoadGuestKernel(const Config& config) {
  const std::string version = FindVersion(config.kernel_root / "boot");
  if (version.empty()) {
    return Fail(Errc::kUnsupported, "no guest kernel in " + (config.kernel_root / "boot").string() +
                                        ": install Debian's linux-image-cloud-amd64");
  }
  auto file = OpenFile(config.kernel_root / "boot" / (std::string(kPrefix) + version), O_RDONLY);
  if (!file) return std::unexpected(std::move(file).error());
  auto cpio = MakeInitrd(config, version);
  if (!cpio) return std::unexpected(std::move(cpio).error());
  auto initrd = host::MakeSealedMemfd("initrd", AsBytes(*cpio));
  if (!initrd) return std::unexpected(std::move(initrd).error());
  return GuestKernel{.file = std::move(*file), .version = version, .initrd = std::move(*initrd)};
}

}  // namespace strata::sandbox::microvm
