// manager/artifacts/runnables.h - what forms of workloads need before cells can serve them: native
// code, or an image in their tenant's keeper.
//
//   Forms (store) --> [ Runnables: at hand? made ready? ] --> Runnable --> BuildConfiguration
//
// A machine may take a minute to boot, so that nothing is made ready where every change waits:
// Of() takes what is at hand. What a keeper lost has a key whose lines end at once (its calls are
// told to come again) until MakeReady has tried it; what that could not make ready is left out, its
// traffic goes to the other backends of its routes, and it is known why. What is refused for good
// (its class cannot enforce what it asks for) is told once, and asks for no further try. Of()
// itself makes what
// takes a moment and never failed: it compiles code, and asks a keeper that has the image already
// for what is to run of it now. So after an upgrade, or when prices or replicas are others, cells
// serve on with what they have until there is other.
//
// Threads:  one loop. Lifetime: what it is made with outlives it.
// Errors:   of a form, told by NotServed(); of the whole only a cancelled wait, kUnavailable.
// Tested by runnables_test.cc, tests/crash and tests/e2e.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "artifact/store/content_store.h"
#include "artifact/store/image_store.h"
#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/text/json.h"
#include "manager/artifacts/compile_service.h"
#include "manager/artifacts/volumes.h"
#include "manager/cells/configuration.h"
#include "manager/keepers/keepers.h"
#include "manager/manager.h"
#include "manager/options.h"
#include "meter/prices.h"
#include "model/resource.h"
#include "model/revision.h"
#include "store/store.h"
#include "telemetry/log.h"

namespace strata::manager {

// What a keeper has to run for a resource whose artifact is an image. In a dry run that is nothing:
// it is asked whether it could.
Keepers::Workload WorkloadOf(const model::Resource& resource, Mode mode, model::Grants grants,
                             const meter::Price& price);

// `revision` as it was deployed; what makes no revision (replicas, probes) is as in `newest`, a
// manifest of the same workload.
model::Resource ResourceAs(model::Resource newest, const model::Revision& revision);

class Runnables {
 public:
  struct Parts {
    Loop& loop;
    const Options& options;
    telemetry::Logger& log;
    store::Store& store;
    const artifact::ContentStore& content;
    const artifact::ImageStore& images;
    CompileService& compiler;
    Volumes& volumes;
    Keepers& keepers;
  };
  explicit Runnables(Parts parts) : parts_(parts), known_(parts.loop) {}

  // Those of `forms`, which are all that cells must have, that cells can be told of. In a turn of
  // the changes.
  Task<std::vector<Runnable>> Of(std::vector<Form> forms);
  // Waits until the first Of() has ended, after which NotServed() is true of all that is deployed.
  // Once. kDeadlineExceeded: it takes longer.
  Task<void> Known(std::chrono::milliseconds patience);
  // Tries each of `forms`, all of one tenant, in its turn: a keeper holds what nobody is served yet
  // only as long as somebody has that.
  Task<void> MakeReady(std::vector<Form> forms);
  // Tenants of which the last Of() found something not at hand.
  [[nodiscard]] const std::set<std::string>& lacking() const noexcept { return lacking_; }
  // Those of them that lack what MakeReady was not asked for since it was there.
  [[nodiscard]] const std::set<std::string>& untried() const noexcept { return untried_; }
  // Forms of the last Of() that are left out for good.
  [[nodiscard]] const std::set<FormName>& refused() const noexcept { return refused_; }
  // Of all forms of the last Of(): what their keepers keep ready for whatever runs of them.
  [[nodiscard]] const std::set<Keepers::Image>& images() const noexcept { return images_; }
  // [{"revision", "class", "because", "tried_again"}]: forms that are deployed and reached by no
  // call, which is no more as soon as they are, without anybody's doing, if they are tried again.
  // null: none.
  [[nodiscard]] Json NotServed(const std::string& tenant, const std::string& name) const;

  // Native code by module key: verified, and held open as long as cells may ask for it.
  Task<std::string> EnsureCode(const model::Revision& revision);
  void AddCode(std::string_view digest, Fd code);
  void KeepCode(const std::set<std::string>& keys);  // only that
  Result<Fd> OpenCode(const std::string& key) const;

  [[nodiscard]] model::Class ClassOf(const model::Revision& revision) const;
  // As it was deployed then; what makes no revision (replicas, probes) is as it is now.
  Result<model::Resource> ResourceOf(const model::Revision& revision) const;

 private:
  // Its module key, of an image that its keeper has not maybe one of nothing, or why it has none.
  struct Found {
    Result<std::string> module;
    Keepers::At at = Keepers::At::kNowhere;
    std::string because = {};  // of a service that was not started last

    // It takes MakeReady.
    [[nodiscard]] bool lacks() const noexcept {
      return at == Keepers::At::kNowhere || at == Keepers::At::kUntended;
    }
  };
  // What cells were last told of.
  struct Told {
    LeftOut form;  // while it lacks something, `because` says so
    std::string module;
  };
  Found Find(const Form& form, const LeftOut& as);
  bool IsRefused(const model::Revision& revision);
  Result<std::string> OpenCodeOf(const model::Revision& revision);
  Result<Keepers::Workload> ForKeeper(const model::Revision& revision,
                                      model::Class sandbox_class) const;
  Task<std::string> EnsureImage(const model::Revision& revision, model::Class sandbox_class);
  Task<void> Try(model::Revision revision, Result<std::string>& module);
  Result<Runnable> Finish(Form form, Result<std::string> module) const;
  // What it is left out as, with why it was at last; an empty `because`: it was not.
  [[nodiscard]] LeftOut LeftOutAs(const Form& form) const;
  void LeaveOut(std::vector<LeftOut> forms);

  Parts parts_;
  Promise<std::monostate> known_;   // Of() has ended
  std::map<std::string, Fd> code_;  // by module key
  std::vector<LeftOut> left_out_;
  std::vector<Told> told_;
  std::set<Keepers::Image> images_;
  std::set<std::string> lacking_;
  std::set<std::string> untried_;
  std::set<FormName> refused_;
  std::vector<LeftOut> tried_;  // which forms MakeReady was asked for and Of() found lacking since
};

}  // namespace strata::manager
