// manager/traffic/forms_now.h - which forms of workloads there are now: what each is placed in, and
// the older revisions and other classes that routes and rollouts lead to.
//
//   store (revisions, routes), rollouts --> [ FormsNow ] --> what cells must have, what is told
//
// A workload is what its traffic goes to: its newest revision, or what a rollout has moved it to.
// Whoever tells of many workloads reads their newest revisions at once (ReadNewest) and gives them
// along, which leaves a query only for what is led elsewhere.
//
// Threads:  one loop. Lifetime: store and rollouts outlive it.
// Errors:   the store's. Tested by forms_now_test.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "manager/cells/configuration.h"
#include "model/revision.h"
#include "model/traffic/conflicts.h"
#include "model/traffic/rollout.h"
#include "store/store.h"

namespace strata::manager {

// Everything that a route leads to; where it is mirrored to is prepared like a backend.
std::vector<model::Backend> LedTo(const model::RouteEntry& route);

class FormsNow {
 public:
  using Name = std::pair<std::string, std::string>;  // tenant, workload
  using Rollouts = std::map<Name, model::Rollout>;
  using Newest = std::map<Name, model::Revision>;

  FormsNow(store::Store& store, const Rollouts& rollouts) : store_(store), rollouts_(rollouts) {}

  // The newest revision of every workload, or of every one of `tenant`: one query.
  Result<Newest> ReadNewest(std::string_view tenant = {});

  // What `backend` names; nothing: there is no such workload or revision. `read`: what ReadNewest
  // gave, of its tenant.
  Result<std::optional<Form>> Of(const std::string& tenant, const model::Backend& backend,
                                 const Newest* read = nullptr);

  // What a workload is now: the revision, in the class, that its traffic goes to.
  Result<std::optional<model::Revision>> Now(const std::string& tenant, const std::string& name,
                                             const Newest* read = nullptr);
  Result<std::vector<model::Revision>> AllNow();

  Result<std::vector<model::RouteEntry>> Routes();  // with what rollouts make of them
  Result<std::vector<Form>> All();                  // everything that cells must have

 private:
  store::Store& store_;
  const Rollouts& rollouts_;
};

}  // namespace strata::manager
