#include "isolation/plants.h"

#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/files/files.h"
#include "base/files/unique_directory.h"
#include "base/random.h"
#include "base/text/hex.h"
#include "http/server/listener.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

std::string MakeToken() {
  SystemRandom random;
  std::array<std::byte, 12> bytes{};
  random.Fill(bytes);
  return "strata-plant-" + HexEncode(bytes);
}

Result<Fd> ListenAbstract(const std::string& name) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 2);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (!fd.valid() || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(fd.get(), 16) != 0) {
    return FailErrno("listen on an abstract socket", errno);
  }
  return fd;
}

}  // namespace

Result<Plants> Plants::Make() {
  Plants plants;
  plants.token_ = MakeToken();
  auto made = plants.MakeFiles();
  if (made) made = plants.MakeSockets();
  if (made) made = plants.MakeProcess();
  if (!made) return Wrap(std::move(made).error(), "plant for the battery");
  return plants;
}

Plants::Plants(Plants&& other) noexcept
    : token_(std::move(other.token_)),
      directory_(std::exchange(other.directory_, {})),
      abstract_(std::move(other.abstract_)),
      path_(std::move(other.path_)),
      tcp_(std::move(other.tcp_)),
      port_(other.port_),
      shm_key_(other.shm_key_),
      shm_(std::exchange(other.shm_, -1)),
      process_(std::exchange(other.process_, std::nullopt)) {}

Plants::~Plants() {
  if (shm_ >= 0) ::shmctl(shm_, IPC_RMID, nullptr);
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

Result<void> Plants::MakeFiles() {
  auto made = MakeUniqueDirectory(fs::temp_directory_path() / "strata-plant");
  if (!made) return std::unexpected(made.error());
  directory_ = *std::move(made);
  // Whoever gets there may: only the sandbox is in the way.
  ::chmod(directory_.c_str(), 0777);
  if (auto wrote = WriteFileAtomic(directory_ / "secret", token_ + "\n", 0666); !wrote)
    return wrote;
  std::error_code error;
  fs::create_directory(granted(), error);
  if (!error) fs::create_symlink("../secret", granted() / "out", error);
  if (!error) fs::permissions(granted(), fs::perms::all, error);
  if (error) return Fail(Errc::kInternal, "make a directory to grant: " + error.message());
  if (auto wrote = WriteFileAtomic(directory_ / "tenant", token_ + "\n", 0600); !wrote) {
    return wrote;
  }
  SystemRandom random;
  shm_key_ = static_cast<int>(random.Below(0x7ffffffe)) + 1;
  shm_ = ::shmget(shm_key_, 4096, IPC_CREAT | IPC_EXCL | 0666);
  if (shm_ < 0) return FailErrno("make shared memory", errno);
  return {};
}

Result<void> Plants::MakeSockets() {
  auto abstract = ListenAbstract(token_);
  if (!abstract) return std::unexpected(std::move(abstract).error());
  auto path = http::ListenUnix((directory_ / "socket").string());
  if (!path) return std::unexpected(std::move(path).error());
  ::chmod((directory_ / "socket").c_str(), 0777);
  auto address = http::ParseTcpAddress("127.0.0.1:0");
  if (!address) return std::unexpected(std::move(address).error());
  auto tcp = http::ListenTcp(*address, http::PortSharing::kExclusive);
  if (!tcp) return std::unexpected(std::move(tcp).error());
  auto port = http::LocalPort(*tcp);
  if (!port) return std::unexpected(std::move(port).error());
  abstract_ = std::move(*abstract);
  path_ = std::move(*path);
  tcp_ = std::move(*tcp);
  port_ = *port;
  return {};
}

Result<void> Plants::MakeProcess() {
  // It stops itself and stays.
  auto process = host::Process::Spawn({.program = "/bin/sh",
                                       .arguments = {"-c", "kill -STOP $$", token_},
                                       .environment = {"STRATA_PLANTED=" + token_},
                                       .parent_death_signal = SIGKILL});
  if (!process) return std::unexpected(std::move(process).error());
  process_ = std::move(*process);
  return {};
}

model::Env Plants::Environment(const std::string& granted_at) const {
  // Planted by whoever runs us in a network namespace of their own; never a real address.
  const auto given = [](const char* name, const char* otherwise) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
  };
  return {{"STRATA_PLANT_TOKEN", token_},
          {"STRATA_PLANT_FILE", directory_ / "secret"},
          {"STRATA_PLANT_DIRECTORY", directory_},
          {"STRATA_PLANT_ABSTRACT", token_},
          {"STRATA_PLANT_PATH", directory_ / "socket"},
          {"STRATA_PLANT_SETUID", "/battery-setuid"},
          {"STRATA_PLANT_PID", std::to_string(process_->pid())},
          {"STRATA_PLANT_PORT", std::to_string(port_)},
          {"STRATA_PLANT_GRANTED", granted_at},
          {"STRATA_PLANT_TENANT_FILE", directory_ / "tenant"},
          {"STRATA_PLANT_TENANT_ADDRESS", given("STRATA_PLANT_TENANT_ADDRESS", "127.0.0.1")},
          {"STRATA_PLANT_TENANT_PORT", given("STRATA_PLANT_TENANT_PORT", "0")},
          {"STRATA_PLANT_METADATA_PORT", given("STRATA_PLANT_METADATA_PORT", "0")},
          {"STRATA_PLANT_SHM_KEY", std::to_string(shm_key_)}};
}

}  // namespace strata::cli
