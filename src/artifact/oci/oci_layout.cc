#include "artifact/oci/oci_layout.h"

#include <utility>

#include "artifact/regular_file.h"
#include "base/files/fd.h"
#include "base/text/byte_view.h"
#include "base/text/json.h"

namespace strata::artifact {
namespace {

constexpr Bytes kMetadataLimit = Bytes::MiB(4);
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kImageManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kImageIndex = "application/vnd.oci.image.index.v1+json";

// What runs here, among the platforms that an index lists.
constexpr std::string_view kArchitecture = "amd64";
constexpr std::string_view kSystem = "linux";

bool RunsHere(const Json& entry) {
  const auto platform = entry.find("platform");
  if (platform == entry.end() || !platform->is_object()) return true;
  const std::string architecture = TextOf(*platform, "architecture");
  return architecture == "wasm" ||
         (architecture == kArchitecture && TextOf(*platform, "os") == kSystem);
}

}  // namespace

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

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
  auto fd = OpenBeneath(root_, path, name_);
  if (!fd) return std::unexpected(std::move(fd).error());
  auto bytes = ReadRegular(*fd, kMetadataLimit, name_ + ": " + path);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  auto json = ParseJson(AsText(*bytes));
  if (!json) return Wrap(std::move(json).error(), name_ + ": " + path);
  return json;
}

Result<Descriptor> Layout::ParseDescriptor(const Json& value) const {
  if (!value.is_object()) return Malformed("a descriptor is no object");
  Descriptor descriptor{TextOf(value, "mediaType"), TextOf(value, "digest"), 0};
  const auto size = value.find("size");
  if (size == value.end() || !size->is_number_unsigned()) {
    return Malformed("a descriptor has no valid size");
  }
  descriptor.size = size->get<std::uint64_t>();
  if (DigestHex(descriptor.digest).empty()) {
    return Malformed("'" + descriptor.digest + "' is no sha256 digest");
  }
  return descriptor;
}

Result<Descriptor> Layout::DescriptorOf(const Json& parent, const char* field) const {
  const auto found = parent.find(field);
  if (found == parent.end()) return Malformed(std::string("the manifest has no ") + field);
  return ParseDescriptor(*found);
}

Result<Descriptor> Layout::Choose(const Json& index, const LayoutReference& reference) const {
  const auto manifests = index.is_object() ? index.find("manifests") : index.end();
  if (!index.is_object() || manifests == index.end() || !manifests->is_array()) {
    return Malformed("index.json has no manifests");
  }
  std::vector<Descriptor> matching;
  for (const Json& entry : *manifests) {
    auto descriptor = ParseDescriptor(entry);
    if (!descriptor) return descriptor;
    const auto annotations = entry.find("annotations");
    const std::string tag = annotations != entry.end() && annotations->is_object()
                                ? TextOf(*annotations, kRefName)
                                : std::string();
    const bool wanted = RunsHere(entry) && (reference.tag.empty() || tag == reference.tag) &&
                        (reference.digest.empty() || descriptor->digest == reference.digest);
    if (wanted) matching.push_back(*std::move(descriptor));
  }
  if (matching.empty()) {
    const std::string& asked = reference.tag.empty() ? reference.digest : reference.tag;
    return Fail(Errc::kNotFound, name_ + " has no manifest" +
                                     (asked.empty() ? "" : " '" + asked + "'") + " for " +
                                     std::string(kSystem) + "/" + std::string(kArchitecture));
  }
  if (matching.size() > 1) {
    return Malformed("holds several artifacts; add :tag or @sha256:... to the reference");
  }
  return matching.front();
}

Result<Fd> Layout::OpenBlob(const Descriptor& blob) const {
  return OpenBeneath(root_, "blobs/sha256/" + std::string(DigestHex(blob.digest)), name_);
}

Result<std::vector<std::byte>> Layout::Blob(const Descriptor& blob, Bytes limit) const {
  if (blob.size > limit.count) {
    return Fail(Errc::kResourceExhausted, name_ + ": " + blob.digest + " has " +
                                              std::to_string(blob.size) + " bytes; at most " +
                                              std::to_string(limit.count) + " are read");
  }
  auto fd = OpenBlob(blob);
  if (!fd) return std::unexpected(std::move(fd).error());
  auto bytes = ReadRegular(*fd, limit, name_ + ": " + blob.digest);
  if (!bytes) return bytes;
  if (bytes->size() != blob.size) {
    return Malformed(blob.digest + " has " + std::to_string(bytes->size()) + " bytes, not " +
                     std::to_string(blob.size) + " as its descriptor says");
  }
  if (DigestOf(*bytes) != blob.digest) return Malformed(blob.digest + " has another content");
  return bytes;
}

Result<Json> Layout::JsonBlob(const Descriptor& blob) const {
  auto bytes = Blob(blob, kMetadataLimit);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  auto json = ParseJson(AsText(*bytes));
  if (!json) return Wrap(std::move(json).error(), name_ + ": " + blob.digest);
  if (!json->is_object()) return Malformed(blob.digest + " is no JSON object");
  return json;
}

Result<Manifest> Layout::Find(const LayoutReference& reference) const {
  const auto index = ReadJson("index.json");
  if (!index) return std::unexpected(index.error());
  auto chosen = Choose(*index, reference);
  if (chosen && chosen->media_type == kImageIndex) {  // one image for several platforms
    const auto nested = JsonBlob(*chosen);
    if (!nested) return std::unexpected(nested.error());
    chosen = Choose(*nested, {reference.path, "", ""});
  }
  if (!chosen) return std::unexpected(chosen.error());
  if (chosen->media_type != kImageManifest) {
    return Malformed("'" + chosen->media_type + "' is not '" + std::string(kImageManifest) + "'");
  }
  auto json = JsonBlob(*chosen);
  if (!json) return std::unexpected(std::move(json).error());
  return Manifest{chosen->digest, *std::move(json)};
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
