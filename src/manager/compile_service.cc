#include "manager/compile_service.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "base/byte_view.h"
#include "base/files.h"
#include "base/sha256.h"
#include "host/memfd.h"
#include "host/process.h"
#include "manager/cell_spawn.h"
#include "manager/configuration.h"

namespace strata::manager {
namespace {

constexpr std::size_t kJobs = 2;
constexpr Bytes kResultLimit = 1_MiB;
// The CPU limit bounds the work; this bounds a child that sleeps.
constexpr std::chrono::seconds kWallGrace{30};
constexpr std::string_view kCompileTenant = "compile";  // its own user, shared by no cell

// Reads a small memory file that a child wrote and that nobody writes any more.
Result<std::string> ReadBack(const Fd& file) {
  std::string text(kResultLimit.count + 1, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        ::pread(file.get(), text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (got < 0) return FailErrno("read the compiler's result", errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have > kResultLimit.count) {
    return Fail(Errc::kInvalidArgument, "the compiler's result is too long");
  }
  text.resize(have);
  return text;
}

Result<model::GuestKind> KindFromName(const std::string& name) {
  for (auto kind :
       {model::GuestKind::kHttp, model::GuestKind::kCommand, model::GuestKind::kModule}) {
    if (model::GuestKindName(kind) == name) return kind;
  }
  return Fail(Errc::kInternal, "the compiler reported the guest kind '" + name + "'");
}

Result<CodeInfo> InfoFromJson(const Json& json) {
  auto kind = KindFromName(json.value("kind", ""));
  if (!kind) return std::unexpected(kind.error());
  CodeInfo info;
  info.kind = *kind;
  if (json.contains("exports")) info.exports = json["exports"];
  return info;
}

// A child that was killed for its memory or CPU says nothing; the signal does.
Error Explain(const host::ExitStatus& status, bool timed_out) {
  if (timed_out) return {Errc::kDeadlineExceeded, "compiling took too long"};
  if (status.kind == host::ExitStatus::Kind::kSignaled &&
      (status.value == SIGXCPU || status.value == SIGKILL)) {
    return {Errc::kResourceExhausted, "compiling hit its CPU limit"};
  }
  if (status.kind == host::ExitStatus::Kind::kSignaled && status.value == SIGABRT) {
    return {Errc::kResourceExhausted, "compiling hit its memory limit"};
  }
  return {Errc::kUnavailable, "the compiler ended with " + status.ToString()};
}

}  // namespace

struct CompileService::Job {
  Fd wasm;    // sealed
  Fd code;    // the child writes it
  Fd result;  // the child's words, JSON
};

CompileService::CompileService(Loop& loop, const Options& options, std::string instance,
                               artifact::CodeCache& cache, std::filesystem::path info_dir,
                               telemetry::Logger log)
    : loop_(loop),
      options_(options),
      instance_(std::move(instance)),
      cache_(cache),
      info_dir_(std::move(info_dir)),
      log_(std::move(log)),
      turns_(loop, kJobs) {}

Task<void> CompileService::LearnEngine() {
  constexpr std::string_view kEmpty("\0asm\1\0\0\0", 8);
  auto wasm = host::MakeSealedMemfd("strata-wasm", AsBytes(kEmpty));
  if (!wasm) co_return std::unexpected(wasm.error());
  auto code = host::MakeMemfd("strata-code");
  if (!code) co_return std::unexpected(code.error());
  auto result = host::MakeMemfd("strata-compile-result");
  if (!result) co_return std::unexpected(result.error());
  Job job{std::move(*wasm), std::move(*code), std::move(*result)};
  auto answer = co_await RunJob(job);
  if (!answer) co_return Wrap(answer.error(), "ask the compiler for its version");
  engine_key_ = answer->value("engine_key", "");
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
  auto sealed = host::MakeSealedMemfd("strata-wasm", wasm);
  if (!sealed) co_return std::unexpected(sealed.error());
  auto code = host::MakeMemfd("strata-code");
  if (!code) co_return std::unexpected(code.error());
  auto result = host::MakeMemfd("strata-compile-result");
  if (!result) co_return std::unexpected(result.error());
  Job job{std::move(*sealed), std::move(*code), std::move(*result)};
  auto answer = co_await RunJob(job);
  if (!answer) co_return std::unexpected(answer.error());
  auto info = InfoFromJson(*answer);
  if (!info) co_return std::unexpected(info.error());
  if (auto done = host::SealMemfd(job.code.get()); !done) co_return std::unexpected(done.error());
  auto cached = cache_.Insert(digest, engine_key_, job.code);
  if (!cached) co_return Wrap(cached.error(), "keep compiled code");
  // Last: without it the next Prepare compiles again, with it the code is there.
  if (auto kept = WriteFileAtomic(InfoPath(digest), DumpJson(*answer)); !kept) {
    co_return Wrap(kept.error(), "keep what the compiler said");
  }
  log_.Info("compiled", {{"digest", digest}, {"kind", model::GuestKindName(info->kind)}});
  co_return Code{std::move(*info), std::move(*cached)};
}

Task<Json> CompileService::RunJob(Job& job) {
  const std::string memory_mib = std::to_string(options_.compile_memory.count >> 20);
  auto spawn = CellSpawnOptions(
      options_, instance_, kCompileTenant,
      {"--role=compile", "--memory-mib=" + memory_mib,
       "--cpu-s=" + std::to_string(options_.compile_cpu_s),
       "--max-memory=" + std::to_string(options_.max_memory.count),
       "--memory-reservation=" + std::to_string(options_.memory_reservation.count)});
  spawn.fds = {{job.wasm.get(), 3}, {job.code.get(), 4}, {job.result.get(), 5}};
  spawn.limits.push_back({RLIMIT_CPU, options_.compile_cpu_s});
  spawn.parent_death_signal = SIGKILL;
  spawn.oom_score_adjust = 800;
  auto started = host::Process::Spawn(spawn);
  if (!started) co_return Wrap(started.error(), "start the compiler");

  // Shared with the watchdog, whose handler may already be queued when this frame ends.
  struct Watched {
    explicit Watched(host::Process child) : process(std::move(child)) {}
    host::Process process;
    bool timed_out = false;
  };
  auto child = std::make_shared<Watched>(std::move(*started));
  Timer watchdog(loop_.get_executor());
  watchdog.expires_after(std::chrono::seconds(options_.compile_cpu_s) + kWallGrace);
  watchdog.async_wait([child](boost::system::error_code cancelled) {
    if (cancelled) return;
    child->timed_out = true;
    // It has ended already when this fails, which Wait() is about to say.
    (void)child->process.Kill(SIGKILL);
  });
  auto status = co_await child->process.Wait();
  watchdog.cancel();
  const bool timed_out = child->timed_out;
  if (!status) co_return std::unexpected(status.error());
  if (status->kind == host::ExitStatus::Kind::kSignaled) {
    co_return std::unexpected(Explain(*status, timed_out));
  }
  auto text = ReadBack(job.result);
  if (!text) co_return std::unexpected(text.error());
  auto answer = ParseJson(*text, kResultLimit);
  if (!answer || !answer->is_object()) co_return std::unexpected(Explain(*status, timed_out));
  if (answer->contains("error") && (*answer)["error"].is_object()) {
    const Json& error = (*answer)["error"];
    co_return Fail(ErrcFromName(error.value("code", "")), error.value("message", "compile error"));
  }
  if (!status->success()) co_return std::unexpected(Explain(*status, timed_out));
  co_return std::move(*answer);
}

}  // namespace strata::manager
