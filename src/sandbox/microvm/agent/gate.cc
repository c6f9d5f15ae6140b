#include "sandbox/microvm/agent/gate.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/agent_gate.h"

namespace strata::sandbox::microvm::agent {
namespace {

constexpr int kNotFound = 127;
constexpr int kCannotRun = 126;

int Complain(const char* program, int error, int code) {
  std::fprintf(stderr, "exec %s: %s\n", program, std::strerror(error));
  return code;
}

// As a runtime looks for a container's program. Nothing: errno says why.
std::optional<std::string> Find(std::string_view program) {
  if (program.contains('/')) {
    std::string path(program);
    if (::access(path.c_str(), X_OK) != 0) return std::nullopt;
    return path;
  }
  const char* const variable = std::getenv("PATH");
  std::string_view places = variable == nullptr ? "" : variable;
  while (!places.empty()) {
    const std::size_t end = std::min(places.find(':'), places.size());
    std::string path(places.substr(0, end));
    path.append("/").append(program);
    if (end > 0 && ::access(path.c_str(), X_OK) == 0) return path;
    places.remove_prefix(std::min(end + 1, places.size()));
  }
  errno = ENOENT;
  return std::nullopt;
}

// Not a byte more: what follows is the program's.
bool ReadExactly(std::span<char> to) {
  while (!to.empty()) {
    const ssize_t got = ::read(STDIN_FILENO, to.data(), to.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

std::optional<std::string> ReadMessage() {
  std::string bytes(kGateLength, '\0');
  if (!ReadExactly(bytes)) return std::nullopt;
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kGateLength; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  if (length > kLongestGateMessage) return std::nullopt;
  bytes.assign(length, '\0');
  if (!ReadExactly(bytes)) return std::nullopt;
  return bytes;
}

void SetVariables(std::string_view variables) {
  while (!variables.empty()) {
    const std::size_t end = std::min(variables.find('\0'), variables.size());
    const std::string_view each = variables.substr(0, end);
    variables.remove_prefix(std::min(end + 1, variables.size()));
    const std::size_t sign = each.find('=');
    if (sign == std::string_view::npos) continue;
    const std::string name(each.substr(0, sign));
    const std::string value(each.substr(sign + 1));
    ::setenv(name.c_str(), value.c_str(), 1);
  }
}

}  // namespace

int WaitAtGate(const char* const* program) {
  const auto path = Find(program[0]);
  if (!path) return Complain(program[0], errno, errno == ENOENT ? kNotFound : kCannotRun);
  if (::write(STDOUT_FILENO, &kAtGate, 1) != 1) return 0;
  const auto variables = ReadMessage();
  if (!variables) return 0;
  SetVariables(*variables);
  ::signal(SIGPIPE, SIG_DFL);  // programs begin with that
  ::execv(path->c_str(), const_cast<char* const*>(program));
  return Complain(program[0], errno, kCannotRun);
}

}  // namespace strata::sandbox::microvm::agent
