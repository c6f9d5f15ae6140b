#include "artifact/oci/container_image.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "artifact/regular_file.h"
#include "base/text/json_member.h"

namespace strata::artifact {
namespace {

// As many as overlayfs stacks.
constexpr std::size_t kMostLayers = 127;
constexpr std::array<std::string_view, 5> kLayerTypes = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
};

bool IsLayer(std::string_view media_type) {
  for (const std::string_view known : kLayerTypes) {
    if (media_type == known) return true;
  }
  return false;
}

const Json& Member(const Json& object, const char* name) {
  static const Json kNone = Json::array();
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? kNone : *found;
}

Result<std::vector<std::string>> Texts(const Layout& layout, const Json& object, const char* name) {
  std::vector<std::string> texts;
  const Json& list = Member(object, name);
  for (const Json& each : list) {
    if (!list.is_array() || !each.is_string()) {
      return layout.Malformed(std::string("the config's ") + name + " is no list of texts");
    }
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

Result<void> ReadLayers(const Layout& layout, const Json& manifest, const Json& config,
                        ContainerImage& image) {
  const Json& layers = Member(manifest, "layers");
  const Json& rootfs = Member(config, "rootfs");
  auto diff_ids = rootfs.is_object() ? Texts(layout, rootfs, "diff_ids")
                                     : layout.Malformed("the config has no rootfs");
  if (!diff_ids) return std::unexpected(std::move(diff_ids).error());
  if (!layers.is_array() || layers.empty() || layers.size() != diff_ids->size()) {
    return layout.Malformed("the manifest's layers are not those of the config");
  }
  if (layers.size() > kMostLayers) {
    return Fail(Errc::kUnsupported, "an image of " + std::to_string(layers.size()) +
                                        " layers; at most " + std::to_string(kMostLayers));
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto blob = layout.ParseDescriptor(layers[i]);
    if (!blob) return std::unexpected(std::move(blob).error());
    if (!IsLayer(blob->media_type)) {
      return Fail(Errc::kUnsupported, "a layer is '" + blob->media_type +
                                          "'; known are OCI tar layers, plain, gzip and zstd");
    }
    if (DigestHex((*diff_ids)[i]).empty()) {
      return layout.Malformed("'" + (*diff_ids)[i] + "' is no sha256 digest");
    }
    image.layers.push_back({*std::move(blob), (*diff_ids)[i]});
  }
  return {};
}

Result<void> ReadRun(const Layout& layout, const Json& run, ContainerImage& image) {
  for (const char* name : {"Entrypoint", "Cmd"}) {
    auto part = Texts(layout, run, name);
    if (!part) return std::unexpected(std::move(part).error());
    image.args.insert(image.args.end(), part->begin(), part->end());
  }
  if (image.args.empty()) return layout.Malformed("the image has no entrypoint and no command");
  const auto env = Texts(layout, run, "Env");
  if (!env) return std::unexpected(env.error());
  for (const std::string& entry : *env) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return layout.Malformed("the config's Env has '" + entry + "'");
    }
    image.env.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
  }
  if (const std::string cwd = TextOf(run, "WorkingDir"); !cwd.empty()) image.cwd = cwd;
  image.user = TextOf(run, "User");
  return {};
}

}  // namespace

Result<ContainerImage> ReadContainerImage(const Layout& layout, const std::string& path,
                                          const Manifest& manifest) {
  const auto descriptor = layout.DescriptorOf(manifest.json, "config");
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto config = layout.JsonBlob(*descriptor);
  if (!config) return std::unexpected(config.error());
  const std::string platform = TextOf(*config, "os") + "/" + TextOf(*config, "architecture");
  if (platform != "linux/amd64") {
    return layout.Malformed("the image is for '" + platform + "', not 'linux/amd64'");
  }
  ContainerImage image;
  image.digest = manifest.digest;
  image.layout = path;
  if (auto read = ReadLayers(layout, manifest.json, *config, image); !read) {
    return std::unexpected(std::move(read).error());
  }
  const Json& run = Member(*config, "config");
  if (!run.is_object()) return layout.Malformed("the image does not say what to run");
  if (auto read = ReadRun(layout, run, image); !read) {
    return std::unexpected(std::move(read).error());
  }
  return image;
}

}  // namespace strata::artifact
