// manager/manager_impl.h - the parts of a running manager and how they hang together. Private to
// manager/: everybody else sees manager.h.
//
//   deploy.cc     Apply, Delete: manifests -> checked, compiled, durable, served
//   place.cc      into which class a workload goes
//   forms.cc      prepares the revisions and classes that routes name (which: traffic/forms_now.h)
//   rollouts.cc   traffic that moves from one to another; by itself: slo_moves.cc
//   prepare.cc    artifacts -> native code, or images in keepers
//   inspect.cc    List, Get, Watch, Top, Status, Probe, Metrics, logs; Cost: cost.cc
//   services.cc   programs beside a service's server, pausing
//   sandboxes.cc, create_sandboxes.cc  addressable sandboxes
//   manager.cc    start, recovery, stop
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/artifact.h"
#include "artifact/store/code_cache.h"
#include "artifact/store/content_store.h"
#include "artifact/store/image_store.h"
#include "base/async/broadcast.h"
#include "base/async/keyed_turns.h"
#include "host/files/journal.h"
#include "manager/artifacts/compile_service.h"
#include "manager/artifacts/puller.h"
#include "manager/artifacts/runnables.h"
#include "manager/artifacts/volumes.h"
#include "manager/cells/configuration.h"
#include "manager/cells/fleet.h"
#include "manager/cells/sandbox_ends.h"
#include "manager/keepers/host_probe.h"
#include "manager/keepers/keepers.h"
#include "manager/keepers/scales.h"
#include "manager/manager.h"
#include "manager/opened.h"
#include "manager/placing/candidate.h"
#include "manager/placing/measurements.h"
#include "manager/placing/models.h"
#include "manager/placing/room.h"
#include "manager/records/accounts.h"
#include "manager/records/bill.h"
#include "manager/records/collector.h"
#include "manager/records/figures.h"
#include "manager/records/span_exporter.h"
#include "manager/state_dir.h"
#include "manager/traffic/forms_now.h"
#include "manager/traffic/rollout_watch.h"
#include "manager/traffic/slo_watches.h"
#include "scheduler/placing/strategy.h"
#include "store/store.h"
#include "telemetry/metrics.h"

namespace strata::manager {

class ManagerImpl final : public Manager {
 public:
  ManagerImpl(Loop& loop, Options options, const Clock& clock, Random& random,
              telemetry::Logger log, Opened opened);
  // What must succeed before the API is served; the rest of the recovery goes on by itself.
  Task<void> Boot();

  Task<std::vector<Change>> Apply(std::vector<ManifestFile> files, Mode mode,
                                  Progress& progress) override;
  Task<Change> Delete(ResourceName name) override;
  Task<Json> StartRollout(RolloutRequest request, Progress& progress) override;
  Result<Json> GetRollout(const std::string& tenant, const std::string& name) override;
  Task<Json> EndRollout(std::string tenant, std::string name, RolloutVerb verb) override;
  Result<Json> List(std::string_view kind, std::string_view tenant) override;
  Result<Json> Get(const ResourceName& name) override;
  Task<Json> Watch(std::uint64_t since) override;
  Task<Fd> ConnectFunction(std::string_view tenant, std::string_view function) override;
  Task<Fd> ConnectSandbox(std::string_view id) override;
  Task<Json> CreateSandboxes(std::string_view tenant, std::string_view function,
                             std::uint32_t count) override;
  Result<Json> ListSandboxes() override;
  Result<Json> GetSandbox(std::string_view id) override;
  Task<void> DeleteSandbox(std::string_view id) override { return ends_.End(id); }
  Result<Json> ListVolumes(std::string_view tenant) override { return volumes_.List(tenant); }
  Result<Json> GetVolume(std::string_view tenant, std::string_view name) override {
    return volumes_.Get(tenant, name);
  }
  Task<void> DeleteVolume(std::string tenant, std::string name) override;
  Result<std::shared_ptr<sandbox::Execution>> Exec(ExecRequest request) override;
  Task<void> SetPaused(ServiceName of, bool paused) override;
  Task<void> SaveSnapshot(ServiceName of, std::string sandbox, std::string snapshot) override;
  Task<void> DropSnapshot(ServiceName of, std::string snapshot) override;
  Task<Json> RestoreSnapshot(ServiceName of, std::string snapshot) override;
  Task<Json> Fork(ServiceName of, std::string sandbox, std::uint32_t count) override;
  Task<void> EndFork(ServiceName of, std::string sandbox) override;
  Task<Json> ServiceSandboxes(ServiceName of) override;
  Task<LogChunk> Logs(std::string_view tenant, std::string_view function, std::uint64_t offset,
                      bool wait) override;
  Result<std::uint64_t> LogTail(std::string_view tenant, std::string_view function,
                                std::uint32_t tail) override;
  Result<void> PutMeasurements(const Json& record) override { return measurements_.Put(record); }
  Json GetMeasurements() override { return measurements_.record(); }
  Task<Json> Cost(std::string tenant, std::string by) override;
  Json GetModels(std::string_view tenant, std::string_view name) override;
  Json Top() override;
  Json Status() override;
  Task<Json> Probe() override;
  std::string Metrics() override;
  Task<void> Down() override;

 private:
  // deploy.cc
  Result<std::vector<model::Resource>> ReadResources(std::vector<ManifestFile> files);
  Task<std::vector<Candidate>> ReadCandidates(std::vector<ManifestFile> files, Progress& progress);
  Task<Candidate> ReadCandidate(model::Resource resource, Progress& progress);
  Task<Variant> FetchVariant(const model::Resource& resource, const model::NamedArtifact& named,
                             Progress& progress);
  Task<void> TakeTurns(const std::vector<Candidate>& candidates,
                       std::vector<KeyedTurns::Turn>& turns);  // their tenants'
  Result<void> CheckAgainstStore(std::span<const store::NewResource> resources);
  Result<std::vector<Change>> Commit(std::vector<Candidate>& candidates,
                                     std::span<const store::NewResource> resources, Mode mode);
  Result<void> CheckLimits(const model::Resource& resource) const;
  Result<std::vector<Change>> Describe(const std::vector<Candidate>& candidates,
                                       const std::vector<store::Applied>& applied,
                                       const std::map<model::ResourceKey, model::Resource>& before);
  std::vector<std::string> Urls(const model::Resource& resource) const;
  Task<std::vector<Change>> Deploy(std::vector<Candidate>& candidates, Mode mode,
                                   Progress& progress);
  Task<DesiredState> BuildDesired();
  Task<void> Serve();  // brings the cells to what the store says
  // Tries Serve until all cells have heard; the last one called stands for those that wait.
  Awaitable<void> ServeUntilDone();
  // Makes ready what the tenant's forms lack, in its turn, and serves that: until nothing is
  // lacking, first after `pause`. The last one called for a tenant stands for it.
  Awaitable<void> MakeReadyUntilDone(std::string tenant, std::chrono::milliseconds pause);
  Task<void> MakeReady(const std::string& tenant);

  // place.cc
  Task<void> Place(Candidate& candidate);
  Task<model::Placement> Choose(const model::Resource& resource, const Artifacts& artifacts,
                                std::vector<scheduler::Option> options,
                                std::optional<model::Class> asked, Circumstances now = {});
  std::optional<model::Placement> PlacementNow(const Candidate& candidate);
  Result<std::vector<scheduler::Option>> OptionsOf(const model::Resource& resource,
                                                   const Artifacts& artifacts) const;
  // Where it would go now if its manifest named neither class nor rule.
  Result<model::Placement> FreePlacement(const model::Resource& resource,
                                         const Artifacts& artifacts) const;

  // forms.cc
  // Checks and prepares what routes name, as they would be with `candidates`.
  Task<void> PrepareForms(const std::vector<Candidate>& candidates, Mode mode, Progress& progress);
  Task<void> PrepareForm(const Candidate* changing, const std::string& tenant,
                         const model::Backend& backend, Mode mode, std::string_view asked,
                         Progress& progress);
  Task<void> PrepareRevision(model::Revision revision, Mode mode, Progress& progress);
  Task<model::Class> CheckClass(const Candidate& candidate, model::Class inner,
                                std::string_view asked);
  Result<Candidate> DeployedAs(const model::Revision& revision);
  Awaitable<void> PrepareTraffic(const Candidate& changing, Progress& progress);
  Json BackendsToJson(const std::string& tenant, const std::vector<model::Backend>& backends,
                      const FormsNow::Newest* read = nullptr);

  // rollouts.cc
  Awaitable<void> RunRollouts();
  Task<void> GoOn(model::Rollout from, model::Rollout to);  // unless it is not `from` any more
  Task<void> SwitchTo(model::Rollout rollout);
  Task<void> SwitchPrepared(Result<void> prepared, KeyedTurns::Turn& deploying, model::Rollout to);
  Result<void> ReadRollouts();
  Result<model::Target> TrafficOf(const std::string& tenant, const std::string& name);
  Task<void> PlaceAnew(model::Rollout& plan);  // sets its canary
  Task<void> StartTo(model::Rollout plan, bool anew, Progress& progress);
  Task<void> StartByFiles(model::Rollout plan, std::vector<ManifestFile> files, Progress& progress);
  Json ToJson(const model::Rollout& rollout, const FormsNow::Newest* read = nullptr);

  // slo_moves.cc
  Awaitable<void> KeepSlos();
  Awaitable<void> ProbeAhead();
  Awaitable<void> LeaveClass(SloWatches::Missed missed);
  Task<void> MoveOn(SloWatches::Missed missed);
  Task<void> MoveToNext(const model::Revision& revision, const SloWatches::Missed& missed,
                        KeyedTurns::Turn& deploying);
  Awaitable<void> ComeBack(SloWatches::Calmed calmed);
  using Excluded = std::map<model::Class, std::string>;  // and why
  Task<model::Placement> NextFor(const model::Revision& revision, const SloWatches::Missed& missed,
                                 const Excluded& without, std::uint32_t& kept);
  Task<model::Placement> NextClass(const model::Revision& revision, const Excluded& without,
                                   std::optional<double> overload);

  // prepare.cc
  Task<void> Build(std::vector<Candidate>& candidates, Progress& progress);  // needs no turn
  Task<void> CompileWasm(const model::Resource& resource, Variant& variant, Progress& progress);
  Task<void> UnpackImage(const model::Resource& resource, const Variant& variant,
                         Progress& progress);
  // A dry run starts and makes nothing.
  Task<void> Prepare(const std::vector<Candidate>& candidates, Mode mode, Progress& progress);
  Task<void> PrepareImage(const Candidate& candidate, model::Class sandbox_class, Mode mode,
                          Progress& progress);
  model::Class ClassOf(const model::Revision& revision) const {
    return runnables_.ClassOf(revision);
  }
  void ReleaseUnused();  // what nothing stored needs; only in a turn
  Awaitable<void> ReleaseLeft();
  void ReleaseImages();  // and nobody holds, of these
  std::shared_ptr<const std::string> Hold(std::string digest);

  // cost.cc: what is deployed now, by tenant and name
  using Deployed =
      std::map<std::pair<std::string, std::string>, std::pair<model::Resource, model::Revision>>;
  Result<Deployed> GetDeployed();
  // kUnavailable: why that is not known.
  Result<double> CostElsewhere(const store::Usage& of, model::Class here, model::Class there,
                               const meter::Prices& prices) const;
  std::optional<model::Class> BetterClass(const store::UsageKey& key,
                                          const Deployed& deployed) const;
  Bill BillOf(const store::UsageKey& key, const store::Usage& usage, model::Class here,
              const Deployed& deployed, const meter::Prices& prices) const;

  // inspect.cc
  Json Listener() const;
  // `read`: the newest revisions of its tenant at least, where many are told of.
  Json ToJson(const store::StoredResource& stored, const FormsNow::Newest* read = nullptr);
  Json ToJson(const store::SandboxRecord& record);  // sandboxes.cc
  Json MoveOf(const std::string& tenant, const std::string& name, const model::Revision& now);
  Result<void> RequireFunction(std::string_view tenant, std::string_view function);
  Result<void> RequireLog(std::string_view tenant, std::string_view function);
  Result<void> CheckVerb(const ServiceName& of, std::string_view verb);
  template <typename What>
  Task<keeper::Done> OnServer(ServiceName of, What what, std::chrono::milliseconds more = {});

  // services.cc
  [[nodiscard]] std::chrono::milliseconds TimeToReplace(const ServiceName& of) const;
  [[nodiscard]] const std::string* ServedAs(const std::string& tenant,
                                            const std::string& name) const;
  Result<std::pair<std::shared_ptr<KeeperProcess>, std::string>> RunningServer(
      const std::string& tenant, const std::string& name);

  // create_sandboxes.cc
  struct Creation;  // a CreateSandboxes that waits
  using Creations = std::vector<std::shared_ptr<Creation>>;
  Awaitable<void> MakeWaiting();
  Task<void> MakeTogether(const Creations& batch);
  Result<void> Plan(Creation& creation);
  Task<void> MakeAll(std::shared_ptr<Creation> creation);

  Loop& loop_;
  const Options options_;
  const Clock& clock_;
  Random& random_;
  telemetry::Logger log_;
  StateDir dir_;
  std::unique_ptr<store::Store> store_;
  host::Journal journal_;
  artifact::ContentStore content_;
  artifact::CodeCache cache_;
  artifact::ImageStore images_;
  std::string instance_;
  CellContext context_;
  telemetry::Registry registry_;
  manager::Models models_;
  Figures figures_;
  Accounts accounts_;
  RolloutWatch watch_;
  Scales scales_;
  SloWatches slos_;
  Measurements measurements_;
  SpanExporter exporter_;
  Connector connector_;
  KeeperEgress egress_;
  CompileService compiler_;
  Puller puller_;
  Volumes volumes_;
  Keepers keepers_;
  Runnables runnables_;
  Fleet fleet_;
  Collector collector_;
  // Whoever needs both takes its tenants' turns first, in their order.
  KeyedTurns deploying_;  // by tenant: starting what a change needs, which may take half a minute
  Turns changes_;         // one change of the desired state at a time
  Broadcast changed_;
  std::set<std::string> served_;         // module keys that cells may use
  std::shared_ptr<void> serving_again_;  // whose ServeUntilDone counts; null: there is none
  std::map<std::string, std::shared_ptr<void>> making_ready_;  // of MakeReadyUntilDone, by tenant
  std::set<std::string> unreleased_;                    // tenants, since somebody had their turn
  std::vector<std::weak_ptr<const std::string>> held_;  // digests of images that are being deployed
  std::map<std::string, store::SandboxRecord> sandboxes_;
  SandboxEnds ends_;
  Creations creations_;                                            // none of these is begun
  bool creating_ = false;                                          // MakeWaiting runs
  std::map<std::string, std::map<std::string, Current>> current_;  // by tenant and function
  FormsNow::Rollouts rollouts_;
  FormsNow forms_;
  HostProbe probe_;
};

}  // namespace strata::manager
