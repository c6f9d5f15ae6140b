#include "kube/shim/tenant.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/text/json.h"
#include "kube/grpc/client.h"
#include "kube/shim/ask_containerd.h"
#include "kube/shim/config_json.h"
#include "kube/shim/messages.h"

namespace strata::kube::shim {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr Bytes kLargest = 4_MiB;
constexpr const char* kPodMetadata = "metadata";  // the extension in which containerd keeps a pod's

Result<std::string> OfSandbox(const Invocation& invocation) {
  auto client = grpc::Client::Connect(invocation.address, kPatience);
  if (!client) return std::unexpected(std::move(client).error());
  store_api::StoreGetRequest which;
  which.set_sandbox_id(invocation.id);
  const auto found = AskContainerd<store_api::StoreGetResponse>(
      *client, invocation.name_space, "/containerd.services.sandbox.v1.Store/Get", which);
  if (!found) return std::unexpected(found.error());
  const auto& extensions = found->sandbox().extensions();
  const auto at = extensions.find(kPodMetadata);
  const auto json =
      at == extensions.end() ? Result<Json>(Json()) : ParseJson(at->second.value(), kLargest);
  if (!json) return std::unexpected(json.error());
  const Json* config = MemberOf(MemberOf(*json, "Metadata"), "Config");
  const Json* metadata = MemberOf(config, "metadata");
  std::string tenant =
      metadata == nullptr ? std::string() : TenantOfPods(TextOf(*metadata, "namespace"));
  if (!tenant.empty()) return tenant;
  return Fail(Errc::kUnsupported, "containerd does not say of which namespace it is");
}

}  // namespace

Result<std::string> FindTenant(const Invocation& invocation, const std::filesystem::path& bundle) {
  const auto file = bundle / "config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    auto tenant = OfSandbox(invocation);
    if (!tenant) return Wrap(std::move(tenant).error(), "sandbox " + invocation.id);
    return tenant;
  }
  const auto text = ReadFile(file, kLargest);
  if (!text) return std::unexpected(text.error());
  const auto config = ParseJson(*text, kLargest);
  if (!config) return Wrap(config.error(), file.string());
  return TenantOf(*config, invocation.name_space);
}

}  // namespace strata::kube::shim
