#include "sandbox/wasm/image.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "sandbox/spec_check.h"
#include "sandbox/wasm/sandbox.h"
#include "sandbox/wasm/scratch.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;

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

Result<void> CheckDirs(const Spec& spec, const Config& config, model::GuestKind kind) {
  if (!spec.grants.dirs.empty() && kind == model::GuestKind::kModule) {
    return Fail(Errc::kUnsupported, "a bare module has no file system to show directories in");
  }
  for (const auto& dir : spec.grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kReadOnly) {
      if (auto checked = CheckReadOnlyDir(dir); !checked) return checked;
    } else if (dir.mode != model::DirGrant::Mode::kScratch || dir.size.count > 0) {
      return Fail(Errc::kUnsupported,
                  "volumes: a wasm sandbox sees directories of the host read-only, and scratch "
                  "directories whose size is not bounded (grants.dirs); not " +
                      dir.guest);
    } else if (config.scratch_root.empty()) {
      return Fail(Errc::kUnsupported, "no scratch root is configured for " + dir.guest);
    }
  }
  return {};
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
  std::vector<ScratchDir> scratch;
  scratch.reserve(spec.grants.dirs.size());  // paths are viewed below: they must not move
  std::vector<EngineDir> dirs;
  for (const auto& dir : spec.grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kReadOnly) {
      dirs.push_back({.host = dir.host, .guest = dir.guest, .writable = false});
      continue;
    }
    auto made = ScratchDir::Make(runtime_->config.scratch_root, spec.id);
    if (!made) return std::unexpected(std::move(made).error());
    scratch.push_back(std::move(*made));
    const std::string_view path = scratch.back().path().native();
    dirs.push_back({.host = path, .guest = dir.guest, .writable = true});
  }
  auto engine = engine_->Create({.memory = spec.limits.memory,
                                 .table_elements = spec.limits.table_elements,
                                 .host_calls = spec.limits.host_calls,
                                 .env = spec.env,
                                 .dirs = dirs});
  if (!engine) return std::unexpected(std::move(engine).error());
  return std::make_unique<WasmSandbox>(
      std::static_pointer_cast<const WasmImage>(shared_from_this()), std::move(*engine),
      Settings{spec.id, spec.limits, spec.grants.http, spec.effects}, std::move(scratch));
}

}  // namespace strata::sandbox::wasm
