#include "cell/roles/zygote.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <malloc.h>

#include "base/files/fd.h"
#include "base/text/byte_view.h"
#include "cell/roles/command_role.h"
#include "cell/roles/zygote_request.h"
#include "cell/start/seccomp_table.h"
#include "host/process/fdpass.h"
#include "host/process/sibling.h"
#include "sandbox/wasm/driver.h"

namespace strata::cell {
namespace {

using sandbox::wasm::Loaded;

constexpr int kFailed = 1;
// In its life: nothing of them is given back. One may have more code if it is the only one.
constexpr std::size_t kMostImages = 64;
constexpr Bytes kMostCode = 256_MiB;
constexpr std::size_t kLargestTaken = 64 << 10;
constexpr std::size_t kTakenStep = 16;

int Fails(const Error& why) {
  std::fprintf(stderr, "strata-cell: %s\n", why.message.c_str());
  return kFailed;
}

Result<Bytes> SizeOf(const Fd& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return FailErrno("stat the code", errno);
  return Bytes{static_cast<std::uint64_t>(status.st_size)};
}

// Takes for good whatever the heap has free below its end, which is memory that this process has
// anyway: what a child allocates would be strewn over it, and each page that it touches is its own.
void TakeFreeMemory() {
  ::malloc_trim(0);
  const auto* const end = static_cast<const char*>(::sbrk(0)) - ::mallinfo2().keepcost;
  for (std::size_t size = kLargestTaken; size > 0; size -= kTakenStep) {
    void* taken = nullptr;
    do {
      taken = std::malloc(size);
    } while (taken != nullptr && static_cast<const char*>(taken) < end);
    std::free(taken);
  }
}

class Zygote {
 public:
  Zygote(host::SeccompFilter filter, MissingProtection missing)
      : filter_(std::move(filter)), missing_(missing) {}

  // Until the starter closes the socket.
  int Serve() {
    std::vector<std::byte> buffer(kZygotePacket.count);
    while (true) {
      auto got = host::ReceiveWithFds(kZygoteFd, buffer);
      if (!got) return Fails(got.error());
      if (got->state == host::Received::State::kClosed) return 0;
      if (got->state != host::Received::State::kData) continue;
      const auto made = Make(AsText(ByteView(buffer).first(got->size)), std::move(got->fds));
      if (auto said = Say(made); !said) return Fails(said.error());
    }
  }

 private:
  static Result<std::size_t> Say(const Result<pid_t>& answer) {
    return host::SendWithFds(kZygoteFd, AsBytes(ToText(answer)), {});
  }

  Result<pid_t> Make(std::string_view text, std::vector<Fd> fds) {
    const auto request = ReadZygoteRequest(text);
    if (!request) return std::unexpected(request.error());
    if (fds.size() != request->descriptors()) {
      return Fail(Errc::kInvalidArgument, "not the descriptors of that request");
    }
    auto loaded = Load(*request, fds[kCode]);
    if (!loaded) return Wrap(std::move(loaded).error(), "load the module");
    auto child = host::ForkSibling();
    if (child && *child == 0) Become(*request, std::move(fds), std::move(*loaded));
    return child;
  }

  Result<Loaded> Load(const ZygoteRequest& request, const Fd& code) {
    const std::pair key(request.module, request.slots);
    if (const auto at = images_.find(key); at != images_.end()) return at->second;
    const auto size = SizeOf(code);
    if (!size) return std::unexpected(size.error());
    const bool full = images_.size() == kMostImages || code_ + *size > kMostCode;
    if (full && !images_.empty()) {
      return Fail(Errc::kUnavailable, "this zygote knows as many modules as it can");
    }
    auto engine = EngineOf(request.slots);
    // Another's address space is empty.
    if (!engine && engine.error().code == Errc::kResourceExhausted && !images_.empty()) {
      return Fail(Errc::kUnavailable, engine.error().message);
    }
    if (!engine) return std::unexpected(std::move(engine).error());
    auto loaded = sandbox::wasm::LoadEarly(std::move(*engine), code);
    if (!loaded) return loaded;
    images_[key] = *loaded;
    code_ = code_ + *size;
    TakeFreeMemory();
    return loaded;
  }

  // That of an image with as many slots, if there is one.
  Result<std::shared_ptr<sandbox::wasm::Engine>> EngineOf(std::uint32_t slots) {
    for (const auto& [key, image] : images_) {
      if (key.second == slots) return image.engine;
    }
    return sandbox::wasm::MakeEngine(CommandConfig(slots));
  }

  [[noreturn]] void Become(const ZygoteRequest& request, std::vector<Fd> fds, Loaded loaded) {
    ::close(kZygoteFd);
    if (const auto settled = Settle(fds); !settled) std::_Exit(Fails(settled.error()));
    CommandOptions options{.allowed = {},
                           .missing = missing_,
                           .filter = &filter_,
                           .begin = std::move(fds[kBegin]),
                           .plan = std::move(fds[kPlan]),
                           .listeners = {},
                           .loaded = std::move(loaded)};
    auto next = fds.begin() + kFixed;
    for (std::size_t i = 0; i < request.listeners; ++i) {
      options.listeners.push_back(std::move(*next++));
    }
    options.allowed.volumes = request.volumes;
    for (GivenVolume& volume : options.allowed.volumes) volume.fd = (next++)->Release();
    fds.clear();
    RunCommand(std::move(options));
  }

  // What a process that is started has by then: its session, whom it dies with, and its streams.
  [[nodiscard]] Result<void> Settle(std::vector<Fd>& fds) const {
    if (::setsid() < 0) return FailErrno("new session", errno);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return FailErrno("death signal", errno);
    // It may have died before; then nobody would ever send the signal.
    if (::getppid() != starter_) return Fail(Errc::kUnavailable, "the starter is gone");
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (::dup2(fds[number].get(), number) < 0) return FailErrno("streams", errno);
      fds[number].Reset();
    }
    return {};
  }

  const host::SeccompFilter filter_;  // of a host
  const MissingProtection missing_;
  const pid_t starter_ = ::getppid();
  std::map<std::pair<std::string, std::uint32_t>, Loaded> images_;  // by module and slots
  Bytes code_;                                                      // of them
};

}  // namespace

int RunZygote(MissingProtection missing) {
  auto filter =
      host::SeccompFilter::Make(SeccompTable(Role::kHost), host::SeccompDefault::kKillProcess);
  if (!filter) return Fails(filter.error());
  const auto confined = Confine(Role::kZygote, {}, missing);
  if (!confined) return Fails(confined.error());
  return Zygote(std::move(*filter), missing).Serve();
}

}  // namespace strata::cell
