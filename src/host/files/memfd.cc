#include "host/files/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/files/files.h"

namespace strata::host {
namespace {

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, Linux 6.3: can never be made executable
constexpr unsigned kExec = 16;       // MFD_EXEC, likewise: may be executed

// Older kernels know neither `flag`, and let every memory file be executed.
Result<Fd> MakeWith(unsigned flag, const std::string& name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Fd fd(::memfd_create(name.c_str(), kFlags | flag));
  if (!fd.valid() && errno == EINVAL) fd = Fd(::memfd_create(name.c_str(), kFlags));
  if (!fd.valid()) return FailErrno("memfd_create " + name, errno);
  return fd;
}

Result<Fd> Fill(Result<Fd> fd, const std::string& name, ByteView content) {
  if (!fd) return fd;
  auto done = WriteAll(fd->get(), AsText(content));
  if (done) done = SealMemfd(fd->get());
  if (!done) return Wrap(std::move(done).error(), "memfd " + name);
  return fd;
}

}  // namespace

Result<Fd> MakeMemfd(const std::string& name) { return MakeWith(kNoExecSeal, name); }

Result<void> SealMemfd(int fd) {
  // EBUSY says that it is mapped to be written, which the kernel sees at once, or that something of
  // the kernel's own, such as compaction, holds a page. For that it waits 150 ms, which a machine
  // under load needs more than once.
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    if (::fcntl(fd, F_ADD_SEALS, kAllSeals) == 0) return {};
    if (errno != EBUSY) break;
  }
  return FailErrno("seal", errno);
}

Result<Fd> MakeSealedMemfd(const std::string& name, ByteView content) {
  return Fill(MakeMemfd(name), name, content);
}

Result<Fd> MakeSealedProgram(const std::string& name, ByteView content) {
  return Fill(MakeWith(kExec, name), name, content);
}

Result<Bytes> VerifySealedMemfd(int fd) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return Fail(Errc::kInvalidArgument, "the descriptor is no memory file");
  if ((seals & kAllSeals) != kAllSeals) {
    return Fail(Errc::kInvalidArgument, "the memory file is not sealed");
  }
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return FailErrno("stat memory file", errno);
  return Bytes{static_cast<std::uint64_t>(status.st_size)};
}

Mapping::~Mapping() {
  if (!view_.empty()) ::munmap(const_cast<std::byte*>(view_.data()), view_.size());
}

Result<Mapping> MapSealedMemfd(int fd) {
  auto size = VerifySealedMemfd(fd);
  if (!size) return std::unexpected(std::move(size).error());
  if (size->count == 0) return Mapping();  // mmap refuses an empty range
  void* start = ::mmap(nullptr, size->count, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start == MAP_FAILED) return FailErrno("map memory file", errno);
  return Mapping(ByteView(static_cast<const std::byte*>(start), size->count));
}

}  // namespace strata::host
