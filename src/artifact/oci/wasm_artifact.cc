#include "artifact/oci/wasm_artifact.h"

#include <string>
#include <string_view>
#include <utility>

namespace strata::artifact {
namespace {

constexpr std::string_view kWasmConfig = "application/vnd.wasm.config.v0+json";
constexpr std::string_view kWasmLayer = "application/wasm";

// The config of a wasm artifact repeats what the layers are: it must not disagree.
Result<void> CheckConfig(const Layout& layout, const Manifest& manifest, const std::string& layer) {
  const auto descriptor = layout.DescriptorOf(manifest.json, "config");
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto config = layout.JsonBlob(*descriptor);
  if (!config) return std::unexpected(config.error());
  if (descriptor->media_type != kWasmConfig) return {};
  if (const std::string architecture = TextOf(*config, "architecture"); architecture != "wasm") {
    return layout.Malformed("the config's architecture is '" + architecture + "', not 'wasm'");
  }
  const auto digests = config->find("layerDigests");
  if (digests == config->end()) return {};
  if (*digests != Json::array({layer})) {
    return layout.Malformed("the config's layerDigests are not those of the manifest");
  }
  return {};
}

}  // namespace

bool IsWasm(const Manifest& manifest) {
  const auto layers = manifest.json.find("layers");
  return layers != manifest.json.end() && layers->is_array() && !layers->empty() &&
         layers->front().is_object() && TextOf(layers->front(), "mediaType") == kWasmLayer;
}

Result<std::vector<std::byte>> ReadWasm(const Layout& layout, const Manifest& manifest,
                                        Bytes limit) {
  const auto layers = manifest.json.find("layers");
  if (layers == manifest.json.end() || !layers->is_array() || layers->size() != 1) {
    return layout.Malformed("the manifest has not exactly one layer");
  }
  const auto layer = layout.ParseDescriptor(layers->front());
  if (!layer) return std::unexpected(layer.error());
  if (auto checked = CheckConfig(layout, manifest, layer->digest); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  return layout.Blob(*layer, limit);
}

}  // namespace strata::artifact
