#include "kube/controller/difference.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/sha256.h"

namespace strata::kube::controller {
namespace {

void Compare(const std::string& field, const Json& observed, const Json& wanted,
             Differences& found);

Differences Compared(const std::string& field, const Json& observed, const Json& wanted) {
  Differences found;
  Compare(field, observed, wanted, found);
  return found;
}

// One of a list, as it is there.
void CompareOne(const std::string& list, const Json& observed, const Json& wanted,
                Differences& found) {  // NOLINT(misc-no-recursion)
  const auto is_it = [&](const Json& each) { return Compared(list, each, wanted).empty(); };
  if (std::ranges::any_of(observed, is_it)) return;
  const std::string name = wanted.is_object() ? wanted.value("name", "") : "";
  const auto named = std::ranges::find_if(observed, [&name](const Json& each) {
    return !name.empty() && each.is_object() && each.value("name", "") == name;
  });
  if (named == observed.end()) {
    found[list] = observed;
  } else {
    Compare(list + "[" + name + "]", *named, wanted, found);
  }
}

// Objects and lists are as deep as what we make: some ten levels.
void Compare(const std::string& field, const Json& observed, const Json& wanted,
             Differences& found) {  // NOLINT(misc-no-recursion)
  if (wanted.is_object() && observed.is_object()) {
    for (const auto& [name, value] : wanted.items()) {
      const std::string below = field.empty() ? name : field + "." + name;
      const auto there = observed.find(name);
      if (there == observed.end()) {
        found[below] = nullptr;
      } else {
        Compare(below, *there, value, found);
      }
    }
    return;
  }
  const bool of_objects = wanted.is_array() && !wanted.empty() && wanted.front().is_object();
  if (of_objects && observed.is_array()) {
    for (const Json& each : wanted) CompareOne(field, observed, each, found);
  } else if (observed != wanted) {
    found[field] = observed;
  }
}

}  // namespace

Json Marked(Json object) {
  std::string digest = Sha256Hex(object.dump());
  object["metadata"]["annotations"][std::string(kDesiredAnnotation)] = std::move(digest);
  return object;
}

std::string DigestOf(const Json& marked) {
  const Json none = Json::object();
  const Json annotations = marked.at("metadata").value("annotations", none);
  return annotations.value(std::string(kDesiredAnnotation), "");
}

Differences DifferencesOf(const Json& observed, const Json& marked) {
  return Compared("", observed, marked);
}

}  // namespace strata::kube::controller
