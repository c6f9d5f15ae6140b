// apps/strata/client/only_of.h - lists that the API gives for every namespace, cut to the one that
// -n says.
//
// Threads: pure. Tested by tests/e2e/verbs_test.py.
#pragma once

#include "client/session.h"

namespace strata::cli {

// Takes out of `rows`, an array of objects, those whose "namespace" is another than what -n said;
// all of them stay where it was not given.
inline void KeepOnlyOf(const Session& session, Json& rows) {
  if (!session.tenant_is_said) return;
  Json kept = Json::array();
  for (Json& row : rows) {
    if (row.value("namespace", "") == session.tenant) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
}

}  // namespace strata::cli
