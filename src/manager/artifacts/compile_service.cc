#include "manager/artifacts/compile_service.h"

#include <utility>

#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/byte_view.h"
#include "base/text/json_member.h"
#include "manager/cells/cell_spawn.h"
#include "manager/cells/configuration.h"

namespace strata::manager {
namespace {

constexpr std::size_t kJobs = 2;
constexpr Bytes kResultLimit = 1_MiB;

Result<CodeInfo> InfoFromJson(const Json& json) {
  auto kind = cell::KindOf(json);
  if (!kind) return std::unexpected(kind.error());
  CodeInfo info;
  info.kind = *kind;
  if (json.contains("exports")) info.exports = json["exports"];
  return info;
}

}  // namespace

CompileService::CompileService(Loop& loop, const Options& options, std::string instance,
                               artifact::CodeCache& cache, std::filesystem::path info_dir,
                               telemetry::Logger log)
    : loop_(loop),
      options_(options),
      program_(CellProgramOf(options, instance)),
      cache_(cache),
      info_dir_(std::move(info_dir)),
      log_(std::move(log)),
      turns_(loop, kJobs) {}

cell::CompileBounds CompileService::Bounds() const {
  return {.memory = options_.compile_memory,
          .cpu_s = options_.compile_cpu_s,
          .max_memory = options_.max_memory,
          .memory_reservation = options_.memory_reservation};
}

Task<void> CompileService::LearnEngine() {
  constexpr std::string_view kEmpty("\0asm\1\0\0\0", 8);
  auto made = co_await cell::RunCompileJob(loop_, program_, Bounds(), AsBytes(kEmpty));
  if (!made) co_return Wrap(made.error(), "ask the compiler for its version");
  engine_key_ = TextOf(made->answer, "engine_key");
  if (engine_key_.empty()) {
    co_return Fail(Errc::kInternal, "the compiler reported no engine key");
  }
  co_return Result<void>{};
}

std::filesystem::path CompileService::InfoPath(std::string_view digest) const {
  return info_dir_ / (Sha256Hex(ModuleKey(digest, engine_key_)) + ".json");
}

Result<CodeInfo> CompileService::Info(std::string_view digest) {
  auto text = ReadFile(InfoPath(digest), kResultLimit);
  if (!text) return std::unexpected(text.error());
  auto json = ParseJson(*text);
  if (!json) return std::unexpected(json.error());
  return InfoFromJson(*json);
}

Result<Fd> CompileService::Open(std::string_view digest) {
  return cache_.Lookup(digest, engine_key_);
}

Task<Code> CompileService::Prepare(std::string digest, std::span<const std::byte> wasm) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  auto info = Info(digest);
  if (info) {
    auto cached = cache_.Lookup(digest, engine_key_);
    if (cached) co_return Code{std::move(*info), std::move(*cached)};
  }
  co_return co_await Compile(std::move(digest), wasm);
}

Task<Code> CompileService::Compile(std::string digest, std::span<const std::byte> wasm) {
  auto made = co_await cell::RunCompileJob(loop_, program_, Bounds(), wasm);
  if (!made) co_return std::unexpected(made.error());
  auto info = InfoFromJson(made->answer);
  if (!info) co_return std::unexpected(info.error());
  auto cached = cache_.Insert(digest, engine_key_, made->code);
  if (!cached) co_return Wrap(cached.error(), "keep compiled code");
  // Last: without it the next Prepare compiles again, with it the code is there.
  if (auto kept = WriteFileAtomic(InfoPath(digest), DumpJson(made->answer)); !kept) {
    co_return Wrap(kept.error(), "keep what the compiler said");
  }
  log_.Info("compiled", {{"digest", digest}, {"kind", model::GuestKindName(info->kind)}});
  co_return Code{std::move(*info), std::move(*cached)};
}

}  // namespace strata::manager
