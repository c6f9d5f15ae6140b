#include "store/mac_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/files/files.h"
#include "base/text/byte_view.h"

namespace strata::store {
namespace {

std::unexpected<Error> Unusable(const std::string& path, const std::string& why) {
  return Fail(Errc::kFailedPrecondition,
              path + " " + why + ". Move it away to get a new key; compiled code is then rebuilt");
}

Result<MacKey> Load(const std::string& path) {
  auto fd = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return std::unexpected(std::move(fd).error());
  struct stat status = {};
  if (::fstat(fd->get(), &status) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
    return Unusable(path, "is not a regular file of this user");
  }
  if ((status.st_mode & 0077) != 0) return Unusable(path, "can be read by others: no secret");
  MacKey key;
  // One byte more is asked for, so that a longer file shows.
  std::array<std::byte, std::tuple_size_v<MacKey> + 1> content;
  const ssize_t got = ::read(fd->get(), content.data(), content.size());
  if (got < 0) return FailErrno("read " + path, errno);
  if (static_cast<std::size_t>(got) != key.size()) return Unusable(path, "does not hold 32 bytes");
  std::copy_n(content.begin(), key.size(), key.begin());
  return key;
}

}  // namespace

Result<MacKey> LoadOrCreateMacKey(const std::string& directory, Random& random) {
  if (auto made = MakeDirectories(directory, 0700); !made) {
    return std::unexpected(std::move(made).error());
  }
  const std::string path = directory + "/mac.key";
  auto key = Load(path);
  if (key || key.error().code != Errc::kNotFound) return key;
  MacKey fresh;
  random.Fill(fresh);
  if (auto written = WriteFileAtomic(path, AsText(fresh), 0600); !written) {
    return std::unexpected(std::move(written).error());
  }
  return fresh;
}

}  // namespace strata::store
