// api/handlers/change_json.h - what an apply or a delete did to a resource, as the API tells it.
//
//   manager::Change --> [ ToJson ] --> `changes` of an answer, as openapi.json's Change says
//
// Threads:  pure. Never fails. Tested by tests/e2e/api_test.py, against the document
//           openapi_test.py.
#pragma once

#include "base/text/json.h"
#include "manager/manager.h"

namespace strata::api {

// {"kind", "namespace", "name", "action", "revision", "diff", "urls", "placement"?, "notes"?}
inline Json ToJson(const manager::Change& change) {
  Json json{{"kind", change.kind},         {"namespace", change.tenant},
            {"name", change.name},         {"action", manager::ActionName(change.action)},
            {"revision", change.revision}, {"diff", change.diff},
            {"urls", change.urls}};
  if (change.placement) json["placement"] = model::PlacementToJson(*change.placement);
  if (!change.notes.empty()) json["notes"] = change.notes;
  return json;
}

}  // namespace strata::api
