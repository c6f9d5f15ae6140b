#include "isolation/class_place.h"

#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "base/async/task.h"
#include "http/client/client.h"
#include "isolation/isolation.h"

namespace strata::cli {
namespace {

using measure::Answer;
using measure::Density;
using measure::Program;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kBetweenLooks{50};

std::string_view Expected(Program program) {
  return program == Program::kHello ? "hello, world\n" : "";
}

// What one caller did; the first failure ends it.
struct Caller {
  std::uint64_t calls = 0;
  std::string failed;
};

// Calls over one connection until the end. The address and the path stay the caller's.
Awaitable<void> CallUntil(Loop& loop, const http::Endpoint& endpoint, const std::string& path,
                          SteadyClock::time_point end, Caller& caller) {
  http::Endpoint to = endpoint;
  auto client = co_await http::Client::Connect(loop, std::move(to));
  if (!client) {
    caller.failed = client.error().message;
    co_return;
  }
  while (SteadyClock::now() < end && client->reusable()) {
    http::ClientRequest request{.method = "POST", .target = path, .headers = {}, .body = {}};
    auto answer = co_await client->Fetch(std::move(request));
    if (!answer || answer->status != 200) {
      caller.failed = answer ? "status " + std::to_string(answer->status) : answer.error().message;
      co_return;
    }
    ++caller.calls;
  }
}

// Replicas that are ready, and their memory; one whose memory is not told yet is not.
Density ReadyServers(const Json& states) {
  Density density;
  for (const Json& each : states) {
    const double memory_mib = each.value("memory_mib", 0.0);
    if (!each.value("ready", false) || memory_mib <= 0) continue;
    ++density.instances;
    density.all_mib += memory_mib;
    density.memory_mib.push_back(memory_mib);
  }
  return density;
}

}  // namespace

ClassPlace::ClassPlace(Session& session, model::Class sandbox_class, std::function<bool()> stopped)
    : session_(session),
      class_(sandbox_class),
      name_(model::ClassName(sandbox_class)),
      stopped_(std::move(stopped)),
      live_(session, LiveServers()) {}

ClassWorkload ClassPlace::WorkloadOf(Program program) const {
  const std::string name(measure::ProgramName(program));
  ClassWorkload workload{
      .folder = ShareFolder(name),
      .name = name,
      .space = "strata-measure",
      .env = {},
      .limits = {{"memory_mib", 64}, {"timeout_ms", 20'000}, {"cpu_time_ms", 10'000}}};
  workload.more = {
      {"triggers",
       {{{"http", {{"host", "*"}, {"path", "/strata-measure/" + name + "-" + name_}}}}}}};
  // Every call starts its sandbox, which is most of what the figures are about.
  if (!is_wasm()) workload.more["scale"] = {{"keep_alive", "0s"}};
  return workload;
}

ClassWorkload ClassPlace::Waiting(unsigned sandboxes) const {
  ClassWorkload workload = WorkloadOf(Program::kHello);
  workload.name = "waiting";
  workload.more = {{"scale", {{"min", sandboxes}, {"max", sandboxes}}}};
  return workload;
}

ClassWorkload ClassPlace::Servers(std::uint64_t instances) const {
  ClassWorkload workload = WorkloadOf(Program::kYardstick);
  workload.name = "servers";
  workload.kind = "Service";
  workload.limits = {{"memory_mib", 64}};
  workload.more = {{"replicas", instances}};
  return workload;
}

ClassWorkload ClassPlace::LiveServers() const {
  ClassWorkload workload = WorkloadOf(Program::kYardstick);
  workload.name = "servers";
  // Alone in its namespace, so that its cells end with it: they keep what sandboxes needed that
  // have ended, and those of the next turn would be measured by what they need beyond that.
  workload.space = "strata-measure-live";
  workload.more = Json::object();
  return workload;
}

Result<void> ClassPlace::Deploy(Program program) {
  return cli::Deploy(session_, WorkloadOf(program), class_);
}

Result<void> ClassPlace::Remove(Program program) {
  return RemoveIfThere(session_, WorkloadOf(program), class_);
}

Result<Answer> ClassPlace::Call(Program program, std::string_view path) {
  const auto start = SteadyClock::now();
  auto answer = cli::Call(session_, WorkloadOf(program), class_, std::string(path));
  const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
  if (!answer) return std::unexpected(std::move(answer).error());
  if (!Expected(program).empty() && answer->body != Expected(program)) {
    return Fail(Errc::kInternal, "the workload answers something else");
  }
  return Answer{.ms = took.count(), .body = std::move(answer->body)};
}

Result<double> ClassPlace::Accounted(Program program, const char* key) {
  auto top = session_.AskJson("GET", "/v1/top");
  if (!top) return std::unexpected(std::move(top).error());
  const std::string name = std::string(measure::ProgramName(program)) + "-" + name_;
  for (const Json& row : (*top)["functions"]) {
    if (row.value("name", "") == name && row.value("namespace", "") == "strata-measure") {
      return row.value(key, 0.0);
    }
  }
  return 0;  // not called yet
}

Result<double> ClassPlace::MemoryMib(Program program) { return Accounted(program, "memory_mib"); }

Result<double> ClassPlace::CpuMs(Program program) { return Accounted(program, "cpu_ms"); }

Result<double> ClassPlace::Load(Program program, unsigned callers, std::chrono::milliseconds time) {
  if (session_.is_remote()) {
    return Fail(Errc::kUnsupported, "the server's public port is measured on its own machine only");
  }
  auto status = session_.AskJson("GET", "/v1/status");
  if (!status) return std::unexpected(std::move(status).error());
  auto endpoint = http::ParseEndpoint(status->value("listen", ""));
  if (!endpoint) return std::unexpected(std::move(endpoint).error());
  const std::string path =
      "/strata-measure/" + std::string(measure::ProgramName(program)) + "-" + name_;
  std::vector<Caller> all(callers);
  Loop loop(1);
  const auto start = SteadyClock::now();
  for (Caller& each : all) Spawn(loop, CallUntil(loop, *endpoint, path, start + time, each));
  loop.run();
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  std::uint64_t calls = 0;
  for (const Caller& each : all) {
    if (!each.failed.empty()) return Fail(Errc::kInternal, "a call failed: " + each.failed);
    calls += each.calls;
  }
  return static_cast<double>(calls) / took.count();
}

Result<void> ClassPlace::AwaitWaiting(const ClassWorkload& workload, unsigned sandboxes) {
  const auto end = SteadyClock::now() + kPatience;
  while (SteadyClock::now() < end) {
    auto found = session_.AskJson("GET", PathOf(workload, class_));
    if (!found) return std::unexpected(std::move(found).error());
    const Json pool = (*found)["status"].value("pool", Json::object());
    if (pool.value("ready", 0U) >= sandboxes) return {};
    std::this_thread::sleep_for(kBetweenLooks);  // the server tells no event of it
  }
  return Fail(Errc::kDeadlineExceeded, "no sandbox waits for its call after 20 s");
}

Result<std::vector<Answer>> ClassPlace::CallWaiting(unsigned sandboxes) {
  if (is_wasm()) {
    return Fail(Errc::kUnsupported,
                "a sandbox of this class is made in the call; none waits for it");
  }
  const ClassWorkload workload = Waiting(sandboxes);
  if (auto there = cli::Deploy(session_, workload, class_); !there) {
    return std::unexpected(std::move(there).error());
  }
  std::vector<Answer> answers;
  Result<void> good = AwaitWaiting(workload, sandboxes);
  while (good && answers.size() < sandboxes) {
    const auto start = SteadyClock::now();
    auto answer = cli::Call(session_, workload, class_, "/");
    const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
    if (answer) {
      answers.push_back({.ms = took.count(), .body = std::move(answer->body)});
    } else {
      good = std::unexpected(std::move(answer).error());
    }
  }
  auto removed = cli::Remove(session_, workload, class_);
  if (!good) return std::unexpected(std::move(good).error());
  if (!removed) return std::unexpected(std::move(removed).error());
  return answers;
}

Result<Density> ClassPlace::Run(std::uint64_t instances) {
  if (is_wasm()) return RunLive(instances);
  const ClassWorkload workload = Servers(instances);
  if (instances == 0) {
    auto removed = RemoveIfThere(session_, workload, class_);
    if (removed) removed = RemoveIfThere(session_, Waiting(0), class_);
    if (!removed) return std::unexpected(std::move(removed).error());
    return Density{};
  }
  if (auto there = cli::Deploy(session_, workload, class_); !there) {
    return std::unexpected(std::move(there).error());
  }
  std::size_t before = 0;
  auto end = SteadyClock::now() + kPatience;
  for (;;) {
    auto found = session_.AskJson("GET", PathOf(workload, class_));
    if (!found) return std::unexpected(std::move(found).error());
    Density density = ReadyServers((*found)["status"]["sandboxes"]["states"]);
    const std::size_t ready = density.memory_mib.size();
    if (ready >= instances) return density;
    if (ready > before) end = SteadyClock::now() + kPatience;
    before = ready;
    if (SteadyClock::now() >= end) {
      return Fail(Errc::kDeadlineExceeded, "only " + std::to_string(ready) + " of " +
                                               std::to_string(instances) +
                                               " servers are ready, and no more for 20 s");
    }
    std::this_thread::sleep_for(kBetweenLooks);  // the server tells no event of it
  }
}

Result<Density> ClassPlace::RunLive(std::uint64_t instances) {
  if (instances > 0) return live_.Grow(instances);
  if (auto ended = live_.End(); !ended) return std::unexpected(std::move(ended).error());
  return Density{};
}

Result<Bytes> ClassPlace::ImageSize(Program program) {
  const ClassWorkload workload = WorkloadOf(program);
  std::error_code error;
  if (is_wasm()) {
    const auto size =
        std::filesystem::file_size(workload.folder / (workload.name + ".wasm"), error);
    if (error) return FailErrno("size of " + workload.name + ".wasm", error.value());
    return Bytes{size};
  }
  std::filesystem::recursive_directory_iterator at(workload.folder / "image" / "blobs", error);
  Bytes size{0};
  for (; !error && at != std::filesystem::end(at); at.increment(error)) {
    if (at->is_regular_file(error)) size.count += at->file_size(error);
  }
  if (error) return FailErrno("size of the image " + workload.name, error.value());
  return size;
}

Result<measure::Escapes> ClassPlace::TryToEscape() {
  auto matrix = TryIsolation(session_, {.classes = {name_}}, stopped_);
  if (!matrix) return std::unexpected(std::move(matrix).error());
  if ((*matrix)["lacking"].contains(name_)) {
    return Fail(Errc::kUnsupported, (*matrix)["lacking"][name_].get<std::string>());
  }
  measure::Escapes escapes;
  for (const Json& scenario : (*matrix)["scenarios"]) {
    const auto found = scenario["outcomes"].find(name_);
    if (found == scenario["outcomes"].end() || (*found)["outcome"] == "n/a") continue;
    ++escapes.attempts;
    if ((*found)["outcome"] == "allowed") ++escapes.succeeded;
  }
  return escapes;
}

}  // namespace strata::cli
