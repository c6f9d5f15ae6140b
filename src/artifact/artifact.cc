#include "artifact/artifact.h"

#include <fcntl.h>

#include <utility>

#include "artifact/oci/oci_layout.h"
#include "artifact/oci/wasm_artifact.h"
#include "artifact/regular_file.h"
#include "base/files/files.h"
#include "model/artifact_reference.h"

namespace strata::artifact {
namespace {

Result<std::vector<std::byte>> ReadPath(const std::string& path, Bytes limit) {
  auto fd = OpenFile(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::unexpected(std::move(fd).error());
  return ReadRegular(*fd, limit, path);
}

Artifact WasmOf(std::vector<std::byte> bytes) {
  std::string digest = DigestOf(bytes);
  return {std::move(digest), std::move(bytes), {}};
}

Result<Artifact> ReadOci(std::string_view text, Bytes limit) {
  const auto reference = ParseLayoutReference(text);
  if (!reference) return std::unexpected(reference.error());
  const auto layout = Layout::Open(reference->path);
  if (!layout) return std::unexpected(layout.error());
  const auto manifest = layout->Find(*reference);
  if (!manifest) return std::unexpected(manifest.error());
  if (IsWasm(*manifest)) {
    auto bytes = ReadWasm(*layout, *manifest, limit);
    if (!bytes) return std::unexpected(std::move(bytes).error());
    return WasmOf(*std::move(bytes));
  }
  auto image = ReadContainerImage(*layout, reference->path, *manifest);
  if (!image) return std::unexpected(std::move(image).error());
  std::string digest = image->digest;
  return Artifact{std::move(digest), {}, *std::move(image)};
}

}  // namespace

Result<Artifact> Resolve(std::string_view reference, Bytes limit) {
  const auto named = model::SplitArtifact(reference);
  if (named.place == model::ArtifactPlace::kLayout) return ReadOci(named.path, limit);
  if (named.place != model::ArtifactPlace::kFile) {
    return Fail(Errc::kUnsupported,
                "an image in a registry or archive has to be copied into an OCI "
                "layout (oci:<path>) first");
  }
  if (!reference.starts_with('/')) {
    return Fail(Errc::kInvalidArgument,
                "artifact '" + std::string(reference) + "' is neither an absolute path nor oci:");
  }
  auto bytes = ReadPath(std::string(reference), limit);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  return WasmOf(*std::move(bytes));
}

}  // namespace strata::artifact
