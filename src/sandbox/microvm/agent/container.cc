#include "sandbox/microvm/agent/container.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/files/files.h"
#include "sandbox/oci/runtime/last_words.h"

namespace strata::sandbox::microvm::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "/container";
constexpr const char* kName = "main";

}  // namespace

bool HasContainers() { return ::access(kRuntimeInMachine, X_OK) == 0; }

std::string Contained::File(const char* what) const {
  const std::string folder = std::string(kFolder) + "/";
  return beside_ == 0 ? folder + what : folder + std::to_string(beside_) + "." + what;
}

Result<Contained> Contained::Make(const Program& program) {
  static unsigned made = 0;
  const Contained contained(program.beside ? ++made : 0);
  if (!program.beside) contained.Forget();
  if (auto there = MakeDirectories(kFolder, 0700); !there) return std::unexpected(there.error());
  auto file = OpenFile(contained.File("config.json"), O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return std::unexpected(std::move(file).error());
  auto written = WriteAll(file->get(), program.container);
  if (!written) return std::unexpected(std::move(written).error());
  return contained;
}

std::vector<std::string> Contained::Command() const {
  std::vector<std::string> all = {
      kRuntimeInMachine, "--root", std::string(kFolder) + "/state", "--log", File("log"),
      "--log-format",    "json"};
  if (beside_ == 0) {
    all.insert(all.end(), {"run", "--bundle", kFolder});
  } else {
    all.insert(all.end(), {"exec", "--process", File("config.json")});
  }
  if (terminal_) all.insert(all.end(), {"--console-socket", File("console")});
  all.insert(all.end(), {"--detach", "--pid-file", File("pid"), kName});
  return all;
}

Result<Fd> Contained::Listen() {
  Fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  File("console").copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listening.get(), 1) != 0) {
    return FailErrno("listen for the terminal", errno);
  }
  terminal_ = true;
  return listening;
}

pid_t Contained::pid() const {
  const auto text = ReadFile(File("pid"), 64_B);
  return text ? std::atoi(text->c_str()) : 0;
}

std::string Contained::Complaint() const { return oci::LastWords(File("log")).value_or(""); }

void Contained::Forget() const {
  std::error_code ignored;
  if (beside_ == 0) {
    fs::remove_all(kFolder, ignored);
    return;
  }
  for (const char* what : {"config.json", "console", "log", "pid"}) fs::remove(File(what), ignored);
}

Result<Fd> TakeConsole(const Fd& listening) {
  const Fd from(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  std::array<char, 256> name;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{name.data(), name.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC) < 0) {
    return FailErrno("take the terminal", errno);
  }
  const cmsghdr* passed = CMSG_FIRSTHDR(&message);
  if (passed == nullptr || passed->cmsg_type != SCM_RIGHTS) {
    return Fail(Errc::kInternal, "the OCI runtime has made no terminal");
  }
  int terminal = -1;
  std::memcpy(&terminal, CMSG_DATA(passed), sizeof(terminal));
  return Fd(terminal);
}

Result<void> RenameContainer(pid_t pid, const std::string& hostname) {
  auto own = OpenFile("/proc/self/ns/uts", O_RDONLY);
  if (!own) return std::unexpected(std::move(own).error());
  auto its = OpenFile("/proc/" + std::to_string(pid) + "/ns/uts", O_RDONLY);
  if (!its) return {};  // it has just ended
  if (::setns(its->get(), CLONE_NEWUTS) != 0) return FailErrno("enter the container", errno);
  const bool renamed = ::sethostname(hostname.data(), hostname.size()) == 0;
  const int failed = errno;
  if (::setns(own->get(), CLONE_NEWUTS) != 0) return FailErrno("leave the container", errno);
  return renamed ? Result<void>{} : FailErrno("set the container's name", failed);
}

}  // namespace strata::sandbox::microvm::agent
