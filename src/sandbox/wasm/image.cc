#include "sandbox/wasm/image.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "sandbox/spec_check.h"
#include "sandbox/wasm/directories.h"
#include "sandbox/wasm/sandbox.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;
using Mode = model::DirGrant::Mode;

constexpr std::string_view kHandler = "strata_handle";

Result<void> CheckReadOnlyDir(const model::DirGrant& dir) {
  std::error_code error;
  if (!fs::path(dir.host).is_absolute()) {
    return Fail(Errc::kInvalidArgument, "directory grant '" + dir.host + "' is not absolute");
  }
  if (!fs::is_directory(dir.host, error)) {
    return Fail(Errc::kNotFound, "directory grant '" + dir.host + "' is no directory");
  }
  return {};
}

Result<void> CheckDir(const model::DirGrant& dir, const Directories& directories) {
  switch (dir.mode) {
    case Mode::kReadOnly:
      return CheckReadOnlyDir(dir);
    case Mode::kScratch:
      return directories.CheckScratch(dir.size);
    case Mode::kVolume:
    case Mode::kVolumeReadOnly:
      if (auto place = directories.VolumeOf(dir); !place) return std::unexpected(place.error());
      return {};
    case Mode::kReadWrite:
      break;
  }
  return Fail(Errc::kUnsupported, "volumes: a wasm sandbox sees directories of the host read-only");
}

Result<void> CheckDirs(const Spec& spec, const Config& config, model::GuestKind kind) {
  if (!spec.grants.dirs.empty() && kind == model::GuestKind::kModule) {
    return Fail(Errc::kUnsupported, "a bare module has no file system to show directories in");
  }
  const Directories none;
  const Directories& directories = config.directories ? *config.directories : none;
  for (const auto& dir : spec.grants.dirs) {
    if (auto checked = CheckDir(dir, directories); !checked)
      return Wrap(checked.error(), dir.guest);
  }
  return {};
}

// What of a sandbox's directories lives as long as it does; `dirs` looks into it.
struct Shown {
  std::vector<Scratch> scratch;
  std::vector<std::string> volumes;
  std::vector<EngineDir> dirs;
};

Result<Shown> Show(const Spec& spec, const Config& config) {
  Shown shown;
  // What is viewed must not move.
  shown.scratch.reserve(spec.grants.dirs.size());
  shown.volumes.reserve(spec.grants.dirs.size());
  for (const auto& dir : spec.grants.dirs) {
    if (dir.mode == Mode::kReadOnly) {
      shown.dirs.push_back({.host = dir.host, .guest = dir.guest, .writable = false});
      continue;
    }
    std::string_view place;
    if (dir.mode == Mode::kScratch) {
      auto taken = config.directories->TakeScratch(dir.size, spec.id);
      if (!taken) return Wrap(std::move(taken).error(), dir.guest);
      place = shown.scratch.emplace_back(std::move(*taken)).path().native();
    } else {
      auto volume = config.directories->VolumeOf(dir);
      if (!volume) return Wrap(std::move(volume).error(), dir.guest);
      place = shown.volumes.emplace_back(std::move(*volume));
    }
    // The mount of a volume that is shown read-only is read-only.
    shown.dirs.push_back({.host = place, .guest = dir.guest, .writable = true});
  }
  return shown;
}

}  // namespace

WasmImage::WasmImage(std::shared_ptr<Runtime> runtime, std::shared_ptr<EngineImage> engine)
    : runtime_(std::move(runtime)),
      engine_(std::move(engine)),
      answers_requests_(std::ranges::any_of(engine_->exports(),
                                            [](const Export& e) { return e.name == kHandler; })) {
  ++runtime_->metrics.images;
}

Result<void> WasmImage::Check(const Spec& spec) const {
  if (auto id = CheckId(spec.id); !id) return id;
  const Config& config = runtime_->config;
  if (spec.limits.memory > config.max_memory) {
    return Fail(Errc::kUnsupported, "limits.memory is above this driver's " +
                                        std::to_string(config.max_memory.count) + " bytes");
  }
  if (spec.limits.table_elements > config.max_table_elements) {
    return Fail(Errc::kUnsupported, "limits.table_elements is above this driver's " +
                                        std::to_string(config.max_table_elements));
  }
  if (auto dirs = CheckDirs(spec, config, kind()); !dirs) return dirs;
  if (runtime_->metrics.sandboxes_live >= config.max_sandboxes) {
    ++runtime_->metrics.refused_full;
    return Fail(Errc::kResourceExhausted,
                "all " + std::to_string(config.max_sandboxes) + " sandbox slots are taken");
  }
  return {};
}

Result<std::unique_ptr<Sandbox>> WasmImage::Create(const Spec& spec) {
  if (auto checked = Check(spec); !checked) return std::unexpected(std::move(checked).error());
  auto shown = Show(spec, runtime_->config);
  if (!shown) return std::unexpected(std::move(shown).error());
  auto engine = engine_->Create({.memory = spec.limits.memory,
                                 .table_elements = spec.limits.table_elements,
                                 .host_calls = spec.limits.host_calls,
                                 .env = spec.env,
                                 .dirs = shown->dirs});
  if (!engine) return std::unexpected(std::move(engine).error());
  return std::make_unique<WasmSandbox>(
      std::static_pointer_cast<const WasmImage>(shared_from_this()), std::move(*engine),
      Settings{spec.id, spec.limits, spec.grants.http, spec.effects}, std::move(shown->scratch));
}

}  // namespace strata::sandbox::wasm
