#include "base/text/json_member.h"

namespace strata {

std::string TextOf(const Json& object, std::string_view name, std::string_view otherwise) {
  const auto found = object.find(name);  // the end also of what is no object
  const bool text = found != object.end() && found->is_string();
  return text ? found->get<std::string>() : std::string(otherwise);
}

}  // namespace strata
