#include "kube/shim/config_json.h"

#include <algorithm>
#include <array>

namespace strata::kube::shim {
namespace {

bool HasOption(const Json& mount, std::string_view option) {
  const Json* options = MemberOf(mount, "options");
  return options != nullptr && options->is_array() &&
         std::ranges::any_of(*options, [option](const Json& each) { return each == option; });
}

}  // namespace

const Json* MemberOf(const Json* object, std::string_view key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto at = object->find(key);
  return at == object->end() ? nullptr : &*at;
}

bool IsTrue(const Json* object, std::string_view key) {
  const Json* value = MemberOf(object, key);
  return value != nullptr && *value == true;
}

std::string TextOf(const Json& object, std::string_view key) {
  const Json* value = MemberOf(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<std::uint64_t> NumberOf(const Json* object, std::string_view key) {
  const Json* value = MemberOf(object, key);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (!value->is_number_unsigned() && value->get<std::int64_t>() <= 0) return std::nullopt;
  const auto number = value->get<std::uint64_t>();
  return number == 0 ? std::nullopt : std::optional(number);
}

std::string AnnotationOf(const Json& config, std::string_view name) {
  const Json* annotations = MemberOf(config, "annotations");
  return annotations == nullptr ? std::string() : TextOf(*annotations, name);
}

std::string TenantOf(const Json& config, const std::string& name_space) {
  const std::string pods = AnnotationOf(config, "io.kubernetes.cri.sandbox-namespace");
  return pods.empty() ? name_space : TenantOfPods(pods);
}

std::string TenantOfPods(const std::string& pods) {
  return pods.empty() ? std::string() : "pods/" + pods;
}

std::vector<std::string> ArgumentsOf(const Json& config) {
  const Json* args = MemberOf(MemberOf(config, "process"), "args");
  std::vector<std::string> found;
  if (args == nullptr || !args->is_array()) return found;
  for (const Json& each : *args) {
    if (!each.is_string()) return {};
    found.push_back(each.get<std::string>());
  }
  return found;
}

bool IsBound(const Json& mount) {
  return TextOf(mount, "type") == "bind" || HasOption(mount, "bind") || HasOption(mount, "rbind");
}

bool IsReadOnly(const Json& mount) { return HasOption(mount, "ro") || HasOption(mount, "rro"); }

bool IsUsualFile(std::string_view destination) {
  constexpr std::array<std::string_view, 3> kFiles = {"/etc/hosts", "/etc/hostname",
                                                      "/etc/resolv.conf"};
  return std::ranges::find(kFiles, destination) != kFiles.end();
}

std::optional<int> OomScoreOf(const Json& process) {
  const Json* score = MemberOf(process, "oomScoreAdj");
  if (score == nullptr || !score->is_number_integer()) return std::nullopt;
  return static_cast<int>(std::clamp<std::int64_t>(score->get<std::int64_t>(), -1000, 1000));
}

}  // namespace strata::kube::shim
