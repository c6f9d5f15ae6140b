// kube/controller/difference.h - whether an object in a cluster is as it shall be, so that what is
// need not be applied again, and where it is not.
//
//   what shall be --> [ Marked ] --applied--> API server --observed--> [ DifferencesOf ]
//
// An object that is applied carries the digest of itself, as an annotation: it tells fields that
// are no longer wanted, which the object alone does not. Whether somebody else has changed a field
// of ours is seen by the field. What the API server or others add is none of it.
//
// Threads: pure. Tested by difference_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/text/json.h"

namespace strata::kube::controller {

inline constexpr std::string_view kDesiredAnnotation = "strata.dev/desired";

// `object` with its digest.
Json Marked(Json object);

// The digest of what Marked gave: another one for whatever else shall be; empty: it has none.
std::string DigestOf(const Json& marked);

// What is there instead of what shall be, by the field: "spec.containers[main].image"; null:
// nothing is.
using Differences = std::map<std::string, Json>;

// Where `observed`, which was made from `marked`, has not all that it says: values and lists of
// values as they are, of a list of objects each one, in any order and with more beside them. Such
// an object is named by its `name`; where it has none, or is not there, the list is what differs.
// Quantities and fields are compared as they are written, so `marked` has to say them as the API
// server does.
Differences DifferencesOf(const Json& observed, const Json& marked);

}  // namespace strata::kube::controller
