#include "artifact/artifact.h"

#include <fcntl.h>

#include <utility>

#include "artifact/oci_layout.h"
#include "artifact/regular_file.h"
#include "base/fd.h"
#include "base/files.h"

namespace strata::artifact {
namespace {

constexpr std::string_view kOci = "oci:";

Result<std::vector<std::byte>> ReadPath(const std::string& path, Bytes limit) {
  auto fd = OpenFile(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::unexpected(std::move(fd).error());
  return ReadRegular(*fd, limit, path);
}

Result<std::vector<std::byte>> ReadOci(std::string_view text, Bytes limit) {
  if (text.starts_with("//")) {
    return Fail(Errc::kUnsupported,
                "artifacts from a registry are not supported; use an OCI layout (oci:<path>)");
  }
  const auto reference = ParseLayoutReference(text);
  if (!reference) return std::unexpected(reference.error());
  return ReadLayout(*reference, limit);
}

}  // namespace

Result<Artifact> Resolve(std::string_view reference, Bytes limit) {
  const bool oci = reference.starts_with(kOci);
  if (!oci && !reference.starts_with('/')) {
    return Fail(Errc::kInvalidArgument,
                "artifact '" + std::string(reference) + "' is neither an absolute path nor oci:");
  }
  auto bytes =
      oci ? ReadOci(reference.substr(kOci.size()), limit) : ReadPath(std::string(reference), limit);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  std::string digest = DigestOf(*bytes);
  return Artifact{std::move(digest), *std::move(bytes)};
}

}  // namespace strata::artifact
