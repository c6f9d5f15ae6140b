#include "manager/artifacts/pull_failure.h"

#include <array>
#include <span>
#include <string>

#include "base/text/strings.h"

namespace strata::manager {
namespace {

struct Meaning {
  std::string_view words;  // lower case
  Errc code;
  std::string_view says;
};

constexpr Meaning kNoSpace{"no space left on device", Errc::kResourceExhausted,
                           "no space is left for it where stratad keeps temporary files (TMPDIR)"};

constexpr std::string_view kNoSuchImage = "the registry has no such image or tag: check both";
constexpr std::string_view kNoAccess =
    "the registry has no such image, or keeps it from us: check its name, or start stratad with "
    "the registry's credentials (--registry-auth)";
constexpr std::string_view kUnreached =
    "the registry is not reached from here: check its name and the network (HTTPS_PROXY, NO_PROXY)";

// The first that is found counts.
constexpr std::array kOfRegistries{
    kNoSpace,
    Meaning{"manifest unknown", Errc::kNotFound, kNoSuchImage},
    Meaning{"name unknown", Errc::kNotFound, kNoSuchImage},
    Meaning{"toomanyrequests", Errc::kResourceExhausted,
            "the registry gives us no more for now: try again later, or start stratad with "
            "credentials (--registry-auth)"},
    Meaning{"unauthorized", Errc::kPermissionDenied, kNoAccess},
    Meaning{"authentication required", Errc::kPermissionDenied, kNoAccess},
    Meaning{"access to the resource is denied", Errc::kPermissionDenied, kNoAccess},
    Meaning{"403 (forbidden)", Errc::kPermissionDenied, kNoAccess},
    Meaning{"no image found in", Errc::kUnsupported, "the image is not there for linux/amd64"},
    Meaning{"http response to https client", Errc::kFailedPrecondition,
            "the registry speaks plain HTTP, which is used for 127.0.0.0/8, ::1 and localhost "
            "alone: give it TLS"},
    Meaning{"x509: ", Errc::kFailedPrecondition,
            "the registry's certificate is not trusted here: its CA belongs among this host's, or "
            "in the file that SSL_CERT_FILE names to stratad"},
    Meaning{"proxyconnect", Errc::kUnavailable,
            "the proxy that HTTPS_PROXY names to stratad is not reached: check it, or except the "
            "registry from it (NO_PROXY)"},
    Meaning{"dial tcp: lookup ", Errc::kUnavailable,
            "the registry's name cannot be looked up: check it and this host's DNS"},
    Meaning{"no such host", Errc::kUnavailable,
            "no host of that name is known: check the registry's name and this host's DNS"},
    Meaning{"connection refused", Errc::kUnavailable,
            "nothing listens at the registry's address: check it, and whether the registry runs"},
    Meaning{"i/o timeout", Errc::kUnavailable, kUnreached},
    Meaning{"no route to host", Errc::kUnavailable, kUnreached},
    Meaning{"network is unreachable", Errc::kUnavailable, kUnreached},
    Meaning{"", Errc::kUnavailable, "the registry's copy failed"}};

constexpr std::array kOfArchives{
    kNoSpace,
    Meaning{"", Errc::kInvalidArgument,
            "it is no image archive of that kind, has no image of that name, or is damaged"}};

const Meaning& MeaningOf(std::string_view words, std::span<const Meaning> meanings) {
  const std::string lower = Lower(words);
  for (const Meaning& each : meanings.first(meanings.size() - 1)) {
    if (lower.find(each.words) != std::string::npos) return each;
  }
  return meanings.back();
}

// The line that says why it gave up is the last; those before say what it tried again.
std::string_view LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

// The message of a line of its log, time="..." level=fatal msg="...": what is not one stays as it
// is.
std::string MessageOf(std::string_view line) {
  constexpr std::string_view kBegin = " msg=\"";
  const std::size_t begin = line.find(kBegin);
  if (begin == std::string_view::npos || !line.ends_with('"')) return std::string(line);
  line.remove_prefix(begin + kBegin.size());
  line.remove_suffix(1);
  std::string message;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool quoted = line[i] == '\\' && i + 1 < line.size();
    if (quoted) ++i;
    message += quoted && line[i] == 'n' ? ' ' : line[i];
  }
  return message;
}

}  // namespace

Error PullFailure(PulledFrom from, std::string_view reference, std::string_view words) {
  const std::string message = MessageOf(LastLine(words));
  const Meaning& meaning = from == PulledFrom::kArchive ? MeaningOf(message, kOfArchives)
                                                        : MeaningOf(message, kOfRegistries);
  return {meaning.code, "pull " + std::string(reference) + ": " + std::string(meaning.says) +
                            " (skopeo: " + message + ")"};
}

}  // namespace strata::manager
