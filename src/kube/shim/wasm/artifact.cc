#include "kube/shim/wasm/artifact.h"

#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/artifact.h"
#include "artifact/oci/blobs.h"
#include "artifact/oci/wasm_artifact.h"
#include "base/bytes.h"
#include "base/sha256.h"
#include "base/text/byte_view.h"
#include "kube/grpc/client.h"
#include "kube/shim/ask_containerd.h"
#include "kube/shim/messages.h"

namespace strata::kube::shim {
namespace {

constexpr std::chrono::seconds kPatience{10};

// What of an image is in containerd's content store.
class Content final : public artifact::Blobs {
 public:
  Content(grpc::Client& containerd, std::string name_space, const std::string& image)
      : Blobs("image " + image), containerd_(containerd), name_space_(std::move(name_space)) {}

 private:
  [[nodiscard]] Result<std::vector<std::byte>> Load(const artifact::Descriptor& blob,
                                                    Bytes limit) const override {
    content_api::ReadContentRequest question;
    question.set_digest(blob.digest);
    std::vector<std::byte> all;
    const auto take = [&](std::string_view message) -> Result<void> {
      content_api::ReadContentResponse part;
      if (!part.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
        return Malformed("containerd's answer for " + blob.digest + " is no message");
      }
      if (part.data().size() > limit.count - all.size()) {
        return Fail(Errc::kResourceExhausted, name() + ": " + blob.digest + " is larger than " +
                                                  std::to_string(limit.count) + " bytes");
      }
      const ByteView data = AsBytes(part.data());
      all.insert(all.end(), data.begin(), data.end());
      return {};
    };
    auto read = containerd_.Call({.method = "/containerd.services.content.v1.Content/Read",
                                  .name_space = name_space_,
                                  .message = question.SerializeAsString()},
                                 take);
    if (!read) return std::unexpected(std::move(read).error());
    if (!all.empty() || blob.size == 0) return all;
    return Fail(Errc::kNotFound, name() + ": containerd has no " + blob.digest +
                                     " of it any more; pull the image again");
  }

  grpc::Client& containerd_;
  const std::string name_space_;
};

}  // namespace

Result<WasmModule> ReadArtifact(const std::string& containerd, const std::string& name_space,
                                const std::string& container) {
  if (containerd.empty()) {
    return Fail(Errc::kUnsupported,
                "the image has no files, and where containerd would give its parts is not known");
  }
  auto client = grpc::Client::Connect(containerd, kPatience);
  if (!client) return std::unexpected(std::move(client).error());
  containers_api::GetContainerRequest which;
  which.set_id(container);
  const auto found = AskContainerd<containers_api::GetContainerResponse>(
      *client, name_space, "/containerd.services.containers.v1.Containers/Get", which);
  if (!found) return Wrap(found.error(), "containerd's container " + container);
  const std::string& name = found->container().image();
  images_api::GetImageRequest wanted;
  wanted.set_name(name);
  const auto image = AskContainerd<images_api::GetImageResponse>(
      *client, name_space, "/containerd.services.images.v1.Images/Get", wanted);
  if (!image) return Wrap(image.error(), "containerd's image '" + name + "'");
  const Content content(*client, name_space, name);
  const auto& target = image->image().target();
  const auto manifest = content.ManifestAt({.media_type = target.media_type(),
                                            .digest = target.digest(),
                                            .size = static_cast<std::uint64_t>(target.size())});
  if (!manifest) return std::unexpected(manifest.error());
  if (!artifact::IsWasm(*manifest)) {
    return Fail(Errc::kUnsupported, "image " + name +
                                        " has no files, and its layer is no wasm (of type "
                                        "application/wasm): there is nothing to run");
  }
  auto bytes = artifact::ReadWasm(content, *manifest, artifact::kArtifactLimit);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  std::string digest = Sha256Hex(AsText(*bytes));
  return WasmModule{.bytes = std::move(*bytes), .digest = std::move(digest)};
}

}  // namespace strata::kube::shim
