#include "sandbox/microvm/image.h"

#include <chrono>
#include <string>
#include <utility>

#include "sandbox/microvm/sandbox.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};

Card CardFor(const Spec& spec) { return spec.grants.http.empty() ? Card::kNone : Card::kOne; }

// What a snapshot depends on: the program is told later.
std::string Name(const artifact::RootImage& root, Card card) {
  std::string all = card == Card::kOne ? "with a network card:" : "";
  for (const std::string& layer : root.lower) all += layer + ":";
  return all;
}

}  // namespace

MicrovmImage::MicrovmImage(std::shared_ptr<Shared> shared, artifact::RootImage root)
    : shared_(std::move(shared)), root_(std::move(root)) {
  ++shared_->metrics.images;
}

MicrovmImage::MicrovmImage(const MicrovmImage& origin, std::shared_ptr<const Snapshot> snapshot,
                           Spec spec)
    : shared_(origin.shared_), root_(origin.root_), saved_(std::move(spec)) {
  (snapshot->card ? with_card_ : snapshot_) = std::move(snapshot);
  saved_->effects = {};
  ++shared_->metrics.images;
}

Task<void> MicrovmImage::Warm() {
  Spec plain;
  auto booted = co_await Booted(saved_ ? *saved_ : plain);
  if (!booted) co_return std::unexpected(std::move(booted).error());
  co_return Result<void>{};
}

Task<std::shared_ptr<const Snapshot>> MicrovmImage::Booted(const Spec& spec) {
  const auto self = shared_from_this();  // the image may be dropped meanwhile
  const Card card = CardFor(spec);
  auto& snapshot = card == Card::kOne ? with_card_ : snapshot_;
  Timer timer(shared_->loop.get_executor());
  while (booting_) {
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
  if (!snapshot && shared_->config.snapshots) {
    const auto known = shared_->config.snapshots->find(Name(root_, card));
    if (known != shared_->config.snapshots->end()) snapshot = known->second;
  }
  if (snapshot) co_return snapshot;
  // Also when the coroutine is destroyed in the middle.
  struct Booting {
    bool& flag;
    explicit Booting(bool& of) : flag(of) { flag = true; }
    Booting(const Booting&) = delete;
    Booting& operator=(const Booting&) = delete;
    ~Booting() { flag = false; }
  } const booting(booting_);
  auto made = co_await MakeSnapshot(shared_, root_, shared_->config.machine_memory, card);
  if (made) snapshot = *made;
  if (made && shared_->config.snapshots) {
    shared_->config.snapshots->emplace(Name(root_, card), *made);
  }
  co_return made;
}

Task<std::shared_ptr<Machine>> MicrovmImage::Start(const Spec& spec,
                                                   std::unique_ptr<egress::Outlet>& outlet) {
  auto snapshot = co_await Booted(spec);
  if (!snapshot) co_return std::unexpected(std::move(snapshot).error());
  std::optional<egress::Egress::Plugged> plugged;
  Behind behind;
  if ((*snapshot)->card) {
    auto made = shared_->config.egress->Plug(spec);
    if (!made) co_return std::unexpected(std::move(made).error());
    plugged.emplace(std::move(*made));
    behind = {plugged->tap.get(), plugged->address.ToString()};
  }
  auto machine = co_await Restore(shared_, std::move(*snapshot), UniqueName(spec.id), spec.id,
                                  std::move(behind));
  if (machine && plugged) outlet = std::move(plugged->outlet);
  co_return machine;
}

Result<void> MicrovmImage::Check(const Spec& spec) const {
  if (auto good = CheckId(spec.id); !good) return good;
  const Config& config = shared_->config;
  auto limits = CheckProgramLimits(spec.limits, config.min_memory, config.max_memory, "a microVM");
  if (!limits) return limits;
  if (auto network = CheckNetwork(spec); !network) return network;
  if (!spec.grants.dirs.empty()) {
    return Fail(Errc::kUnsupported, "grants.dirs: a microVM sees no directory of the host");
  }
  if (saved_ && !(saved_->limits == spec.limits && saved_->env == spec.env)) {
    return Fail(Errc::kUnsupported,
                "a snapshot goes on with the limits and variables it was taken with");
  }
  return {};
}

Result<void> MicrovmImage::CheckNetwork(const Spec& spec) const {
  if (saved_ && saved_->grants.http.empty() != spec.grants.http.empty()) {
    return Fail(Errc::kUnsupported,
                "grants.http: a snapshot goes on with the network card it was taken with, or none");
  }
  if (spec.grants.http.empty()) return {};
  if (!shared_->config.egress) {
    return Fail(Errc::kUnsupported, "grants.http: a microVM has no network here");
  }
  return shared_->config.egress->CheckPlug(spec.grants.http);
}

Result<std::unique_ptr<Sandbox>> MicrovmImage::Create(const Spec& spec) {
  if (auto good = Check(spec); !good) return std::unexpected(std::move(good).error());
  if (shared_->metrics.sandboxes_live >= shared_->config.max_sandboxes) {
    ++shared_->metrics.refused_full;
    return Fail(Errc::kResourceExhausted,
                "no room for another microVM: " + std::to_string(shared_->config.max_sandboxes) +
                    " are live");
  }
  auto self = std::static_pointer_cast<MicrovmImage>(shared_from_this());
  return std::make_unique<MicrovmSandbox>(shared_, std::move(self), spec);
}

Program MicrovmImage::MakeProgram(const Spec& spec, const model::Env& more) const {
  Program program{.args = root_.args,
                  .env = {},
                  .cwd = root_.cwd,
                  .uid = root_.uid,
                  .gid = root_.gid,
                  .memory = spec.limits.memory.count,
                  .pids = shared_->config.pids};
  for (const model::Env* each : {&more, &spec.env, &root_.env}) {
    program.env.insert(each->begin(), each->end());
  }
  return program;
}

}  // namespace strata::sandbox::microvm
