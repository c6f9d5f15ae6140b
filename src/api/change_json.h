// api/change_json.h - what an apply or a delete did to a resource, as the API tells it.
#pragma once

#include "base/json.h"
#include "manager/manager.h"

namespace strata::api {

inline Json ToJson(const manager::Change& change) {
  Json json{{"kind", change.kind},         {"namespace", change.tenant},
            {"name", change.name},         {"action", manager::ActionName(change.action)},
            {"revision", change.revision}, {"diff", change.diff},
            {"urls", change.urls}};
  if (change.placement) json["placement"] = model::PlacementToJson(*change.placement);
  return json;
}

}  // namespace strata::api
