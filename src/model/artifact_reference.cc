#include "model/artifact_reference.h"

#include <algorithm>
#include <array>
#include <utility>

namespace strata::model {

ArtifactReference SplitArtifact(std::string_view text) noexcept {
  // The longer of two that begin alike first.
  constexpr std::array<std::pair<std::string_view, ArtifactPlace>, 4> kSchemes{
      {{"oci://", ArtifactPlace::kRegistry},
       {"oci:", ArtifactPlace::kLayout},
       {"oci-archive:", ArtifactPlace::kOciArchive},
       {"docker-archive:", ArtifactPlace::kDockerArchive}}};
  ArtifactReference reference{
      .place = ArtifactPlace::kFile, .scheme = "", .path = text, .image = ""};
  for (const auto& [scheme, place] : kSchemes) {
    if (!text.starts_with(scheme)) continue;
    reference.place = place;
    reference.scheme = text.substr(0, scheme.size());
    reference.path = text.substr(scheme.size());
    break;
  }
  if (reference.archive()) {
    const std::size_t colon = std::min(reference.path.find(':'), reference.path.size());
    reference.image = reference.path.substr(colon);
    reference.path = reference.path.substr(0, colon);
  }
  return reference;
}

std::optional<VariantKind> KindSpelled(std::string_view text) noexcept {
  switch (SplitArtifact(text).place) {
    case ArtifactPlace::kFile:
      return VariantKind::kWasm;
    case ArtifactPlace::kDockerArchive:
      return VariantKind::kImage;
    case ArtifactPlace::kLayout:
    case ArtifactPlace::kOciArchive:
    case ArtifactPlace::kRegistry:
      break;
  }
  return std::nullopt;
}

}  // namespace strata::model
