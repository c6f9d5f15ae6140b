#include "measure/kinds.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "base/text/strings.h"
#include "measure/record.h"
#include "model/values.h"

namespace strata::measure {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLongestLine = 200;
// Of one turn of a full run: where starts are quick enough, 20 turns show the contract of a class
// (299 starts of wasm and 59 of a container, none of them late).
constexpr int kMostStarts = 16;
constexpr std::chrono::milliseconds kStartsTime{500};
constexpr int kMostCalls = 100;  // of one turn
constexpr int kFewestCalls = 5;
constexpr unsigned kWaiting = 3;
constexpr std::chrono::milliseconds kCallsTime{1000};
constexpr std::chrono::milliseconds kLoadTime{500};
constexpr double kMostAnswer = 1e15;

struct Bound {
  double memory_mib;
  std::uint64_t instances;
};
constexpr Bound kQuickBound{128, 32};
constexpr Bound kFullBound{512, 256};
// Where one is no process: so many, as each needs little.
constexpr std::uint64_t kMostLive = 1024;

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// One deployment and its first call.
Result<void> AddStart(Place& place, Samples& samples) {
  if (auto gone = place.Remove(Program::kHello); !gone) return gone;
  const auto start = SteadyClock::now();
  if (auto there = place.Deploy(Program::kHello); !there) return there;
  const double deploy_ms = MillisecondsSince(start);
  auto first = place.Call(Program::kHello, "/");
  if (!first) return std::unexpected(std::move(first).error());
  auto memory = place.MemoryMib(Program::kHello);
  if (!memory) return std::unexpected(std::move(memory).error());
  samples.push_back({"cold_start", first->ms});
  samples.push_back({"memory", *memory});
  // A bare process is only looked for.
  if (place.name() != kProcess) samples.push_back({"warm_up", deploy_ms});
  return {};
}

Result<Samples> MeasureStarts(Place& place, Depth depth) {
  const int most = depth == Depth::kQuick ? 1 : kMostStarts;
  Samples samples;
  const auto start = SteadyClock::now();
  for (int i = 0; i < most; ++i) {
    if (i > 0 && SteadyClock::now() - start > kStartsTime) break;
    if (auto added = AddStart(place, samples); !added) return std::unexpected(added.error());
  }
  return samples;
}

Result<Samples> MeasureCalls(Place& place, Depth /*depth*/) {
  const auto before = place.CpuMs(Program::kHello);
  if (!before) return std::unexpected(before.error());
  Samples samples;
  const auto start = SteadyClock::now();
  for (int i = 0; i < kMostCalls; ++i) {
    if (i >= kFewestCalls && SteadyClock::now() - start > kCallsTime) break;
    auto answer = place.Call(Program::kHello, "/");
    if (!answer) return std::unexpected(std::move(answer).error());
    samples.push_back({"warm_start", answer->ms});
  }
  const auto after = place.CpuMs(Program::kHello);
  if (!after) return std::unexpected(after.error());
  samples.push_back({"call_cpu", (*after - *before) / static_cast<double>(samples.size())});
  return samples;
}

Result<Samples> MeasurePrewarmed(Place& place, Depth /*depth*/) {
  auto answers = place.CallWaiting(kWaiting);
  if (!answers) return std::unexpected(std::move(answers).error());
  Samples samples;
  for (const Answer& each : *answers) samples.push_back({"prewarmed_call", each.ms});
  return samples;
}

// The numbers called `names` of one answer, as samples of the rows of the same names.
Result<Samples> AskYardstick(Place& place, std::string_view path,
                             std::initializer_list<std::string_view> names) {
  auto answer = place.Call(Program::kYardstick, path);
  if (!answer) return std::unexpected(std::move(answer).error());
  auto read = ReadAnswer(answer->body);
  if (!read) return std::unexpected(std::move(read).error());
  Samples samples;
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(*read, name, [](const auto& each) { return each.first; });
    if (found == read->end()) {
      return Fail(Errc::kInternal, "the yardstick says nothing of " + std::string(name));
    }
    samples.push_back({name, found->second});
  }
  return samples;
}

Result<Samples> MeasureCompute(Place& place, Depth /*depth*/) {
  const auto before = place.CpuMs(Program::kYardstick);
  if (!before) return std::unexpected(before.error());
  auto samples = AskYardstick(place, "/compute", {"compute"});
  if (!samples) return samples;
  const auto after = place.CpuMs(Program::kYardstick);
  if (!after) return std::unexpected(after.error());
  samples->push_back({"compute_cpu", *after - *before});
  return samples;
}

Result<Samples> MeasureEpoll(Place& place, Depth /*depth*/) {
  return AskYardstick(place, "/epoll", {"epoll_ready", "epoll_wakeup"});
}

Result<Samples> MeasureUring(Place& place, Depth /*depth*/) {
  return AskYardstick(place, "/uring", {"uring_submit", "uring_batched"});
}

Result<Samples> MeasureLoad(Place& place, Depth /*depth*/) {
  const unsigned callers = 2 * std::max(std::thread::hardware_concurrency(), 1U);
  auto rate = place.Load(Program::kHello, callers, kLoadTime);
  if (!rate) return std::unexpected(std::move(rate).error());
  return Samples{{"throughput", *rate}};
}

// Twice as many each time: what one instance needs is not known before. The last number within the
// bound is what was reached.
Result<Samples> MeasureDensity(Place& place, Depth depth) {
  const Bound bound = depth == Depth::kQuick ? kQuickBound : kFullBound;
  const bool live = place.name() == model::ClassName(model::Class::kWasm);
  const std::uint64_t most = live ? kMostLive : bound.instances;
  Density reached;
  Result<void> ended;
  for (std::uint64_t count = 1; count <= most; count *= 2) {
    auto now = place.Run(count);
    if (!now) {
      // Any other failure says nothing of how many there is room for.
      const bool failed = now.error().code != Errc::kResourceExhausted;
      if (reached.instances == 0 || failed) ended = std::unexpected(std::move(now).error());
      break;
    }
    const bool over = now->all_mib > bound.memory_mib;
    if (over && reached.instances > 0) break;
    reached = *std::move(now);
    if (over) break;
  }
  auto removed = place.Run(0);
  if (!ended) return std::unexpected(std::move(ended).error());
  if (!removed) return std::unexpected(std::move(removed).error());
  Samples samples{{"density", static_cast<double>(reached.instances)}};
  for (const double each : reached.memory_mib) samples.push_back({"instance_memory", each});
  return samples;
}

Result<Samples> MeasureImage(Place& place, Depth /*depth*/) {
  auto size = place.ImageSize(Program::kHello);
  if (!size) return std::unexpected(std::move(size).error());
  return Samples{{"image_size", static_cast<double>(size->count) / 1048576}};
}

Result<Samples> MeasureEscapes(Place& place, Depth /*depth*/) {
  auto escapes = place.TryToEscape();
  if (!escapes) return std::unexpected(std::move(escapes).error());
  return Samples{{"escapes", static_cast<double>(escapes->succeeded)},
                 {"attempts", static_cast<double>(escapes->attempts)}};
}

}  // namespace

// A median is bounded by six samples or more.
const Kind kStarts{"starts", "启动", &MeasureStarts, 6, 20};
const Kind kCalls{"calls", "调用", &MeasureCalls, 12, 40};
const Kind kPrewarmed{"calls of waiting sandboxes", "预热调用", &MeasurePrewarmed, 2, 10};
const Kind kCompute{"computing", "计算", &MeasureCompute, 12, 40};
const Kind kEpoll{"epoll", "epoll", &MeasureEpoll, 12, 40};
const Kind kUring{"io_uring", "io_uring", &MeasureUring, 12, 40};
const Kind kLoad{"load", "负载", &MeasureLoad, 8, 30};
const Kind kDensity{"density", "密度", &MeasureDensity, 1, 3};
const Kind kImage{"image size", "镜像大小", &MeasureImage, 1, 1};
const Kind kBattery{"isolation battery", "隔离测试组", &MeasureEscapes, 0, 1};

Result<std::vector<std::pair<std::string, double>>> ReadAnswer(std::string_view body) {
  constexpr std::string_view kLacking = "lacking ";
  std::vector<std::pair<std::string, double>> read;
  while (!body.empty()) {
    const std::string_view line = body.substr(0, std::min(body.find('\n'), body.size()));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    const std::string shown = EscapeControl(line.substr(0, kLongestLine));
    if (line.starts_with(kLacking)) {
      return Fail(Errc::kUnsupported, shown.substr(kLacking.size()));
    }
    const std::size_t space = line.find(' ');
    const auto number = space == std::string_view::npos
                            ? std::nullopt
                            : ReadNumber(line.substr(space + 1), kMostAnswer);
    if (!number) return Fail(Errc::kInternal, "the yardstick says something else: " + shown);
    read.emplace_back(line.substr(0, space), *number);
  }
  return read;
}

}  // namespace strata::measure
