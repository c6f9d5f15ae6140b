#include "sandbox/fake/driver.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "sandbox/fake/image.h"
#include "sandbox/fake/script.h"

namespace strata::sandbox::fake {
namespace {

constexpr std::size_t kMaxScript = 64 * 1024;

Result<std::string> ReadAll(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::pread(fd, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (got < 0) return FailErrno("read script", errno);
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxScript) return Fail(Errc::kInvalidArgument, "script: too long");
  }
}

}  // namespace

FakeDriver::FakeDriver(Loop& loop, const Clock& clock, Config config)
    : runtime_(new Runtime{.loop = loop, .clock = clock, .config = config, .metrics = {}}) {}

Result<Fd> FakeDriver::Artifact(std::string_view script) {
  Fd fd(::memfd_create("strata-fake", MFD_CLOEXEC));
  if (!fd.valid()) return FailErrno("memfd_create", errno);
  const ssize_t written = ::write(fd.get(), script.data(), script.size());
  if (written < 0) return FailErrno("write script", errno);
  return fd;
}

Result<std::shared_ptr<Image>> FakeDriver::Prepare(Fd prepared) {
  auto text = ReadAll(prepared.get());
  if (!text) return std::unexpected(std::move(text).error());
  auto script = ParseScript(*text);
  if (!script) return std::unexpected(std::move(script).error());
  return std::make_shared<FakeImage>(runtime_, std::move(*script));
}

}  // namespace strata::sandbox::fake
