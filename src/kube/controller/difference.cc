#include "kube/controller/difference.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/sha256.h"

namespace strata::kube::controller {
namespace {

// Objects and lists are as deep as what we make: some ten levels.
bool Has(const Json& observed, const Json& wanted) {  // NOLINT(misc-no-recursion)
  if (wanted.is_object()) {
    if (!observed.is_object()) return false;
    return std::ranges::all_of(wanted.items(), [&](const auto& field) {
      const auto found = observed.find(field.key());
      return found != observed.end() && Has(*found, field.value());
    });
  }
  const bool of_objects = wanted.is_array() && !wanted.empty() && wanted.front().is_object();
  if (!of_objects) return observed == wanted;
  return observed.is_array() && std::ranges::all_of(wanted, [&](const Json& each) {
           return std::ranges::any_of(observed, [&](const Json& it) { return Has(it, each); });
         });
}

}  // namespace

Json Marked(Json object) {
  std::string digest = Sha256Hex(object.dump());
  object["metadata"]["annotations"][std::string(kDesiredAnnotation)] = std::move(digest);
  return object;
}

bool IsAsMarked(const Json& observed, const Json& marked) { return Has(observed, marked); }

}  // namespace strata::kube::controller
