#include "manager/traffic/slo_watches.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace strata::manager {
namespace {

using model::Rollout;

const Rollout* Find(std::span<const Rollout> rollouts, const model::Revision& revision) {
  const auto found = std::ranges::find_if(rollouts, [&revision](const Rollout& each) {
    return each.tenant == revision.tenant && each.name == revision.name;
  });
  return found == rollouts.end() ? nullptr : &*found;
}

constexpr std::string_view kPrograms = "no class mends what the program itself answers";

// Why traffic stays, whatever its class does; empty: it may be moved.
std::string Fixed(const model::Revision& revision, const Rollout* rollout) {
  if (revision.workload.sandbox_class) return "its class is named (spec.class)";
  if (revision.workload.within) return "its class is named (spec.within)";
  if (rollout == nullptr || rollout->state != Rollout::State::kRolledBack) return "";
  const bool by_us = !rollout->missed.empty() || rollout->kept > 0;
  return by_us ? "a move to another class was taken back by hand" : "";
}

bool HasImage(const model::Revision& revision) {
  const auto is_image = [](const model::ResolvedVariant& variant) {
    return variant.kind == model::VariantKind::kImage;
  };
  return std::ranges::any_of(revision.variants, is_image) ||
         (revision.placement && revision.placement->sandbox_class != model::Class::kWasm);
}

}  // namespace

// For how long it has to be calm before an overflow that begins now comes back: longer than the
// last one, when that came back too early.
Duration SloWatches::CalmAfter(const Watched& watched, TimePoint now) {
  const bool early = watched.came_back && now - *watched.came_back < watched.calm;
  return early ? std::min<Duration>(2 * watched.calm, scheduler::Calm::kLong)
               : scheduler::Calm::kShort;
}

void SloWatches::FollowOverflow(Watched& watched, const Rollout* rollout, TimePoint now) {
  const bool overflows = rollout != nullptr && rollout->overflows();
  const auto& old = watched.overflow;
  if (overflows && old && old->to == rollout->canary && old->kept == rollout->kept) return;
  if (!overflows && !old) return;
  if (overflows) {
    if (!old) watched.calm = CalmAfter(watched, now);
    watched.overflow.emplace(Overflow{.to = rollout->canary,
                                      .kept = rollout->kept,
                                      .calm = scheduler::Calm(rollout->carried, watched.calm, now),
                                      .watch = scheduler::SloWatch(watched.slo, now)});
  } else {
    watched.overflow.reset();
    watched.came_back = now;
  }
  watched.watch = scheduler::SloWatch(watched.slo, now);  // it has another load now
  watched.silent_until = {};
}

void SloWatches::Follow(std::span<const Form> forms, std::span<const Rollout> rollouts,
                        TimePoint now) {
  auto before = std::exchange(watched_, {});
  for (const Form& form : forms) {
    const model::Revision& revision = form.revision;
    const Rollout* rollout = Find(rollouts, revision);
    if (rollout != nullptr && rollout->state == Rollout::State::kRunning) continue;
    if (form.target != (rollout == nullptr ? model::Target{} : rollout->winner())) continue;
    Name name(revision.tenant, revision.name);
    const auto old = before.find(name);
    const bool goes_on = old != before.end() && old->second.revision == revision.number &&
                         old->second.target == form.target;
    const model::Slo& slo = revision.workload.slo;
    Watched watched = goes_on ? std::move(old->second)
                              : Watched{.revision = revision.number,
                                        .target = form.target,
                                        .slo = slo,
                                        .watch = scheduler::SloWatch(slo, now)};
    watched.has_image = HasImage(revision);
    const bool server = revision.workload.guest == model::GuestKind::kHttp && watched.has_image;
    watched.each = revision.kind == model::Kind::kFunction && !server;
    watched.fixed = Fixed(revision, rollout);
    FollowOverflow(watched, rollout, now);
    watched_.emplace(std::move(name), std::move(watched));
  }
}

void SloWatches::Add(const cell::Function& function, const meter::CallRecord& record) {
  const auto found = watched_.find({function.tenant, function.name});
  if (found == watched_.end()) return;
  const bool left = meter::Left(record);
  if (!meter::Moves(record) || (!left && !meter::TellsOfCallee(record))) return;
  if (record.lost == 1) return;  // a keeper that ends tells of none of its sandboxes
  Watched& watched = found->second;
  auto& overflow = watched.overflow;
  // A server's waits also for a replica to start, which is slowness and no load.
  const bool late = watched.each && meter::CameTooLate(record);
  const scheduler::SloWatch::Call call{.took = Duration(meter::TookNs(record)),
                                       .sandbox = late ? meter::SandboxCame::kBusy : record.sandbox,
                                       .failed = meter::Failed(record),
                                       .program = meter::ProgramFailed(record)};
  const auto add = [&](scheduler::SloWatch& to) { left ? to.AddLeft(call.took) : to.Add(call); };
  if (function.target == watched.target.ToString()) {
    add(watched.watch);
  } else if (overflow && function.target == overflow->to.ToString()) {
    add(overflow->watch);
    watched.watch.AddElsewhere();
  } else {
    return;
  }
  if (overflow) overflow->calm.Add();
}

std::vector<SloWatches::Missed> SloWatches::Check(TimePoint now) {
  std::vector<Missed> missed;
  for (auto& [name, watched] : watched_) {
    auto why = watched.watch.Check(now);
    if (!watched.watch.missing()) watched.stay.reset();
    const std::string fixed = why && why->program ? std::string(kPrograms) : watched.fixed;
    if (why && !fixed.empty()) watched.stay = Stay{why->because, fixed};
    if (!why || !fixed.empty() || now < watched.silent_until) continue;
    watched.silent_until = TimePoint::max();
    missed.push_back({.tenant = name.first,
                      .name = name.second,
                      .revision = watched.revision,
                      .target = watched.target,
                      .because = std::move(why->because),
                      .overload = why->overload,
                      .carried = why->carried});
  }
  return missed;
}

std::vector<SloWatches::Calmed> SloWatches::Settled(TimePoint now) {
  std::vector<Calmed> settled;
  for (auto& [name, watched] : watched_) {
    if (!watched.overflow) continue;
    Overflow& overflow = *watched.overflow;
    Calmed calmed{.tenant = name.first, .name = name.second, .to = overflow.to, .because = ""};
    const auto why = overflow.watch.Check(now);
    if (!overflow.watch.missing()) overflow.stay.reset();
    if (why && why->program) {
      overflow.stay = Stay{"where its overflow goes " + why->because, std::string(kPrograms)};
    } else if (why && why->overload) {
      overflow.stay = Stay{"where its overflow goes " + why->because, "both classes are full"};
    } else if (why) {
      calmed.because = why->because;
      calmed.missed = true;
      settled.push_back(std::move(calmed));
    } else if (overflow.calm.Check(now)) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(watched.calm);
      calmed.because =
          fmt::format("for {} s no more calls came than its class carries", seconds.count());
      settled.push_back(std::move(calmed));
    }
  }
  return settled;
}

void SloWatches::Stayed(const Missed& missed, std::string why, TimePoint now) {
  const auto found = watched_.find({missed.tenant, missed.name});
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  if (watched.revision != missed.revision || watched.target != missed.target) return;
  watched.silent_until = now + kTryAgain;
  watched.stay = Stay{missed.because, std::move(why)};
}

bool SloWatches::MayMoveToImages() const {
  return std::ranges::any_of(watched_, [](const auto& entry) {
    return entry.second.has_image && entry.second.fixed.empty();
  });
}

Json SloWatches::StaysOf(const std::string& tenant, const std::string& name) const {
  const auto found = watched_.find({tenant, name});
  if (found == watched_.end()) return {};
  const Watched& watched = found->second;
  const bool overflow = !watched.stay && watched.overflow && watched.overflow->stay;
  const std::optional<Stay>& stay = overflow ? watched.overflow->stay : watched.stay;
  if (!stay) return {};
  return {{"because", stay->because}, {"why", stay->why}};
}

}  // namespace strata::manager
