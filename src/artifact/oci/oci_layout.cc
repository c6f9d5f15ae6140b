#include "artifact/oci/oci_layout.h"

#include <utility>

#include "artifact/regular_file.h"
#include "base/files/fd.h"
#include "base/text/byte_view.h"
#include "base/text/json_member.h"

namespace strata::artifact {
Result<Layout> Layout::Open(const std::string& path) {
  auto root = OpenFolder(path);
  if (!root) return std::unexpected(std::move(root).error());
  Layout layout(*std::move(root), "OCI layout " + path);
  auto marker = layout.ReadJson("oci-layout");
  if (!marker) return std::unexpected(std::move(marker).error());
  if (!marker->is_object() || TextOf(*marker, "imageLayoutVersion") != "1.0.0") {
    return layout.Malformed("oci-layout does not say imageLayoutVersion 1.0.0");
  }
  return layout;
}

Result<Json> Layout::ReadJson(const std::string& path) const {
  auto fd = OpenBeneath(root_, path, name());
  if (!fd) return std::unexpected(std::move(fd).error());
  auto bytes = ReadRegular(*fd, kMetadataLimit, name() + ": " + path);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  auto json = ParseJson(AsText(*bytes));
  if (!json) return Wrap(std::move(json).error(), name() + ": " + path);
  return json;
}

Result<Fd> Layout::OpenBlob(const Descriptor& blob) const {
  return OpenBeneath(root_, "blobs/sha256/" + std::string(DigestHex(blob.digest)), name());
}

Result<std::vector<std::byte>> Layout::Load(const Descriptor& blob, Bytes limit) const {
  auto fd = OpenBlob(blob);
  if (!fd) return std::unexpected(std::move(fd).error());
  return ReadRegular(*fd, limit, name() + ": " + blob.digest);
}

Result<Manifest> Layout::Find(const LayoutReference& reference) const {
  const auto index = ReadJson("index.json");
  if (!index) return std::unexpected(index.error());
  const auto chosen = Choose(*index, reference.tag, reference.digest);
  if (!chosen) return std::unexpected(chosen.error());
  return ManifestAt(*chosen);
}

Result<LayoutReference> ParseLayoutReference(std::string_view text) {
  LayoutReference reference;
  if (const std::size_t at = text.find("@sha256:"); at != std::string_view::npos) {
    reference.digest = text.substr(at + 1);
    if (DigestHex(reference.digest).empty()) {
      return Fail(Errc::kInvalidArgument, "'" + reference.digest + "' is no sha256 digest");
    }
    text = text.substr(0, at);
  }
  // A colon in a folder's name is not a tag's.
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
    reference.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (reference.tag.empty()) return Fail(Errc::kInvalidArgument, "an empty tag");
  }
  reference.path = text;
  return reference;
}

}  // namespace strata::artifact
