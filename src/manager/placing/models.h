// manager/placing/models.h - what the calls of every workload taught, of each of its revisions in
// each class: start-up, service time, memory, failures. It outlives the manager.
//
//   call records --> [ Models ] --> placement, `strata explain`, GET /v1/models
//                        '-- every ten seconds, 256 at once --> Store
//
// A new revision begins with what its artifact did before: in the revision before, or else under
// another name of the tenant. What another artifact did in the revision before is told beside it.
// What is kept goes with its revision, and of each workload in a class the three newest revisions
// are kept.
//
// A manager that is killed forgets what the last ten seconds taught, and of a tenth of a second
// more for each 256 that changed. What was stored and does not read (damage, another version) is
// dropped with a line in the log: it is learned again.
//
// Threads: one loop; Flush blocks for one disk sync. Tested by models_test.cc and
// tests/crash/kill_models_test.py.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "meter/call_record.h"
#include "model/values.h"
#include "scheduler/learning/learned.h"
#include "scheduler/placing/figures.h"
#include "store/store.h"
#include "telemetry/log.h"

namespace strata::manager {

struct ModelKey {
  std::string tenant;
  std::string name;
  std::string sandbox_class;
  std::uint32_t revision = 0;
  friend auto operator<=>(const ModelKey&, const ModelKey&) = default;
};

class Models {
 public:
  static constexpr std::size_t kBatch = 256;       // stored at once
  static constexpr std::ptrdiff_t kRevisions = 3;  // of a workload in a class
  static constexpr std::chrono::seconds kEvery{10};
  static constexpr std::chrono::milliseconds kBetween{100};  // two batches

  // Reads what is stored. Both outlive it.
  Models(store::Store& store, telemetry::Logger& log);

  void Learn(const ModelKey& key, const meter::CallRecord& record);
  // What the sandboxes of a server have computed since the last time, and what each of them holds
  // now, on average. It is told of all revisions that run in a class together, so those that were
  // called since have a part by their calls: each call of any of them counts as the same. No
  // memory: there are none, or it is not known.
  void LearnLoad(std::string_view tenant, std::string_view name, std::string_view sandbox_class,
                 std::chrono::nanoseconds cpu, Bytes memory);
  // Its workload is gone.
  void Forget(std::string_view tenant, std::string_view name);

  // What a revision with this artifact would begin with, and what the newest one with another did.
  // Null: nothing is known. Until the next call of a function that is not const.
  struct Known {
    const scheduler::Learned* artifact = nullptr;
    const scheduler::Learned* other = nullptr;
  };
  [[nodiscard]] Known Find(std::string_view tenant, std::string_view name,
                           std::string_view sandbox_class, std::string_view artifact_digest) const;

  // Null: nothing was learned of it. Until the next call of a function that is not const.
  [[nodiscard]] const scheduler::Learned* Taught(const ModelKey& key) const;

  // {"models": [{class, revision, calls, start_ms, p50_ms, p99_ms, memory_mib, failure_rate,
  //  sandbox_failure_rate}],
  //  "prediction": {calls, explained?, error?}}
  [[nodiscard]] Json StatusOf(std::string_view tenant, std::string_view name) const;
  // Everything about each, with its prior and what is claimed of its class: the API's Models. An
  // empty name matches all.
  using PriorFn = std::function<std::optional<scheduler::Figures>(model::Class)>;
  [[nodiscard]] Json List(std::string_view tenant, std::string_view name,
                          const PriorFn& prior) const;

  // Stores up to kBatch of those that changed, the longest unstored first. On failure they stay
  // changed.
  Result<void> Flush();
  // Stores all that changed, or what it can.
  void FlushAll();
  // Flushes until the loop ends.
  Awaitable<void> Run(Loop& loop);

 private:
  struct Model {
    std::string artifact_digest;
    scheduler::Learned learned;
    bool stored = true;
  };
  // What a server's processes do, of all its revisions in a class.
  struct Load {
    std::uint64_t calls = 0;            // since the last LearnLoad that had any
    double cpu_ms = 0;                  // of these
    std::set<std::uint32_t> revisions;  // that these were of, or else the last ones before
  };
  using Served = std::tuple<std::string, std::string, std::string>;  // tenant, name, class

  // Of the workload in the class; its revision does not matter. Of this artifact, or of any other;
  // null: there is none.
  enum class Of : std::uint8_t { kArtifact, kOther };
  [[nodiscard]] const Model* Newest(const ModelKey& key, std::string_view artifact_digest,
                                    Of of) const;
  [[nodiscard]] const Model* Before(const ModelKey& key, std::string_view artifact_digest) const;
  // What is kept of the workload in the class, whatever the revision; the oldest comes first.
  using Revisions = std::ranges::subrange<std::map<ModelKey, Model>::const_iterator>;
  [[nodiscard]] Revisions Kept(const ModelKey& key) const;
  // In the place of the oldest that is kept, where there are enough.
  Model& Put(const ModelKey& key, Model model);
  // Null: newer revisions are all that is kept, or it is gone.
  Model* Obtain(const ModelKey& key);
  void Erase(const ModelKey& key);
  void Changed(const ModelKey& key, Model& model);
  void CountShared(const ModelKey& key, const Model* model);

  store::Store& store_;
  telemetry::Logger& log_;
  std::map<ModelKey, Model> models_;
  std::map<std::tuple<std::string, std::string, std::string>, ModelKey> by_artifact_;
  std::deque<ModelKey> unstored_;
  std::map<Served, Load> loads_;
};

}  // namespace strata::manager
