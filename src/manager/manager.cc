#include "manager/manager.h"

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "manager/manager_impl.h"
#include "manager/traffic/traffic_notes.h"
#include "store/mac_key.h"

namespace strata::manager {
namespace {

constexpr std::chrono::milliseconds kDownPatience{10'000};
constexpr std::chrono::milliseconds kRetryOfLost{500};
constexpr std::chrono::milliseconds kKnownPatience{2'000};

Result<Opened> Open(const Options& options, const Clock& clock, Random& random) {
  auto dir = StateDir::Open(options.home);
  if (!dir) return std::unexpected(dir.error());
  auto store = store::Store::Open(dir->state().string(), clock, random);
  if (!store) return Wrap(store.error(), "open the store");
  auto key = store::LoadOrCreateMacKey(dir->keys().string(), random);
  if (!key) return Wrap(key.error(), "open the cache's key");
  auto journal = host::Journal::Open(dir->state() / "journal");
  if (!journal) return Wrap(journal.error(), "open the journal");
  auto content = artifact::ContentStore::Open(dir->content().string());
  if (!content) return Wrap(content.error(), "open the content store");
  auto cache = artifact::CodeCache::Open(dir->cache().string(), *key, {});
  if (!cache) return Wrap(cache.error(), "open the code cache");
  auto images =
      artifact::ImageStore::Open({.directory = dir->images(), .unpacker = options.unpack_program});
  if (!images) return Wrap(images.error(), "open the image store");
  if (auto made = MakeDirectories(dir->state() / "images"); !made) {
    return std::unexpected(made.error());
  }
  return Opened{std::move(*dir),     std::move(*store), std::move(*journal),
                std::move(*content), std::move(*cache), std::move(*images)};
}

// Of the parts of a workload's traffic those that go to the class of its `row`.
Json InClass(const Json& parts, const Json& row) {
  Json here = Json::array();
  for (const Json& each : parts) {
    if (each.value("class", Json()) == row["class"]) here.push_back(each);
  }
  return here;
}

}  // namespace

Task<std::unique_ptr<Manager>> Manager::Start(Loop& loop, Options options, const Clock& clock,
                                              Random& random, telemetry::Logger log) {
  if (auto checked = Check(options, MapsAllowed()); !checked) {
    co_return std::unexpected(checked.error());
  }
  auto opened = Open(options, clock, random);
  if (!opened) co_return std::unexpected(opened.error());
  auto manager = std::make_unique<ManagerImpl>(loop, std::move(options), clock, random,
                                               std::move(log), std::move(*opened));
  if (auto booted = co_await manager->Boot(); !booted) co_return std::unexpected(booted.error());
  co_return manager;
}

ManagerImpl::ManagerImpl(Loop& loop, Options options, const Clock& clock, Random& random,
                         telemetry::Logger log, Opened opened)
    : loop_(loop),
      options_(std::move(options)),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      dir_(std::move(opened.dir)),
      store_(std::move(opened.store)),
      journal_(std::move(opened.journal)),
      content_(std::move(opened.content)),
      cache_(std::move(opened.cache)),
      images_(std::move(opened.images)),
      instance_(store_->instance_id()),
      context_{loop_, clock_, options_, dir_, instance_, journal_, log_},
      models_(*store_, log_),
      figures_(clock_, registry_, models_),
      accounts_(*store_, clock_, registry_, log_,
                options_.observe.metering ? Accounts::Metering::kOn : Accounts::Metering::kOff),
      watch_(clock_),
      scales_(clock_, registry_, log_),
      measurements_(dir_.home() / "measurements.json", log_),
      exporter_(context_, registry_),
      connector_(loop_),
      egress_(connector_, registry_),
      compiler_(loop_, options_, instance_, cache_, dir_.state() / "images", log_),
      puller_(context_),
      volumes_(context_, *store_),
      keepers_(
          context_, egress_, accounts_,
          [this](const std::string& tenant) {
            Spawn(loop_, MakeReadyUntilDone(tenant, kRetryOfLost));
          },
          [this](const std::string& tenant, const keeper::Printed& line) {
            collector_.TakeLine(tenant, line);
          },
          [this](const store::UsageKey& whose, std::chrono::nanoseconds cpu, Bytes memory,
                 std::uint32_t sandboxes) {
            figures_.AddLoad({whose.tenant, whose.name, whose.sandbox_class}, cpu, memory,
                             sandboxes);
          },
          [this](const std::string& tenant, keeper::Scaled scaled) {
            scales_.Take(tenant, std::move(scaled));
          },
          [this](const std::string& tenant, keeper::Pooled pool) {
            const Figures::Subject subject{tenant, pool.name, pool.sandbox_class};
            figures_.SetPool(subject, std::move(pool));
          }),
      runnables_(
          {loop_, options_, log_, *store_, content_, images_, compiler_, volumes_, keepers_}),
      fleet_(
          context_, connector_, [this](const std::string& key) { return runnables_.OpenCode(key); },
          [this](const std::string& id, const std::string& reason) {
            log_.Warn("a sandbox is lost", {{"sandbox", id}, {"why", reason}});
          },
          [this](std::shared_ptr<CellProcess> cell) { collector_.Attach(std::move(cell)); }),
      collector_(
          context_, figures_, accounts_, registry_,
          [this](telemetry::Span span) { exporter_.Add(std::move(span)); },
          [this](const cell::Function& function, const meter::CallRecord& record) {
            watch_.Add(function, record);
            slos_.Add(function, record);
          },
          [this] { keepers_.Account(); }),
      deploying_(loop_),
      changes_(loop_, 1),
      changed_(loop_),
      ends_(loop_, *store_, fleet_, sandboxes_),
      forms_(*store_, rollouts_),
      probe_(context_) {}

Task<void> ManagerImpl::Boot() {
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  auto sandboxes = store_->Sandboxes();
  if (!sandboxes) co_return std::unexpected(sandboxes.error());
  for (store::SandboxRecord& record : *sandboxes) {
    const std::string id = record.id;
    sandboxes_.emplace(id, std::move(record));
  }
  if (auto recovered = volumes_.Recover(); !recovered) co_return recovered;
  if (auto recovered = accounts_.Recover(); !recovered) co_return recovered;
  if (auto learned = co_await compiler_.LearnEngine(); !learned) co_return learned;
  if (auto recovered = co_await keepers_.Recover(); !recovered) co_return recovered;
  if (auto recovered = co_await fleet_.Recover(); !recovered) co_return recovered;
  std::set<std::string> processes = collector_.cells();
  for (const auto& [keeper, tenant] : keepers_.tenants()) processes.insert(keeper);
  accounts_.KeepOnly(processes);
  // Sandboxes whose record was deleted while nobody told their cell.
  for (const auto& cell : fleet_.cells()) {
    const std::set<std::string> held = cell->sandboxes();
    for (const std::string& id : held) {
      if (!sandboxes_.contains(id)) (void)co_await cell->DeleteSandbox(id);
    }
  }
  if (!options_.observe.access_log && !options_.observe.metering) {
    log_.Warn("no calls are recorded: nothing is learned of them, and no traffic is moved");
  }
  Spawn(loop_, collector_.Run());
  Spawn(loop_, RunRollouts());
  Spawn(loop_, KeepSlos());
  Spawn(loop_, ReleaseLeft());
  Spawn(loop_, exporter_.Run());
  Spawn(loop_, models_.Run(loop_));
  // Changes wait until the cells have caught up, the API does not.
  Spawn(loop_, [](ManagerImpl& self, [[maybe_unused]] Turns::Turn held) -> Awaitable<void> {
    auto served = co_await self.Serve();
    if (!served) {
      self.log_.Error("cells are behind the desired state", served.error());
      Spawn(self.loop_, self.ServeUntilDone());
    }
  }(*this, std::move(*turn)));
  // But it says from its first answer on what is not served and why, unless that takes long to find
  // out: after an upgrade everything may be compiled anew.
  (void)co_await runnables_.Known(kKnownPatience);
  co_return Result<void>{};
}

Json ManagerImpl::Top() {
  collector_.DrainAll();
  std::set<std::pair<std::string, std::string>> deployed;
  const auto current = store_->CurrentRevisions();
  if (current) {
    for (const model::Revision& each : *current) deployed.emplace(each.tenant, each.name);
  }
  Json rows = Json::array();
  const Json top = figures_.Top();
  for (const Json& figures : top["functions"]) {
    Json row = figures;
    const std::pair name(row["namespace"].get<std::string>(), row["name"].get<std::string>());
    if (current && !deployed.contains(name)) continue;  // what it used is in its bill
    Json scale = scales_.Of({.tenant = name.first,
                             .name = name.second,
                             .sandbox_class = row["class"].get<std::string>()});
    if (!scale.is_null()) row["scale"] = std::move(scale);
    if (const auto moving = rollouts_.find(name); moving != rollouts_.end()) {
      const auto serving = ServingBackends(moving->second);
      if (!serving.empty()) row["serving"] = InClass(BackendsToJson(name.first, serving), row);
    }
    rows.push_back(std::move(row));
  }
  return {{"functions", std::move(rows)}};
}

Task<void> ManagerImpl::Down() {
  co_await puller_.Down();
  // Kept to the end: a rollout that goes on now would start cells again.
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  auto down = co_await fleet_.Down(kDownPatience);
  auto ended = co_await keepers_.Down(kDownPatience);
  puller_.RemoveLeft();  // what was pulled for a deployment that ends with us
  collector_.DrainAll();
  collector_.Persist();
  models_.FlushAll();
  co_return down ? ended : down;
}

}  // namespace strata::manager
