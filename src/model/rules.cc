#include "model/rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text/strings.h"
#include "model/artifact_reference.h"

namespace strata::model {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxRoutePath = 1024;
constexpr std::size_t kMaxFilePath = 4096;
constexpr std::size_t kMaxEnvName = 256;
constexpr std::size_t kMaxValue = 32 << 10;

// ASCII only, whatever the locale.
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlnum(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c); }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool HasControl(std::string_view text) { return std::any_of(text.begin(), text.end(), IsControl); }

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "' "; }

std::unexpected<Error> Refuse(std::string_view text, const std::string& what) {
  return Fail(Errc::kInvalidArgument, Quoted(text) + what);
}

// Letters, digits and `inner` characters, which may neither begin nor end it.
bool IsWord(std::string_view text, std::string_view inner) {
  if (text.empty() || !IsAlnum(text.front()) || !IsAlnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [inner](char c) {
    return IsAlnum(c) || inner.find(c) != std::string_view::npos;
  });
}

bool IsDnsLabel(std::string_view text) {
  return text.size() <= kMaxLabel && IsWord(text, "-") &&
         std::none_of(text.begin(), text.end(), IsUpper);
}

bool IsDnsName(std::string_view text) {
  if (text.empty() || text.size() > kMaxHost) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986: characters that mean the same escaped or not.
bool IsUnreserved(char c) { return IsAlnum(c) || std::string_view("-._~").contains(c); }
// What else may stand in a path segment as it is.
bool IsSegmentChar(char c) {
  return IsUnreserved(c) || std::string_view("!$&'()*+,;=:@").contains(c);
}

void AppendEscape(std::string& to, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  to += '%';
  to += kHex[byte >> 4];
  to += kHex[byte & 15];
}

// Writes `text` with one spelling of every escape.
Result<std::string> NormalizeEscapes(std::string_view text) {
  std::string normal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    const bool escaped = c == '%';
    if (escaped) {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Refuse(text, "has a '%' without two hexadecimal digits");
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (IsControl(c)) return Refuse(text, "holds a control character");
    if (c == '\\') return Refuse(text, "holds a backslash");
    if (escaped && c == '/') return Refuse(text, "holds an escaped '/'");
    if (!escaped && (c == '?' || c == '#')) return Refuse(text, "is more than a path");
    if (IsUnreserved(c) || (!escaped && (c == '/' || IsSegmentChar(c)))) {
      normal += c;
    } else {
      AppendEscape(normal, c);
    }
  }
  return normal;
}

// What is wrong with the segments of an absolute path; a slash at the end is allowed.
Problem SegmentsProblem(std::string_view path) {
  std::string_view rest = path.substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty()) return "holds '//'";
    if (segment == "." || segment == "..") return "holds '" + std::string(segment) + "'";
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

Problem ValueProblem(std::string_view text) {
  if (text.size() > kMaxValue) return "is longer than 32 KiB";
  const bool bad = std::any_of(text.begin(), text.end(), [](char c) {
    return IsControl(c) && c != '\t' && c != '\n' && c != '\r';
  });
  if (bad) return "holds a control character";
  return std::nullopt;
}

}  // namespace

Problem DnsLabelProblem(std::string_view text) {
  if (IsDnsLabel(text)) return std::nullopt;
  return "is no DNS label: 1 to 63 of a-z, 0-9 and '-', which neither begins nor ends it";
}

Problem LabelKeyProblem(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool prefixed = slash != std::string_view::npos;
  const std::string_view name = prefixed ? text.substr(slash + 1) : text;
  if ((!prefixed || IsDnsName(text.substr(0, slash))) && name.size() <= kMaxLabel &&
      IsWord(name, "-_.")) {
    return std::nullopt;
  }
  return "is no label key: an optional DNS name and '/', then 1 to 63 of A-Z, a-z, 0-9, '-', '_' "
         "and '.'";
}

Problem LabelValueProblem(std::string_view text) {
  if (text.empty() || (text.size() <= kMaxLabel && IsWord(text, "-_."))) return std::nullopt;
  return "is no label value: up to 63 of A-Z, a-z, 0-9, '-', '_' and '.', the first and last a "
         "letter or digit";
}

Problem EnvNameProblem(std::string_view text) {
  const bool valid =
      !text.empty() && text.size() <= kMaxEnvName && !IsDigit(text.front()) &&
      std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '_'; });
  if (valid) return std::nullopt;
  return "is no environment variable name: letters, digits and '_', not beginning with a digit";
}

Problem EnvValueProblem(std::string_view text) { return ValueProblem(text); }
Problem AnnotationProblem(std::string_view text) { return ValueProblem(text); }

Problem MethodProblem(std::string_view text) {
  const auto upper_token = [](char c) { return IsUpper(c) || IsDigit(c) || c == '-' || c == '_'; };
  if (text == "CONNECT") return "cannot be routed: it has no path";
  if (!text.empty() && text.size() <= 11 && std::all_of(text.begin(), text.end(), upper_token)) {
    return std::nullopt;
  }
  return "is no HTTP method: 1 to 11 upper-case letters, digits, '-' and '_'";
}

Result<std::string> NormalizeHeaderName(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  constexpr std::array<std::string_view, 10> kNotTheirs = {
      "connection", "content-length",    "expect", "host", "keep-alive", "strata-hop", "te",
      "trailer",    "transfer-encoding", "upgrade"};
  std::string name(text);
  for (char& c : name) {
    if (IsUpper(c)) c = static_cast<char>(c - 'A' + 'a');
    if (IsLower(c) || IsDigit(c) || kMarks.contains(c)) continue;
    return Fail(Errc::kInvalidArgument, "'" + std::string(text) + "' is no header's name");
  }
  if (name.empty() || name.size() > 64) {
    return Fail(Errc::kInvalidArgument, "a header's name has 1 to 64 characters");
  }
  if (std::ranges::find(kNotTheirs, name) != kNotTheirs.end()) {
    return Fail(Errc::kInvalidArgument,
                "'" + name + "' is about the connection; no route can ask for it");
  }
  return name;
}

Problem HeaderValueProblem(std::string_view text) {
  const auto visible = [](char c) { return c >= ' ' && c <= '~'; };
  const bool fits = !text.empty() && text.size() <= 256 && std::ranges::all_of(text, visible);
  if (fits && text.front() != ' ' && text.back() != ' ') return std::nullopt;
  return "is no header's value: 1 to 256 visible characters, with spaces inside only";
}

bool MethodsOverlap(const std::vector<std::string>& a, const std::vector<std::string>& b) noexcept {
  if (a.empty() || b.empty()) return true;
  return std::any_of(a.begin(), a.end(), [&b](const std::string& method) {
    return std::find(b.begin(), b.end(), method) != b.end();
  });
}

Result<std::string> NormalizeHost(std::string_view text) {
  if (text == "*") return std::string(text);
  std::string host = Lower(text);
  if (IsDnsName(host)) return host;
  if (host.find('*') != std::string::npos) {
    return Refuse(text, "is neither '*' nor an exact name; there are no partial wildcards");
  }
  return Refuse(text, "is no DNS name (and takes no port)");
}

Result<std::string> NormalizePath(std::string_view text) {
  if (!text.starts_with('/')) return Refuse(text, "must begin with '/'");
  if (text.size() > kMaxRoutePath) {
    return Fail(Errc::kInvalidArgument, "the path is longer than 1024 bytes");
  }
  auto path = NormalizeEscapes(text);
  if (!path) return path;
  if (auto problem = SegmentsProblem(*path)) return Refuse(text, *problem);
  if (path->size() > 1 && path->ends_with('/')) path->pop_back();
  return path;
}

Result<HttpGrant> ParseHttpGrant(std::string_view text) {
  if (text.find("//") != std::string_view::npos) {
    return Refuse(text, "is a URL; write host:port alone");
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "has no port; write host:port");
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
      digits.front() == '0') {
    return Refuse(text, "has no valid port (1 to 65535)");
  }
  std::string host = Lower(text.substr(0, colon));
  if (!IsDnsName(host)) {
    return Refuse(text, "must be an exact DNS name or IPv4 address and a port; no wildcard");
  }
  return HttpGrant{std::move(host), port};
}

std::string HttpGrantToString(const HttpGrant& grant) {
  return grant.host + ":" + std::to_string(grant.port);
}

namespace {

struct TimeUnit {
  std::string_view name;
  std::chrono::milliseconds length;
};
constexpr std::array<TimeUnit, 4> kTimeUnits = {{{"ms", std::chrono::milliseconds(1)},
                                                 {"s", std::chrono::seconds(1)},
                                                 {"m", std::chrono::minutes(1)},
                                                 {"h", std::chrono::hours(1)}}};
constexpr std::chrono::hours kLongestKeepAlive{24};

}  // namespace

Result<std::chrono::milliseconds> ParseKeepAlive(std::string_view text) {
  std::uint32_t number = 0;
  const auto [rest, error] = std::from_chars(text.begin(), text.end(), number);
  const std::string_view unit(rest, text.end());
  const auto* const found = std::ranges::find(kTimeUnits, unit, &TimeUnit::name);
  if (error != std::errc{} || found == kTimeUnits.end()) {
    return Refuse(text, "is no time; write 'auto', or a whole number with its unit: 90s, 5m");
  }
  if (number > kLongestKeepAlive / found->length) return Refuse(text, "is longer than 24h");
  return number * found->length;
}

std::string KeepAliveToString(std::chrono::milliseconds time) {
  const TimeUnit* largest = kTimeUnits.begin();
  for (const TimeUnit& unit : kTimeUnits) {
    if (time % unit.length == std::chrono::milliseconds::zero()) largest = &unit;
  }
  if (time == std::chrono::milliseconds::zero()) largest = &kTimeUnits[1];
  return std::to_string(time / largest->length).append(largest->name);
}

Problem RequestPathProblem(std::string_view text) {
  constexpr std::size_t kLongest = 1024;
  const auto odd = [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; };
  if (!text.starts_with('/')) return "must start with '/'";
  if (text.size() > kLongest) return "is longer than 1024 bytes";
  if (std::ranges::any_of(text, odd)) return "has a character that must be percent-encoded";
  return std::nullopt;
}

Problem WordProblem(std::string_view text) {
  constexpr std::size_t kLongest = 4096;
  if (text.size() > kLongest) return "is longer than 4096 bytes";
  if (text.contains('\0')) return "has a zero byte";
  return std::nullopt;
}

Problem GuestPathProblem(std::string_view text) {
  if (!text.starts_with('/')) return "must be an absolute path";
  if (text.size() == 1) return "is the guest's root; grant a directory below it";
  if (text.size() > kMaxRoutePath) return "is longer than 1024 bytes";
  if (HasControl(text)) return "holds a control character";
  if (text.ends_with('/')) return "must not end in '/'";
  return SegmentsProblem(text);
}

Problem MountPathProblem(std::string_view text) {
  if (auto problem = GuestPathProblem(text)) return problem;
  for (const std::string_view own : {"/proc", "/sys", "/dev"}) {
    if (text == own || (text.starts_with(own) && text[own.size()] == '/')) {
      return "lies in " + std::string(own) + ", which is the sandbox's own";
    }
  }
  return std::nullopt;
}

Problem HostPathProblem(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > kMaxFilePath) return "is longer than 4096 bytes";
  if (HasControl(text)) return "holds a control character";
  return std::nullopt;
}

namespace {

constexpr std::string_view kReferenceLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@[]";

bool IsPlain(std::string_view text) {
  return text.find_first_not_of(kReferenceLetters) == std::string_view::npos;
}

// HOST[:PORT]/NAME[:TAG|@sha256:...]; what the registry makes of it is its business.
Problem RegistryProblem(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (IsPlain(text) && slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
      !text.starts_with('-')) {
    return std::nullopt;
  }
  return "is no image in a registry: oci://HOST[:PORT]/NAME[:TAG or @sha256:...]";
}

// <path>[:IMAGE]; what the archive makes of the image is its business.
Problem ArchiveProblem(const ArtifactReference& reference) {
  if (reference.path.empty()) return "names no archive";
  if (reference.image == ":" || !IsPlain(reference.image)) {
    return "names no image in an archive: a tag, or a name and a tag, after the path and ':'";
  }
  return std::nullopt;
}

}  // namespace

Problem DeviceIdProblem(std::string_view text) {
  constexpr std::size_t kDigits = 4;  // on each side of the colon
  bool good = text.size() == 2 * kDigits + 1;
  for (std::size_t i = 0; good && i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    good = i == kDigits ? c == ':' : hex;
  }
  if (good) return std::nullopt;
  return "is not vendor:product in lower-case hex, as lsusb and 'lspci -n' show it: '10de:20b0'";
}

namespace {

// "nginx:1.29" is how others name an image of Docker Hub, "app.wasm" a file that lies here.
std::string MeantArtifact(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return "";
  const std::string name(text);
  const std::string file = "'./" + name + "'";
  if (text.ends_with(".wasm")) return "; did you mean " + file + "?";
  const std::string_view first = text.substr(0, text.find('/'));
  const bool has_registry =
      first.size() < text.size() && (first.contains('.') || first.contains(':'));
  const bool has_owner = text.contains('/');
  const std::string image =
      "'oci://" + (has_registry ? "" : std::string("docker.io/") + (has_owner ? "" : "library/")) +
      name + "'";
  return "; did you mean the image " + image +
         (text.contains(':') ? "?" : ", or the file " + file + "?");
}

}  // namespace

Problem ArtifactProblem(std::string_view text) {
  if (auto problem = HostPathProblem(text)) return problem;
  const ArtifactReference reference = SplitArtifact(text);
  if (reference.place == ArtifactPlace::kRegistry) return RegistryProblem(reference.path);
  if (reference.archive()) return ArchiveProblem(reference);
  if (reference.place == ArtifactPlace::kLayout && !reference.path.empty()) return std::nullopt;
  if (text.starts_with('/') || text.starts_with("./") || text.starts_with("../")) {
    return std::nullopt;
  }
  return "is neither a path (./file, /file) nor oci:<layout path>, oci-archive:<path>, "
         "docker-archive:<path> or oci://<registry>/<image>" +
         MeantArtifact(text);
}

}  // namespace strata::model
