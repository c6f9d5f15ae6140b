// apps/strata/isolation/plants.h - what `strata probe --isolation` puts on the host for guests to
// go after: a file, a directory, sockets, a shared memory segment and a process, all with a token
// that is nobody's secret. Everything goes with the object; the process also with this one.
//
// Threads: one. Errors: FailErrno's codes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/process/process.h"
#include "model/values.h"

namespace strata::cli {

class Plants {
 public:
  static Result<Plants> Make();
  Plants(Plants&& other) noexcept;
  Plants& operator=(Plants&&) = delete;
  ~Plants();

  // What guests are told (measure/battery/battery.h); they see granted() at `granted_at`.
  [[nodiscard]] model::Env Environment(const std::string& granted_at) const;

  // A directory to be granted, with a link that leads out of it.
  [[nodiscard]] std::filesystem::path granted() const { return directory_ / "granted"; }

 private:
  Plants() = default;
  Result<void> MakeFiles();
  Result<void> MakeSockets();
  Result<void> MakeProcess();

  std::string token_;
  std::filesystem::path directory_;
  Fd abstract_;
  Fd path_;
  Fd tcp_;
  std::uint16_t port_ = 0;
  int shm_key_ = 0;
  int shm_ = -1;
  std::optional<host::Process> process_;
};

}  // namespace strata::cli
