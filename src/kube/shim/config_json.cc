#include "kube/shim/config_json.h"

namespace strata::kube::shim {

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

}  // namespace strata::kube::shim
