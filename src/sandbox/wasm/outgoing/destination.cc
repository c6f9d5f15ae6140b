#include "sandbox/wasm/outgoing/destination.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "http/parse/ascii.h"

namespace strata::sandbox::wasm::outgoing {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

// Letters, digits, '-', '.', '_', and ':' inside brackets. Everything else (spaces, '@', '/',
// control characters) could make the connector and the Host field disagree.
bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

std::unexpected<Error> BadAuthority(std::string_view authority) {
  return Fail(Errc::kInvalidArgument, "bad authority '" + std::string(authority) + "'");
}

}  // namespace

Result<Destination> ParseDestination(std::string_view scheme, std::string_view authority) {
  Destination to;
  if (scheme != "http" && scheme != "https") {
    return Fail(Errc::kInvalidArgument, "scheme '" + std::string(scheme) + "' is not http(s)");
  }
  to.tls = scheme == "https";
  to.port = to.tls ? kHttpsPort : kHttpPort;

  std::string_view host = authority;
  std::string_view port;
  const bool bracketed = authority.starts_with('[');
  const std::size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed) {
    if (end == std::string_view::npos) return BadAuthority(authority);
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (end != std::string_view::npos) {
    host = authority.substr(0, end);
    port = authority.substr(end);
  }
  if (!port.empty()) {
    const char* last = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, last, to.port);
    if (port[0] != ':' || parsed.ec != std::errc() || parsed.ptr != last || to.port == 0) {
      return BadAuthority(authority);
    }
  }

  to.host.resize(host.size());
  std::ranges::transform(host, to.host.begin(), http::LowerAscii);
  const auto allowed = [bracketed](char c) {
    return IsHostCharacter(c) || (bracketed && c == ':');
  };
  if (to.host.empty() || !std::ranges::all_of(to.host, allowed)) return BadAuthority(authority);
  return to;
}

bool IsGranted(std::span<const model::HttpGrant> grants, const Destination& destination) {
  return std::ranges::any_of(grants, [&](const model::HttpGrant& grant) {
    return grant.host == destination.host && grant.port == destination.port;
  });
}

}  // namespace strata::sandbox::wasm::outgoing
