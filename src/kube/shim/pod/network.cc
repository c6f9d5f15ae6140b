#include "kube/shim/pod/network.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "http/server/listener.h"

namespace strata::kube::shim {
namespace {

Result<std::vector<Fd>> ListenHere(const char* v4, const char* v6, std::uint16_t port) {
  std::vector<Fd> listeners;
  auto first = http::ListenTcp({.host = v4, .port = port});
  if (!first) return std::unexpected(std::move(first).error());
  listeners.push_back(std::move(*first));
  auto second = http::ListenTcp({.host = v6, .port = port});
  if (second) {
    listeners.push_back(std::move(*second));
  } else if (second.error().code == Errc::kFailedPrecondition) {
    return std::unexpected(std::move(second).error());  // in use; else there is no IPv6
  }
  return listeners;
}

}  // namespace

Result<void> EnterNetwork(const std::string& path) {
  const auto held = OpenFile(path, O_RDONLY);
  if (!held) return std::unexpected(held.error());
  if (::setns(held->get(), CLONE_NEWNET) != 0) return FailErrno("enter " + path, errno);
  return {};
}

Result<std::vector<Fd>> ListenAt(const std::string& path, std::uint16_t port) {
  if (path.empty()) return ListenHere("127.0.0.1", "::1", port);
  return InNetwork(path, [port] { return ListenHere("0.0.0.0", "::", port); });
}

}  // namespace strata::kube::shim
