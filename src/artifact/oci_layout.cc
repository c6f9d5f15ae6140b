#include "artifact/oci_layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "artifact/regular_file.h"
#include "base/byte_view.h"
#include "base/fd.h"
#include "base/json.h"

namespace strata::artifact {
namespace {

constexpr Bytes kMetadataLimit = Bytes::MiB(4);
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kImageManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kWasmConfig = "application/vnd.wasm.config.v0+json";
constexpr std::string_view kWasmLayer = "application/wasm";

// A link of the Merkle tree.
struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size = 0;
};

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class Layout {
 public:
  static Result<Layout> Open(const std::string& path);

  // The manifest that `reference` asks for.
  [[nodiscard]] Result<Json> Manifest(const LayoutReference& reference) const;
  [[nodiscard]] Result<std::vector<std::byte>> WasmLayer(const Json& manifest, Bytes limit) const;

 private:
  Layout(Fd root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}

  [[nodiscard]] std::unexpected<Error> Malformed(const std::string& what) const {
    return Fail(Errc::kInvalidArgument, name_ + ": " + what);
  }
  [[nodiscard]] Result<Json> ReadJson(const std::string& path) const;
  [[nodiscard]] Result<Descriptor> DescriptorOf(const Json& parent, const char* field) const;
  [[nodiscard]] Result<Descriptor> ParseDescriptor(const Json& value) const;
  [[nodiscard]] Result<Descriptor> Choose(const Json& index,
                                          const LayoutReference& reference) const;
  [[nodiscard]] Result<std::vector<std::byte>> Blob(const Descriptor& blob, Bytes limit) const;
  [[nodiscard]] Result<Json> JsonBlob(const Descriptor& blob) const;
  [[nodiscard]] Result<void> CheckConfig(const Json& manifest, const std::string& layer) const;

  Fd root_;
  std::string name_;
};

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
    const bool wanted = (reference.tag.empty() || tag == reference.tag) &&
                        (reference.digest.empty() || descriptor->digest == reference.digest);
    if (wanted) matching.push_back(*std::move(descriptor));
  }
  if (matching.empty()) {
    return Fail(Errc::kNotFound, name_ + " has no manifest '" +
                                     (reference.tag.empty() ? reference.digest : reference.tag) +
                                     "'");
  }
  if (matching.size() > 1) {
    return Malformed("holds several artifacts; add :tag or @sha256:... to the reference");
  }
  return matching.front();
}

Result<std::vector<std::byte>> Layout::Blob(const Descriptor& blob, Bytes limit) const {
  if (blob.size > limit.count) {
    return Fail(Errc::kResourceExhausted, name_ + ": " + blob.digest + " has " +
                                              std::to_string(blob.size) + " bytes; at most " +
                                              std::to_string(limit.count) + " are read");
  }
  const std::string path = "blobs/sha256/" + std::string(DigestHex(blob.digest));
  auto fd = OpenBeneath(root_, path, name_);
  if (!fd) return std::unexpected(std::move(fd).error());
  auto bytes = ReadRegular(*fd, limit, name_ + ": " + path);
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

Result<Json> Layout::Manifest(const LayoutReference& reference) const {
  const auto index = ReadJson("index.json");
  if (!index) return index;
  const auto chosen = Choose(*index, reference);
  if (!chosen) return std::unexpected(chosen.error());
  if (chosen->media_type != kImageManifest) {
    return Malformed("'" + chosen->media_type + "' is not '" + std::string(kImageManifest) + "'");
  }
  return JsonBlob(*chosen);
}

// The config of a wasm artifact repeats what the layers are: it must not disagree.
Result<void> Layout::CheckConfig(const Json& manifest, const std::string& layer) const {
  const auto descriptor = DescriptorOf(manifest, "config");
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto config = JsonBlob(*descriptor);
  if (!config) return std::unexpected(config.error());
  if (descriptor->media_type != kWasmConfig) return {};
  if (const std::string architecture = TextOf(*config, "architecture"); architecture != "wasm") {
    return Malformed("the config's architecture is '" + architecture + "', not 'wasm'");
  }
  const auto digests = config->find("layerDigests");
  if (digests == config->end()) return {};
  if (*digests != Json::array({layer})) {
    return Malformed("the config's layerDigests are not those of the manifest");
  }
  return {};
}

Result<std::vector<std::byte>> Layout::WasmLayer(const Json& manifest, Bytes limit) const {
  const auto layers = manifest.find("layers");
  if (layers == manifest.end() || !layers->is_array() || layers->size() != 1) {
    return Malformed("the manifest has not exactly one layer");
  }
  const auto layer = ParseDescriptor(layers->front());
  if (!layer) return std::unexpected(layer.error());
  if (layer->media_type != kWasmLayer) {
    return Malformed("the layer is '" + layer->media_type + "', not '" + std::string(kWasmLayer) +
                     "': no wasm artifact");
  }
  if (auto checked = CheckConfig(manifest, layer->digest); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  return Blob(*layer, limit);
}

}  // namespace

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

Result<std::vector<std::byte>> ReadLayout(const LayoutReference& reference, Bytes limit) {
  const auto layout = Layout::Open(reference.path);
  if (!layout) return std::unexpected(layout.error());
  const auto manifest = layout->Manifest(reference);
  if (!manifest) return std::unexpected(manifest.error());
  return layout->WasmLayer(*manifest, limit);
}

}  // namespace strata::artifact
