#include "host/process/identity.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

#include "base/bytes.h"
#include "base/files/files.h"

namespace strata::host {
namespace {

constexpr Bytes kStatusFile = 64_KiB;

// The first of the four numbers of that line: the real one.
std::optional<std::uint32_t> RealOne(std::string_view status, std::string_view line) {
  const auto at = status.find(line);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = status.substr(at + line.size());
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Identity> IdentityIn(std::string_view status) {
  const auto uid = RealOne(status, "\nUid:\t");
  const auto gid = RealOne(status, "\nGid:\t");
  if (!uid || !gid) return std::nullopt;
  return Identity{*uid, *gid};
}

Result<Identity> IdentityOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/status";
  const auto status = ReadFile(path, kStatusFile);
  if (!status) return std::unexpected(status.error());
  const auto identity = IdentityIn(*status);
  if (!identity) return Fail(Errc::kNotFound, path + " names no user");
  return *identity;
}

}  // namespace strata::host
