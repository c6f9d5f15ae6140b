#include "artifact/oci/wasm_artifact.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/text/json_member.h"

namespace strata::artifact {
namespace {

constexpr std::string_view kWasmConfig = "application/vnd.wasm.config.v0+json";
// The standing one, and what older tools write (runwasi's, wasm-to-oci).
constexpr std::array<std::string_view, 3> kWasmLayers = {
    "application/wasm", "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.wasm.content.layer.v1+wasm"};

// The config of a wasm artifact repeats what the layers are: it must not disagree.
Result<void> CheckConfig(const Blobs& blobs, const Manifest& manifest, const std::string& layer) {
  const auto descriptor = blobs.DescriptorOf(manifest.json, "config");
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto config = blobs.JsonBlob(*descriptor);
  if (!config) return std::unexpected(config.error());
  if (descriptor->media_type != kWasmConfig) return {};
  if (const std::string architecture = TextOf(*config, "architecture"); architecture != "wasm") {
    return blobs.Malformed("the config's architecture is '" + architecture + "', not 'wasm'");
  }
  const auto digests = config->find("layerDigests");
  if (digests == config->end()) return {};
  if (*digests != Json::array({layer})) {
    return blobs.Malformed("the config's layerDigests are not those of the manifest");
  }
  return {};
}

}  // namespace

bool IsWasm(const Manifest& manifest) {
  const auto layers = manifest.json.find("layers");
  if (layers == manifest.json.end() || !layers->is_array() || layers->empty()) return false;
  if (!layers->front().is_object()) return false;
  return std::ranges::find(kWasmLayers, TextOf(layers->front(), "mediaType")) != kWasmLayers.end();
}

Result<std::vector<std::byte>> ReadWasm(const Blobs& blobs, const Manifest& manifest, Bytes limit) {
  const auto layers = manifest.json.find("layers");
  if (layers == manifest.json.end() || !layers->is_array() || layers->size() != 1) {
    return blobs.Malformed("the manifest has not exactly one layer");
  }
  const auto layer = blobs.ParseDescriptor(layers->front());
  if (!layer) return std::unexpected(layer.error());
  if (auto checked = CheckConfig(blobs, manifest, layer->digest); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  return blobs.Blob(*layer, limit);
}

}  // namespace strata::artifact
