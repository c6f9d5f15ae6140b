#include "route/plan/path.h"

#include <cstddef>
#include <optional>

namespace strata::route {
namespace {

constexpr int HexDigit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool IsUnreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '~';
}

// The octet that "%xy" at `at` stands for.
std::optional<char> DecodeAt(std::string_view path, std::size_t at) noexcept {
  if (at + 2 >= path.size()) return std::nullopt;
  const int high = HexDigit(path[at + 1]);
  const int low = HexDigit(path[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

// Looks at the raw path: segments, forbidden characters. Sets `encoded` when there is a '%'.
Result<void> CheckRaw(std::string_view path, bool& encoded) {
  if (path.empty() || path.front() != '/') {
    return Fail(Errc::kInvalidArgument, "the path does not start with '/'");
  }
  std::size_t start = 1;
  for (std::size_t i = 1; i <= path.size(); ++i) {
    if (i < path.size() && path[i] != '/') {
      const auto c = static_cast<unsigned char>(path[i]);
      if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '?' || c == '#') {
        return Fail(Errc::kInvalidArgument, "the path has a character that must be encoded");
      }
      encoded |= c == '%';
      continue;
    }
    const std::string_view segment = path.substr(start, i - start);
    if (segment == "." || segment == "..") {
      return Fail(Errc::kInvalidArgument, "the path has a '.' or '..' segment");
    }
    if (segment.empty() && i < path.size()) {
      return Fail(Errc::kInvalidArgument, "the path has an empty segment");
    }
    start = i + 1;
  }
  return {};
}

}  // namespace

Result<std::string_view> CanonicalPath(std::string_view path, std::string& scratch) {
  bool encoded = false;
  if (auto checked = CheckRaw(path, encoded); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  if (!encoded) return path;
  scratch.clear();
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      scratch.push_back(path[i]);
      continue;
    }
    const auto octet = DecodeAt(path, i);
    if (!octet) return Fail(Errc::kInvalidArgument, "the path has a '%' without two hex digits");
    if (*octet == '/' || *octet == '\\' || *octet == '.' || *octet == '\0') {
      return Fail(Errc::kInvalidArgument, "the path has an encoded slash, dot, backslash or NUL");
    }
    if (IsUnreserved(*octet)) {
      scratch.push_back(*octet);
    } else {
      // Hex digits of both cases mean the same octet: the match sees upper case.
      constexpr char kUpper[] = "0123456789ABCDEF";
      const auto value = static_cast<unsigned char>(*octet);
      scratch.push_back('%');
      scratch.push_back(kUpper[value >> 4]);
      scratch.push_back(kUpper[value & 15]);
    }
    i += 2;
  }
  return std::string_view(scratch);
}

}  // namespace strata::route
