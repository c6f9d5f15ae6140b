#include "manager/placing/models.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "manager/placing/claims.h"

namespace strata::manager {
namespace {

constexpr double kMebibyte = 1048576.0;

double Ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

// How long a call stood in line tells of the load, not of what it needs: learned, it would keep the
// workload out of this class, and of others, after the load is gone. But what a server's first call
// stood in line for is its server's start.
scheduler::CallSeen SeenOf(const meter::CallRecord& record) {
  const bool shared = meter::Shared(record);
  const std::uint64_t line_ns = shared && meter::Cold(record) ? record.queue_ns : 0;
  return {.start_ms = Ms(line_ns + record.instantiate_ns),
          .service_ms = Ms(record.run_ns + record.write_ns),
          .cpu_ms = Ms(record.cpu_ns),
          .memory_mib = static_cast<double>(record.memory_peak) / kMebibyte,
          .failed = meter::Failed(record),
          .program = meter::ProgramFailed(record),
          .cold = meter::Cold(record),
          .shared = shared};
}

Json ScoreOf(const scheduler::Score& score) {
  Json json{{"calls", score.calls()}};
  if (const auto explained = score.explained()) json["explained"] = *explained;
  if (const auto error = score.error()) json["error"] = *error;
  return json;
}

Json QuantilesOf(const scheduler::Sketch& sketch) {
  return {{"p50", sketch.Quantile(0.50)},
          {"p90", sketch.Quantile(0.90)},
          {"p99", sketch.Quantile(0.99)}};
}

Json PriorOf(const scheduler::Figures& figures) {
  Json json{{"p50_ms", figures.p50_ms},
            {"p99_ms", figures.p99_ms},
            {"cpu_ms", figures.cpu_ms},
            {"memory_mib", figures.memory_mib},
            {"source", figures.source}};
  if (figures.cold_start_ms) json["cold_start_ms"] = *figures.cold_start_ms;
  return json;
}

Json FailuresOf(const scheduler::Learned& learned) {
  const scheduler::FailureRate failures = learned.failures();
  return {{"rate", failures.rate},
          {"sandbox_rate", learned.crashes().rate},
          {"calls", failures.calls},
          {"least", failures.Least()},
          {"most", failures.Most()}};
}

}  // namespace

Models::Models(store::Store& store, telemetry::Logger& log) : store_(store), log_(log) {
  auto records = store_.Models();
  if (!records) {
    log_.Error("what was learned is lost", records.error());
    return;
  }
  std::ranges::sort(*records, {}, &store::ModelRecord::revision);
  std::size_t unread = 0;
  std::string first;
  for (store::ModelRecord& record : *records) {
    auto learned = scheduler::Learned::Decode(record.bytes);
    if (!learned) {
      const std::string of = record.tenant + "/" + record.name + "@" +
                             std::to_string(record.revision) + " in " + record.sandbox_class;
      if (unread++ == 0) first = of;
      continue;
    }
    (void)Put(
        {record.tenant, record.name, record.sandbox_class,
         static_cast<std::uint32_t>(record.revision)},
        {.artifact_digest = std::move(record.artifact_digest), .learned = *std::move(learned)});
  }
  if (unread == 0) return;
  log_.Warn(
      "what was learned of revisions does not read, and is learned again: damaged, or stored "
      "by another version",
      {{"revisions", unread}, {"first", first}});
}

const Models::Model* Models::Newest(const ModelKey& key, std::string_view artifact_digest,
                                    Of of) const {
  ModelKey last = key;
  last.revision = UINT32_MAX;
  for (auto at = models_.upper_bound(last); at != models_.begin();) {
    --at;
    const bool same = at->first.tenant == key.tenant && at->first.name == key.name &&
                      at->first.sandbox_class == key.sandbox_class;
    if (!same) return nullptr;
    const bool has_it = at->second.artifact_digest == artifact_digest;
    if (has_it == (of == Of::kArtifact)) return &at->second;
  }
  return nullptr;
}

const Models::Model* Models::Before(const ModelKey& key, std::string_view artifact_digest) const {
  if (const Model* newest = Newest(key, artifact_digest, Of::kArtifact)) return newest;
  const auto same =
      by_artifact_.find({key.tenant, std::string(artifact_digest), key.sandbox_class});
  return same == by_artifact_.end() ? nullptr : &models_.find(same->second)->second;
}

Models::Revisions Models::Kept(const ModelKey& key) const {
  ModelKey first = key;
  first.revision = 0;
  ModelKey last = key;
  last.revision = UINT32_MAX;
  return {models_.lower_bound(first), models_.upper_bound(last)};
}

Models::Model& Models::Put(const ModelKey& key, Model model) {
  const Revisions kept = Kept(key);
  if (std::ranges::distance(kept) >= kRevisions) Erase(ModelKey(kept.front().first));
  by_artifact_[{key.tenant, model.artifact_digest, key.sandbox_class}] = key;
  return models_.insert_or_assign(key, std::move(model)).first->second;
}

Models::Model* Models::Obtain(const ModelKey& key) {
  const auto found = models_.find(key);
  if (found != models_.end()) return &found->second;
  // Without asking the store: a route may send it every call.
  const Revisions kept = Kept(key);
  if (std::ranges::distance(kept) >= kRevisions && key < kept.front().first) return nullptr;
  auto artifact = store_.ArtifactOf(key.tenant, key.name, key.revision);
  if (!artifact) return nullptr;  // a late record of a revision that is gone
  const Model* before = Before(key, *artifact);
  return &Put(key,
              {.artifact_digest = *std::move(artifact),
               .learned = before == nullptr ? scheduler::Learned() : before->learned.Successor()});
}

void Models::Erase(const ModelKey& key) {
  const auto gone = models_.find(key);
  const auto same =
      by_artifact_.find({key.tenant, gone->second.artifact_digest, key.sandbox_class});
  if (same != by_artifact_.end() && same->second == key) by_artifact_.erase(same);
  models_.erase(gone);
}

void Models::Changed(const ModelKey& key, Model& model) {
  if (!std::exchange(model.stored, false)) return;
  unstored_.push_back(key);
}

void Models::Learn(const ModelKey& key, const meter::CallRecord& record) {
  if (!meter::TellsOfCallee(record)) return;
  if (record.lost == 1) return;  // a keeper that ends tells of none of its sandboxes
  Model* model = Obtain(key);
  const scheduler::CallSeen seen = SeenOf(record);
  // What its deadline ended for having stood in line is load. A server's waits also for its start.
  if (!seen.shared && meter::CameTooLate(record)) return;
  if (seen.shared) CountShared(key, model);
  if (model == nullptr) return;
  model->learned.Learn(seen);
  Changed(key, *model);
}

// Revisions of which nothing is kept are called, too.
void Models::CountShared(const ModelKey& key, const Model* model) {
  Served served{key.tenant, key.name, key.sandbox_class};
  const auto at =
      model == nullptr ? loads_.find(served) : loads_.try_emplace(std::move(served)).first;
  if (at == loads_.end()) return;  // a late record of what is gone
  Load& load = at->second;
  if (load.calls++ == 0) load.revisions.clear();
  load.revisions.insert(key.revision);
}

void Models::LearnLoad(std::string_view tenant, std::string_view name,
                       std::string_view sandbox_class, std::chrono::nanoseconds cpu, Bytes memory) {
  const auto found =
      loads_.find({std::string(tenant), std::string(name), std::string(sandbox_class)});
  if (found == loads_.end() || memory.count == 0) return;  // not called yet; or it has ended
  Load& load = found->second;
  load.cpu_ms += Ms(static_cast<std::uint64_t>(cpu.count()));
  std::optional<double> each;
  if (load.calls > 0) {
    each = std::exchange(load.cpu_ms, 0) / static_cast<double>(std::exchange(load.calls, 0));
  }
  for (const std::uint32_t revision : load.revisions) {
    const auto at = models_.find(
        {std::string(tenant), std::string(name), std::string(sandbox_class), revision});
    if (at == models_.end()) continue;
    at->second.learned.LearnLoad(each, static_cast<double>(memory.count) / kMebibyte);
    if (each) Changed(at->first, at->second);
  }
}

void Models::Forget(std::string_view tenant, std::string_view name) {
  const ModelKey first{std::string(tenant), std::string(name), "", 0};
  for (auto at = models_.lower_bound(first); at != models_.end();) {
    const ModelKey key = at->first;
    if (key.tenant != tenant || key.name != name) break;
    ++at;
    Erase(key);
  }
  std::erase_if(loads_, [&](const auto& entry) {
    return std::get<0>(entry.first) == tenant && std::get<1>(entry.first) == name;
  });
}

Models::Known Models::Find(std::string_view tenant, std::string_view name,
                           std::string_view sandbox_class, std::string_view artifact_digest) const {
  const ModelKey key{std::string(tenant), std::string(name), std::string(sandbox_class)};
  const Model* artifact = Before(key, artifact_digest);
  const Model* other = Newest(key, artifact_digest, Of::kOther);
  return {.artifact = artifact == nullptr ? nullptr : &artifact->learned,
          .other = other == nullptr ? nullptr : &other->learned};
}

const scheduler::Learned* Models::Taught(const ModelKey& key) const {
  const auto found = models_.find(key);
  return found == models_.end() ? nullptr : &found->second.learned;
}

Json Models::StatusOf(std::string_view tenant, std::string_view name) const {
  Json models = Json::array();
  scheduler::Score all;
  const ModelKey first{std::string(tenant), std::string(name), "", 0};
  for (auto at = models_.lower_bound(first); at != models_.end(); ++at) {
    const auto& [key, model] = *at;
    if (key.tenant != tenant || key.name != name) break;
    const auto figures = model.learned.With(std::nullopt);
    if (!figures) continue;
    all.Merge(model.learned.score());
    models.push_back({{"class", key.sandbox_class},
                      {"revision", key.revision},
                      {"calls", model.learned.samples()},
                      {"start_ms", model.learned.start().Quantile(0.50)},
                      {"p50_ms", figures->p50_ms},
                      {"p99_ms", figures->p99_ms},
                      {"memory_mib", figures->memory_mib},
                      {"failure_rate", model.learned.failures().rate},
                      {"sandbox_failure_rate", model.learned.crashes().rate}});
    if (figures->cold_start_ms) models.back()["cold_start_ms"] = *figures->cold_start_ms;
  }
  return {{"models", std::move(models)}, {"prediction", ScoreOf(all)}};
}

Json Models::List(std::string_view tenant, std::string_view name, const PriorFn& prior) const {
  Json models = Json::array();
  for (const auto& [key, model] : models_) {
    if (!tenant.empty() && key.tenant != tenant) continue;
    if (!name.empty() && key.name != name) continue;
    const scheduler::Learned& learned = model.learned;
    Json row{{"namespace", key.tenant},
             {"name", key.name},
             {"class", key.sandbox_class},
             {"revision", key.revision},
             {"artifact", model.artifact_digest},
             {"calls", learned.samples()},
             {"start_ms", QuantilesOf(learned.start())},
             {"service_ms", QuantilesOf(learned.service())},
             {"cpu_ms", learned.cpu_ms()},
             {"memory_mib", learned.memory_mib()},
             {"failures", FailuresOf(learned)},
             {"prediction", ScoreOf(learned.score())},
             {"stored", model.stored}};
    if (learned.cold().weight() > 0) row["cold_ms"] = QuantilesOf(learned.cold());
    if (const auto sandbox_class = model::ClassFromName(key.sandbox_class)) {
      if (const auto figures = prior(*sandbox_class)) row["prior"] = PriorOf(*figures);
      row["claim"] = ClaimOf(*sandbox_class);
    }
    models.push_back(std::move(row));
  }
  return {{"models", std::move(models)}, {"claim", ClaimOfPredictions()}};
}

Result<void> Models::Flush() {
  std::vector<store::ModelRecord> batch;
  std::vector<ModelKey> keys;
  while (!unstored_.empty() && batch.size() < kBatch) {
    ModelKey key = std::move(unstored_.front());
    unstored_.pop_front();
    const auto found = models_.find(key);
    if (found == models_.end()) continue;
    found->second.stored = true;
    batch.push_back({.tenant = key.tenant,
                     .name = key.name,
                     .revision = key.revision,
                     .sandbox_class = key.sandbox_class,
                     .artifact_digest = "",
                     .bytes = found->second.learned.Encode()});
    keys.push_back(std::move(key));
  }
  if (batch.empty()) return {};
  auto put = store_.PutModels(batch);
  if (put) return put;
  log_.Warn("what was learned is kept in memory for now", {{"error", put.error().message}});
  for (const ModelKey& key : keys) Changed(key, models_.find(key)->second);
  return put;
}

void Models::FlushAll() {
  while (!unstored_.empty() && Flush()) {
  }
}

Awaitable<void> Models::Run(Loop& loop) {
  Promise<std::monostate> never(loop);
  for (;;) {
    (void)co_await never.Wait(kEvery);
    // What changes meanwhile is for the next time.
    for (auto left = unstored_.size(); left > 0 && Flush(); left -= std::min(left, kBatch)) {
      (void)co_await never.Wait(kBetween);
    }
  }
}

}  // namespace strata::manager
