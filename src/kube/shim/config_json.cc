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
