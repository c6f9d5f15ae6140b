// apps/strata/client/done.h - what verbs print that change one thing and have no other result: a
// sentence for people, {"action", "kind", "namespace", "name"[, "service"]} for programs.
//
// Threads: one. Tested by tests/e2e.
#pragma once

#include <string>
#include <string_view>

#include "client/session.h"

namespace strata::cli {

// "paused service web"; `kind`: "service", `action`: "paused"; `space`: where it is, which -n does
// not say of what is named by an id; `service`: whose it is, where names are a service's own.
void PrintDone(Session& session, std::string_view action, std::string_view kind,
               std::string_view space, std::string_view name, std::string_view service = {});

}  // namespace strata::cli
