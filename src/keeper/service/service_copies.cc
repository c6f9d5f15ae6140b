// What a service saves of its sandboxes, and those that go on from there.
#include <algorithm>
#include <chrono>
#include <utility>

#include "keeper/service/service.h"

namespace strata::keeper {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr std::chrono::seconds kReadyPatience{30};
constexpr std::size_t kMostSnapshots = 16;  // of a service: each holds its machine's memory

}  // namespace

Task<void> Service::Save(std::string sandbox, std::string name) {
  const auto self = shared_from_this();
  const auto check = [&]() -> Result<void> {
    if (snapshots_.contains(name)) {
      return Fail(Errc::kFailedPrecondition, what_.name + " has a snapshot " + name + " already");
    }
    if (snapshots_.size() < kMostSnapshots) return {};
    return Fail(Errc::kResourceExhausted, what_.name + " has " + std::to_string(kMostSnapshots) +
                                              " snapshots; delete one first");
  };
  if (auto free = check(); !free) co_return free;
  auto replica = Find(sandbox);
  if (!replica) co_return std::unexpected(std::move(replica).error());
  auto image = co_await (*replica)->sandbox->Snapshot();
  if (!image) co_return std::unexpected(std::move(image).error());
  if (auto free = check(); !free) co_return free;  // another was quicker
  snapshots_.emplace(std::move(name), std::move(*image));
  co_return Result<void>{};
}

Result<void> Service::Drop(const std::string& name) {
  if (snapshots_.erase(name) > 0) return {};
  return Fail(Errc::kNotFound, what_.name + " has no snapshot " + name);
}

Task<std::vector<std::string>> Service::Restore(std::string name) {
  const auto self = shared_from_this();
  const auto found = snapshots_.find(name);
  if (found == snapshots_.end()) {
    co_return Fail(Errc::kNotFound, what_.name + " has no snapshot " + name);
  }
  const auto image = found->second;
  if (CountWanted() == 0) co_return Fail(Errc::kUnavailable, NoneRuns());
  for (Slot& slot : slots_) {
    if (!slot.wanted) continue;
    slot.next_image = image;
    if (!slot.replica) continue;  // between two lives: the next goes on from there
    slot.replica->ready = false;
    slot.replica->replaced = true;
    slot.replica->AskToEnd();
  }
  const auto there = [&](const Slot& slot) {
    return !slot.wanted || (slot.replica && slot.replica->image == image && slot.replica->ready);
  };
  // Those that make place first have their time to stop.
  const TimePoint patience = clock_.Now() + what_.stop_timeout + ReadyPatience();
  while (!std::ranges::all_of(slots_, there)) {
    const auto anew = [&](const Slot& slot) {
      return slot.wanted && slot.replica && slot.replica->image != image && !slot.replica->replaced;
    };
    if (stopping_ || clock_.Now() >= patience || std::ranges::any_of(slots_, anew)) {
      co_return Fail(Errc::kFailedPrecondition,
                     what_.name + " could not go on from " + name + "; its log says more");
    }
    co_await Pause(kLookAgain);
  }
  co_return ReplicaIds();
}

Task<std::vector<std::string>> Service::Fork(std::string sandbox, std::uint32_t count) {
  const auto self = shared_from_this();
  auto origin = Find(sandbox);
  if (!origin) co_return std::unexpected(std::move(origin).error());
  auto image = co_await (*origin)->sandbox->Snapshot();
  if (!image) co_return std::unexpected(std::move(image).error());
  if (stopping_) co_return Fail(Errc::kUnavailable, "the service was stopped");
  std::vector<std::shared_ptr<Replica>> made;
  Result<void> done;
  while (done && made.size() < count) {
    auto fork = MakeReplica("fork");
    done = Create(*fork, *image);
    if (done) made.push_back(std::move(fork));
  }
  if (!done) co_return std::unexpected(std::move(done).error());  // none has been started
  std::vector<std::string> ids;
  for (const auto& fork : made) {
    ids.push_back(fork->id());
    forks_.push_back(fork);
    ++running_;
    Spawn(loop_, KeepFork(self, fork));
    Spawn(loop_, WaitUntilReady(self, fork));
  }
  auto ready = co_await UntilReady(made);
  if (!ready) {
    for (const auto& fork : made) fork->sandbox->Stop();
    co_return std::unexpected(std::move(ready).error());
  }
  co_return ids;
}

Awaitable<void> Service::KeepFork(std::shared_ptr<Service> self, std::shared_ptr<Replica> fork) {
  HasEnded(*fork, co_await fork->sandbox->Serve());
  std::erase(forks_, fork);
  --running_;
  static_cast<void>(self);
}

Task<void> Service::UntilReady(std::vector<std::shared_ptr<Replica>> forks) {
  const TimePoint patience = clock_.Now() + kReadyPatience;
  while (!std::ranges::all_of(forks, [](const auto& each) { return each->ready; })) {
    const bool ended = std::ranges::any_of(forks, [](const auto& each) { return each->ended; });
    if (stopping_ || ended || clock_.Now() >= patience) {
      co_return Fail(Errc::kFailedPrecondition, "a fork of " + what_.name + " did not go on");
    }
    co_await Pause(kLookAgain);
  }
  co_return Result<void>{};
}

Result<void> Service::EndFork(const std::string& sandbox) {
  for (const auto& fork : forks_) {
    if (fork->id() != sandbox) continue;
    fork->sandbox->Stop();
    return {};
  }
  return Fail(Errc::kNotFound, what_.name + " has no fork " + sandbox);
}

std::vector<std::string> Service::ReplicaIds() const {
  std::vector<std::string> ids;
  for (const Slot& slot : slots_) {
    if (slot.replica) ids.push_back(slot.replica->id());
  }
  return ids;
}

std::vector<std::string> Service::ForkIds() const {
  std::vector<std::string> ids;
  for (const auto& fork : forks_) ids.push_back(fork->id());
  return ids;
}

std::vector<std::string> Service::SnapshotNames() const {
  std::vector<std::string> names;
  for (const auto& [name, image] : snapshots_) names.push_back(name);
  return names;
}

}  // namespace strata::keeper
