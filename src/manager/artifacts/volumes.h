// manager/artifacts/volumes.h - the named volumes of this instance: files with an ext4 file system
// of a fixed size, one folder for each tenant.
//
//   deploy --Plan, Make--> [ Volumes: record in the store, then volumes/<tenant>/<name>.img ]
//                          --> keeper --> oci::Bundle mounts it
//
// A volume is of one tenant, whose workloads alone can name it, and lives from the first deploy
// that names it. When no workload names it any more it is removed, or kept if the last one said so
// (`retain`). Its space is taken from the disk when it is made: a full disk refuses the deploy and
// never a guest's write below the volume's size.
//
// Threads: one loop; Plan and Make in a turn of the tenant, Release in a turn of the manager's
// changes. Making one blocks the loop for no more than the record and the file. Lifetime: context
// and store outlive it. Errors: kFailedPrecondition: it is in use, or there with another size;
// kResourceExhausted: the disk is full; kNotFound. Tested by tests/e2e/volumes_test.py.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "base/text/json.h"
#include "manager/cells/cell_process.h"
#include "model/resource.h"
#include "model/revision.h"
#include "store/store.h"

namespace strata::manager {

class Volumes {
 public:
  Volumes(CellContext& context, store::Store& store) : context_(context), store_(store) {}

  // Removes files that no record names: a manager that was killed was making or removing them.
  Result<void> Recover();

  // Adds to `missing` what `workload` names and is not there yet, after it was found that all of
  // `missing` can be made. Changes nothing else: a dry run ends here.
  Result<void> Plan(const std::string& tenant, const model::Workload& workload,
                    std::vector<store::VolumeRecord>& missing);

  // Makes what was planned.
  Task<void> Make(const std::vector<store::VolumeRecord>& missing);

  // Whether this host can mount what `workload` names for the cells of its tenant; what is not made
  // yet can be. kFailedPrecondition: a virtual machine has one, or could write it.
  [[nodiscard]] Result<void> CheckMountable(const std::string& tenant,
                                            const model::Workload& workload) const;

  // Removes what no workload names and none wanted to be kept, but not of a tenant that is `busy`:
  // who names it may not be stored yet. Says what could not be removed in the log.
  void Release(const std::function<bool(std::string_view tenant)>& busy);

  // The workload's grants, its volumes among them.
  [[nodiscard]] model::Grants GrantsOf(const std::string& tenant,
                                       const model::Workload& workload) const;

  // The same for a driver that is only asked: an empty file stands for what is not there yet.
  [[nodiscard]] model::Grants GrantsToAsk(const std::string& tenant,
                                          const model::Workload& workload) const;

  // {"namespace", "name", "size_mib", "retain", "created", "users": ["Service shop/db"]}
  Result<Json> List(std::string_view tenant);  // {"items": [...]}; an empty tenant: all
  Result<Json> Get(std::string_view tenant, std::string_view name);
  // kFailedPrecondition: a workload names it.
  Result<void> Delete(std::string_view tenant, std::string_view name);

 private:
  [[nodiscard]] std::filesystem::path Folder() const;
  [[nodiscard]] std::filesystem::path StandIn() const;
  [[nodiscard]] std::filesystem::path ImageOf(std::string_view tenant, std::string_view name) const;
  Result<std::optional<store::VolumeRecord>> Find(std::string_view tenant, std::string_view name);
  // Tools, and room for all of them.
  [[nodiscard]] Result<void> CheckCanMake(const std::vector<store::VolumeRecord>& missing) const;
  Task<void> MakeImage(const store::VolumeRecord& record);
  Result<void> Remove(const store::VolumeRecord& record);

  CellContext& context_;
  store::Store& store_;
};

}  // namespace strata::manager
