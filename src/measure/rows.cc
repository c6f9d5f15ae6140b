#include "measure/rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace strata::measure {
namespace {

// The documents do not say of what: both kinds of start are beside them.
constexpr std::array<std::string_view, 8> kOfAStart = {
    "matrices startup cold_start",   "matrices performance startup_time",
    "tier_overheads startup",        "technology_performance startup",
    "technology_attributes startup", "versions wasmedge",
    "stack_target low_latency",      "stack_target serverless"};

constexpr std::array kRows = {
    Row{.id = "cold_start",
        .unit = "ms",
        .label = "cold start",
        .label_zh = "冷启动",
        .how = "the first call after a deployment, until its whole answer: in a fresh sandbox of "
               "what the deployment has compiled, unpacked or booted and saved",
        .how_zh =
            "部署后的首次调用，直到完整应答：在由部署时已编译、解包或引导并保存的内容新建的沙盒中",
        .dimension = "startup",
        .claims = kOfAStart,
        .kind = &kStarts},
    Row{.id = "deployed_start",
        .unit = "ms",
        .label = "deployment and first call",
        .label_zh = "部署及首次调用",
        .how = "a deployment and its first call together: warm-up and cold start; what the server "
               "keeps of earlier deployments (compiled code, unpacked layers) is used. The "
               "documents do not say what they mean by a cold start",
        .how_zh = "部署及其首次调用之和：预热加冷启动；沿用服务器在先前部署中保留的内容"
                  "（已编译代码、已解包镜像层）。文档未说明冷启动所指",
        .dimension = "startup",
        .claims = kOfAStart,
        .made = Made::kSum,
        .from = "cold_start",
        .other = "warm_up"},
    Row{.id = "warm_start",
        .unit = "ms",
        .label = "warm start",
        .label_zh = "热启动",
        .how = "a later call, in a fresh sandbox made from what is prepared; the median",
        .how_zh = "之后的调用，在由已备内容新建的沙盒中；中位数",
        .dimension = "startup",
        .claims = {"matrices startup warm_start"},
        .kind = &kCalls},
    Row{.id = "latency_p90",
        .unit = "ms",
        .label = "latency, 90 %",
        .label_zh = "延迟 P90",
        .how = "the same calls: nine of ten are quicker",
        .how_zh = "同上调用：九成更快",
        .dimension = "performance",
        .claims = {"matrices performance latency"},
        .made = Made::kSame,
        .from = "warm_start",
        .share = 0.9},
    Row{.id = "latency_p99",
        .unit = "ms",
        .label = "latency, 99 %",
        .label_zh = "延迟 P99",
        .how = "the same calls: 99 of 100 are quicker",
        .how_zh = "同上调用：百分之九十九更快",
        .dimension = "performance",
        .claims = {"matrices performance latency", "models platform_2026_targets p99_latency"},
        .made = Made::kSame,
        .from = "warm_start",
        .share = 0.99},
    Row{.id = "call_cpu",
        .unit = "ms",
        .label = "processor time of a call",
        .label_zh = "单次调用处理器时间",
        .how = "of those calls, each, as the platform accounts for it",
        .how_zh = "上述每次调用，平台所计",
        .dimension = "performance",
        .claims = {},
        .kind = &kCalls},
    Row{.id = "prewarmed_call",
        .unit = "ms",
        .label = "call of a waiting sandbox",
        .label_zh = "预热沙盒的调用",
        .how = "a call that finds a sandbox started for it and waiting (scale.min)",
        .how_zh = "调用时已有沙盒启动等待（scale.min）",
        .dimension = "startup",
        .claims = {},
        .kind = &kPrewarmed},
    Row{.id = "warm_up",
        .unit = "ms",
        .label = "warm-up",
        .label_zh = "预热",
        .how =
            "a deployment until it can be called, where the class runs already: compiled, booted, "
            "unpacked if it is new",
        .how_zh = "在该类已运行时部署直到可调用：编译、引导、首次则解包",
        .dimension = "startup",
        .claims = {"matrices startup warmup_time"},
        .kind = &kStarts},
    Row{.id = "memory",
        .unit = "MiB",
        .label = "memory of a call",
        .label_zh = "单次调用内存",
        .how = "the most that one call of the small program needed",
        .how_zh = "小程序单次调用的最大内存",
        .dimension = "performance",
        .claims = {"matrices performance memory", "matrices resources memory",
                   "tier_comparison memory", "tier_overheads memory",
                   "technology_performance memory", "technology_attributes memory"},
        .kind = &kStarts},
    Row{.id = "steady_loss",
        .unit = "%",
        .label = "steady-state loss",
        .label_zh = "稳态性能损耗",
        .how = "how much longer a fixed computation takes inside than natively, timed by itself",
        .how_zh = "固定计算在沙盒内比原生多用的时间（自身计时）",
        .dimension = "performance",
        .claims = {"matrices performance performance_loss", "tier_comparison performance_loss"},
        .made = Made::kLoss,
        .from = "compute"},
    Row{.id = "cpu_overhead",
        .unit = "%",
        .label = "CPU overhead",
        .label_zh = "CPU 开销",
        .how = "how much more processor time that computation takes than in the native process: of "
               "both that of its call, less that of a call that does nothing, in the same turn",
        .how_zh = "该计算比原生进程多用的处理器时间：两者均取其调用，减去同轮中空调用所用",
        .dimension = "performance",
        .claims = {"matrices performance cpu_overhead", "matrices resources cpu"},
        .made = Made::kLoss,
        .from = "compute_cpu",
        .other = "call_cpu"},
    Row{.id = "compute",
        .unit = "ms",
        .label = "fixed computation",
        .label_zh = "固定计算",
        .how = "its time, by its own clock, the least of seven",
        .how_zh = "自身时钟所计时间，七次中最短",
        .dimension = "performance",
        .claims = {},
        .kind = &kCompute},
    Row{.id = "compute_cpu",
        .unit = "ms",
        .label = "processor time of its call",
        .label_zh = "其调用的处理器时间",
        .how = "as the platform accounts for it",
        .how_zh = "平台所计",
        .dimension = "performance",
        .claims = {},
        .kind = &kCompute},
    Row{.id = "throughput",
        .unit = "calls/s",
        .label = "throughput",
        .label_zh = "吞吐量",
        .how = "calls of the small program a second, by two callers for each processor",
        .how_zh = "每秒小程序调用数，每处理器两个调用者",
        .dimension = "performance",
        .claims = {"matrices performance throughput"},
        .kind = &kLoad},
    Row{.id = "density",
        .unit = "instances",
        .label = "density within the bound",
        .label_zh = "限额内密度",
        .how =
            "idle servers that ran at once within 128 MiB (--quick; 32 at most) or 512 MiB (256); "
            "of wasm sandboxes that stay between calls (1024)",
        .how_zh =
            "在 128 MiB（--quick，至多 32 个）或 512 MiB（至多 256 个）内同时运行的空闲服务器数；"
            "wasm 为调用之间保留的沙盒（至多 1024 个）",
        .dimension = "resources",
        .claims = {},
        .kind = &kDensity},
    Row{.id = "instance_memory",
        .unit = "MiB",
        .label = "memory of an idle server",
        .label_zh = "空闲服务器内存",
        .how =
            "what each of those servers used; of wasm by what its cells grew with so many of them",
        .how_zh = "上述每个服务器所用；wasm 按其 cell 因若干沙盒而增长的内存计",
        .dimension = "performance",
        .claims = {"matrices performance memory", "matrices resources memory",
                   "tier_comparison memory", "tier_overheads memory"},
        .kind = &kDensity},
    Row{.id = "density_host",
        .unit = "instances",
        .label = "density of this host",
        .label_zh = "本机密度",
        .how = "how many of them this host's memory would hold; computed, not reached",
        .how_zh = "本机内存可容纳的数量；计算所得，并未达到",
        .dimension = "resources",
        .claims = {"tier_comparison density", "tier_overheads density",
                   "technology_performance density", "technology_attributes nodes",
                   "kuasar_figures density"},
        .made = Made::kPerHost,
        .from = "instance_memory"},
    Row{.id = "image_size",
        .unit = "MiB",
        .label = "image size",
        .label_zh = "镜像大小",
        .how = "what is stored of the small program before it is prepared",
        .how_zh = "小程序准备之前所存大小",
        .dimension = "resources",
        .claims = {"technology_performance image", "technology_attributes size",
                   "matrices resources storage"},
        .kind = &kImage,
        .exact = true},
    Row{.id = "epoll_wakeup",
        .unit = "ns",
        .label = "epoll wake-up",
        .label_zh = "epoll 唤醒",
        .how = "from a write until the other process, asleep in epoll_wait, runs: half of a round "
               "trip",
        .how_zh = "从写入到另一进程自 epoll_wait 醒来：往返的一半",
        .claims = {"quick_reference high_concurrency_network"},
        .kind = &kEpoll},
    Row{.id = "epoll_ready",
        .unit = "ns",
        .label = "epoll ready",
        .label_zh = "epoll 就绪",
        .how = "an epoll_wait that finds something ready; the document does not say which it means",
        .how_zh = "发现已就绪事件的 epoll_wait；文档未说明所指",
        .claims = {"quick_reference high_concurrency_network"},
        .kind = &kEpoll},
    Row{.id = "uring_submit",
        .unit = "ns",
        .label = "io_uring submission",
        .label_zh = "io_uring 提交",
        .how = "one empty operation, submitted and completed by one call",
        .how_zh = "单个空操作，一次调用提交并完成",
        .claims = {"quick_reference high_performance_database"},
        .kind = &kUring},
    Row{.id = "uring_batched",
        .unit = "ns",
        .label = "io_uring 32 at once",
        .label_zh = "io_uring 批量 32",
        .how = "each of 32 empty operations of one call",
        .how_zh = "一次调用 32 个空操作之一",
        .claims = {"quick_reference high_performance_database"},
        .kind = &kUring},
    Row{.id = "escapes",
        .unit = "attempts",
        .label = "attempts that escaped",
        .label_zh = "逃逸成功次数",
        .how =
            "of the isolation battery, what was allowed that nobody in a sandbox may; none should "
            "be (strata probe --isolation has each)",
        .how_zh =
            "隔离测试组中被允许的、沙盒内本不应允许的行为；应为零（详见 strata probe --isolation）",
        .dimension = "isolation",
        .claims = {"matrices isolation isolation_boundary"},
        .kind = &kBattery},
    Row{.id = "attempts",
        .unit = "attempts",
        .label = "attempts to escape",
        .label_zh = "逃逸尝试次数",
        .how = "how many of the battery's attempts apply",
        .how_zh = "适用的测试数量",
        .dimension = "isolation",
        .claims = {},
        .kind = &kBattery},
    Row{.id = "network_overhead",
        .unit = "%",
        .label = "network overhead",
        .label_zh = "网络开销",
        .how = "what the network of a sandbox costs what is sent through it",
        .how_zh = "沙盒网络对所传数据的开销",
        .dimension = "resources",
        .claims = {"matrices resources network_overhead"},
        .made = Made::kTaken},
    Row{.id = "policy_evaluation",
        .unit = "ms",
        .label = "policy evaluation",
        .label_zh = "策略评估",
        .how = "one decision of a policy engine",
        .how_zh = "策略引擎的一次决策",
        .claims = {"quick_reference policy_execution"},
        .made = Made::kTaken},
};

std::vector<double> Taken(const Record& record, std::string_view row, std::string_view in) {
  const Series* series = record.Find(row, in);
  return series == nullptr ? std::vector<double>{} : series->samples;
}

// `from` and `sign` times `other`, sample by sample.
std::vector<double> Joined(const Record& record, const Row& row, std::string_view in, int sign) {
  std::vector<double> from = Taken(record, row.from, in);
  if (row.other.empty()) return from;
  const std::vector<double> other = Taken(record, row.other, in);
  from.resize(std::min(from.size(), other.size()));
  for (std::size_t i = 0; i < from.size(); ++i) from[i] += sign * other[i];
  return from;
}

std::vector<double> Losses(const Record& record, const Row& row, std::string_view in) {
  if (in == kProcess) return {};
  const std::vector<double> inside = Joined(record, row, in, -1);
  const std::vector<double> native = Joined(record, row, kProcess, -1);
  std::vector<double> losses;
  for (std::size_t i = 0; i < std::min(inside.size(), native.size()); ++i) {
    if (native[i] > 0) losses.push_back(100 * (inside[i] / native[i] - 1));
  }
  return losses;
}

}  // namespace

std::span<const Row> Rows() { return kRows; }

const Row* FindRow(std::string_view id) {
  const auto found = std::ranges::find(kRows, id, &Row::id);
  return found == kRows.end() ? nullptr : &*found;
}

std::vector<double> SamplesOf(const Record& record, const Row& row, std::string_view in) {
  if (row.made == Made::kLoss) return Losses(record, row, in);
  if (row.made == Made::kSum) return Joined(record, row, in, +1);
  std::vector<double> samples = Taken(record, row.made == Made::kTaken ? row.id : row.from, in);
  if (row.made != Made::kPerHost) return samples;
  std::erase_if(samples, [](double each) { return each <= 0; });
  for (double& each : samples) each = std::floor(record.host.memory_mib / each);
  return samples;
}

}  // namespace strata::measure
