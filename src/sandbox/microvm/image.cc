#include "sandbox/microvm/image.h"

#include <chrono>
#include <string>
#include <utility>

#include "sandbox/microvm/sandbox.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};

// What a snapshot depends on: the program is told later.
std::string Layers(const artifact::RootImage& root) {
  std::string all;
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
    : shared_(origin.shared_),
      root_(origin.root_),
      snapshot_(std::move(snapshot)),
      saved_(std::move(spec)) {
  saved_->effects = {};
  ++shared_->metrics.images;
}

Task<void> MicrovmImage::Warm() {
  auto booted = co_await Booted();
  if (!booted) co_return std::unexpected(std::move(booted).error());
  co_return Result<void>{};
}

Task<std::shared_ptr<const Snapshot>> MicrovmImage::Booted() {
  const auto self = shared_from_this();  // the image may be dropped meanwhile
  Timer timer(shared_->loop.get_executor());
  while (booting_) {
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
  if (!snapshot_ && shared_->config.snapshots) {
    const auto known = shared_->config.snapshots->find(Layers(root_));
    if (known != shared_->config.snapshots->end()) snapshot_ = known->second;
  }
  if (snapshot_) co_return snapshot_;
  // Also when the coroutine is destroyed in the middle.
  struct Booting {
    bool& flag;
    explicit Booting(bool& of) : flag(of) { flag = true; }
    Booting(const Booting&) = delete;
    Booting& operator=(const Booting&) = delete;
    ~Booting() { flag = false; }
  } const booting(booting_);
  auto made = co_await MakeSnapshot(shared_, root_, shared_->config.machine_memory);
  if (made) snapshot_ = *made;
  if (made && shared_->config.snapshots) shared_->config.snapshots->emplace(Layers(root_), *made);
  co_return made;
}

Result<void> MicrovmImage::Check(const Spec& spec) const {
  if (auto good = CheckId(spec.id); !good) return good;
  const Config& config = shared_->config;
  auto limits = CheckProgramLimits(spec.limits, config.min_memory, config.max_memory, "a microVM");
  if (!limits) return limits;
  if (!spec.grants.http.empty()) {
    return Fail(Errc::kUnsupported, "grants.http: a microVM has no network");
  }
  if (!spec.grants.dirs.empty()) {
    return Fail(Errc::kUnsupported, "grants.dirs: a microVM sees no directory of the host");
  }
  if (saved_ && !(saved_->limits == spec.limits && saved_->env == spec.env)) {
    return Fail(Errc::kUnsupported,
                "a snapshot goes on with the limits and variables it was taken with");
  }
  return {};
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
