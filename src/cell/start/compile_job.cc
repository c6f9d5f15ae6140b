#include "cell/start/compile_job.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include "base/text/json_member.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::cell {
namespace {

constexpr Bytes kResultLimit = 1_MiB;
constexpr Bytes kCodeLimit = Bytes::MiB(1024);  // four times the largest artifact
// The CPU limit bounds the work; this bounds a child that sleeps.
constexpr std::chrono::seconds kWallGrace{30};
constexpr std::string_view kTenant = "/compile";  // its own user: no tenant can be called that
constexpr int kLessThanCells = 800;               // killed first when memory runs out

struct Job {
  Fd wasm;    // sealed
  Fd code;    // the child writes it
  Fd result;  // the child's words, JSON
};

Result<Job> MakeJob(std::span<const std::byte> wasm) {
  auto sealed = host::MakeSealedMemfd("strata-wasm", wasm);
  if (!sealed) return std::unexpected(std::move(sealed).error());
  auto code = host::MakeMemfd("strata-code");
  if (!code) return std::unexpected(std::move(code).error());
  auto result = host::MakeMemfd("strata-compile-result");
  if (!result) return std::unexpected(std::move(result).error());
  return Job{std::move(*sealed), std::move(*code), std::move(*result)};
}

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

// A child that was killed for its memory or CPU says nothing; the signal does.
Error Explain(const host::ExitStatus& status, bool timed_out) {
  if (timed_out) return {Errc::kDeadlineExceeded, "compiling took too long"};
  if (status.kind == host::ExitStatus::Kind::kSignaled &&
      (status.value == SIGXCPU || status.value == SIGKILL)) {
    return {Errc::kResourceExhausted, "compiling hit its CPU limit"};
  }
  if (status.kind == host::ExitStatus::Kind::kSignaled && status.value == SIGXFSZ) {
    return {Errc::kResourceExhausted, "compiling made more code than 1 GiB"};
  }
  if (status.kind == host::ExitStatus::Kind::kSignaled && status.value == SIGABRT) {
    return {Errc::kResourceExhausted, "compiling hit its memory limit"};
  }
  return {Errc::kUnavailable, "the compiler ended with " + status.ToString()};
}

// What the job's process said, once it has ended so.
Result<Json> AnswerOf(const Job& job, const host::ExitStatus& status, bool timed_out) {
  if (status.kind == host::ExitStatus::Kind::kSignaled) {
    return std::unexpected(Explain(status, timed_out));
  }
  auto text = ReadBack(job.result);
  if (!text) return std::unexpected(std::move(text).error());
  auto answer = ParseJson(*text, kResultLimit);
  if (!answer || !answer->is_object()) return std::unexpected(Explain(status, timed_out));
  if (answer->contains("error") && (*answer)["error"].is_object()) {
    const Json& error = (*answer)["error"];
    return Fail(ErrcFromName(TextOf(error, "code")), TextOf(error, "message", "compile error"));
  }
  if (!status.success()) return std::unexpected(Explain(status, timed_out));
  return answer;
}

}  // namespace

Task<CompiledCode> RunCompileJob(Loop& loop, const CellProgram& program, CompileBounds bounds,
                                 std::span<const std::byte> wasm) {
  auto job = MakeJob(wasm);
  if (!job) co_return std::unexpected(std::move(job).error());
  auto spawn = CellSpawnOptions(
      program, kTenant,
      {"--role=compile", "--memory-mib=" + std::to_string(bounds.memory.count >> 20),
       "--cpu-s=" + std::to_string(bounds.cpu_s),
       "--max-memory=" + std::to_string(bounds.max_memory.count),
       "--memory-reservation=" + std::to_string(bounds.memory_reservation.count)});
  spawn.fds = {{job->wasm.get(), 3}, {job->code.get(), 4}, {job->result.get(), 5}};
  spawn.limits.push_back({RLIMIT_CPU, bounds.cpu_s});
  spawn.limits.push_back({RLIMIT_FSIZE, kCodeLimit.count});  // memory that nothing else counts
  spawn.parent_death_signal = SIGKILL;
  spawn.oom_score_adjust = kLessThanCells;
  auto started = host::Process::Spawn(spawn);
  if (!started) co_return Wrap(std::move(started).error(), "start the compiler");

  // Shared with the watchdog, whose handler may already be queued when this frame ends.
  struct Watched {
    explicit Watched(host::Process child) : process(std::move(child)) {}
    host::Process process;
    bool timed_out = false;
  };
  auto child = std::make_shared<Watched>(std::move(*started));
  Timer watchdog(loop.get_executor());
  watchdog.expires_after(std::chrono::seconds(bounds.cpu_s) + kWallGrace);
  watchdog.async_wait([child](boost::system::error_code cancelled) {
    if (cancelled) return;
    child->timed_out = true;
    // It has ended already when this fails, which Wait() is about to say.
    (void)child->process.Kill(SIGKILL);
  });
  auto status = co_await child->process.Wait();
  watchdog.cancel();
  if (!status) co_return std::unexpected(status.error());
  auto answer = AnswerOf(*job, *status, child->timed_out);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  if (auto sealed = host::SealMemfd(job->code.get()); !sealed) {
    co_return std::unexpected(std::move(sealed).error());
  }
  CompiledCode made{std::move(job->code), std::move(*answer)};
  co_return made;
}

Result<model::GuestKind> KindOf(const Json& answer) {
  const std::string name = TextOf(answer, "kind");
  for (auto kind :
       {model::GuestKind::kHttp, model::GuestKind::kCommand, model::GuestKind::kModule}) {
    if (model::GuestKindName(kind) == name) return kind;
  }
  return Fail(Errc::kInternal, "the compiler reported the guest kind '" + name + "'");
}

}  // namespace strata::cell
