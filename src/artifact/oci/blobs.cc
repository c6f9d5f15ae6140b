#include "artifact/oci/blobs.h"

#include <utility>

#include "artifact/regular_file.h"
#include "base/text/byte_view.h"
#include "base/text/json_member.h"

namespace strata::artifact {
namespace {

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

Result<Descriptor> Blobs::ParseDescriptor(const Json& value) const {
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

Result<Descriptor> Blobs::DescriptorOf(const Json& parent, const char* field) const {
  const auto found = parent.find(field);
  if (found == parent.end()) return Malformed(std::string("the manifest has no ") + field);
  return ParseDescriptor(*found);
}

Result<Descriptor> Blobs::Choose(const Json& index, std::string_view tag,
                                 std::string_view digest) const {
  const auto manifests = index.is_object() ? index.find("manifests") : index.end();
  if (!index.is_object() || manifests == index.end() || !manifests->is_array()) {
    return Malformed("an index has no manifests");
  }
  std::vector<Descriptor> matching;
  for (const Json& entry : *manifests) {
    auto descriptor = ParseDescriptor(entry);
    if (!descriptor) return descriptor;
    const auto annotations = entry.find("annotations");
    const std::string its = annotations != entry.end() && annotations->is_object()
                                ? TextOf(*annotations, kRefName)
                                : std::string();
    const bool wanted = RunsHere(entry) && (tag.empty() || its == tag) &&
                        (digest.empty() || descriptor->digest == digest);
    if (wanted) matching.push_back(*std::move(descriptor));
  }
  if (matching.empty()) {
    const std::string asked(tag.empty() ? digest : tag);
    return Fail(Errc::kNotFound, name_ + " has no manifest" +
                                     (asked.empty() ? "" : " '" + asked + "'") + " for " +
                                     std::string(kSystem) + "/" + std::string(kArchitecture));
  }
  if (matching.size() > 1) {
    return Malformed("holds several artifacts; add :tag or @sha256:... to the reference");
  }
  return matching.front();
}

Result<std::vector<std::byte>> Blobs::Blob(const Descriptor& blob, Bytes limit) const {
  if (blob.size > limit.count) {
    return Fail(Errc::kResourceExhausted, name_ + ": " + blob.digest + " has " +
                                              std::to_string(blob.size) + " bytes; at most " +
                                              std::to_string(limit.count) + " are read");
  }
  auto bytes = Load(blob, limit);
  if (!bytes) return bytes;
  if (bytes->size() != blob.size) {
    return Malformed(blob.digest + " has " + std::to_string(bytes->size()) + " bytes, not " +
                     std::to_string(blob.size) + " as its descriptor says");
  }
  if (DigestOf(*bytes) != blob.digest) return Malformed(blob.digest + " has another content");
  return bytes;
}

Result<Json> Blobs::JsonBlob(const Descriptor& blob) const {
  auto bytes = Blob(blob, kMetadataLimit);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  auto json = ParseJson(AsText(*bytes));
  if (!json) return Wrap(std::move(json).error(), name_ + ": " + blob.digest);
  if (!json->is_object()) return Malformed(blob.digest + " is no JSON object");
  return json;
}

Result<Manifest> Blobs::ManifestAt(const Descriptor& target) const {
  Result<Descriptor> chosen = target;
  if (target.media_type == kImageIndex) {  // one image for several platforms
    const auto index = JsonBlob(target);
    if (!index) return std::unexpected(index.error());
    chosen = Choose(*index, "", "");
    if (!chosen) return std::unexpected(chosen.error());
  }
  if (chosen->media_type != kImageManifest) {
    return Malformed("'" + chosen->media_type + "' is not '" + std::string(kImageManifest) + "'");
  }
  auto json = JsonBlob(*chosen);
  if (!json) return std::unexpected(std::move(json).error());
  return Manifest{chosen->digest, *std::move(json)};
}

}  // namespace strata::artifact
