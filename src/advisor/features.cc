#include "advisor/features.h"

namespace strata::advisor {
namespace {

using Trial = StatedFeature::Trial;

const Text kNeedsCluster{"only a cluster shows it", "需在集群中才能验证"};
const Text kNeedsOldVersion{"a figure against an older version, which is not here",
                            "与旧版本对比的数据，本机没有旧版本"};
const Text kNotSaid{"the document does not say what of it", "文档未说明具体内容"};
const Text kNotFromOutside{"a property of how it is built: nothing that it prints shows it",
                           "属于实现方式，程序输出无法体现"};
const Text kMeasure{"a figure: 'strata measure' has that of this platform's classes",
                    "属于性能数据：strata measure 可测量本平台的类"};

std::vector<StatedFeature> MakeFeatures() {
  return {
      {.technology = "Kubernetes",
       .feature = {"dual runtime (runc + WasmEdge)", "双运行时支持（runc + WasmEdge）"},
       .trial = Trial::kFound,
       .program = "containerd-shim-wasmedge-v1"},
      {.technology = "Kubernetes",
       .feature = {"performance optimisation", "性能优化"},
       .why = kNotSaid},
      {.technology = "Kubernetes", .feature = {"edge support", "边缘支持"}, .why = kNotSaid},
      {.technology = "K3s",
       .feature = {"built-in WasmEdge driver", "内置 WasmEdge 驱动"},
       .trial = Trial::kFound,
       .program = "containerd-shim-wasmedge-v1"},
      {.technology = "K3s",
       .feature = {"resource use -60 %", "资源占用减少 60%"},
       .why = kNeedsOldVersion},
      {.technology = "Istio",
       .feature = {"Ambient Mesh, no sidecar", "Ambient Mesh，无 Sidecar 模式"},
       .trial = Trial::kProgram,
       .program = "istioctl",
       .arguments = {"profile", "list"},
       .shows = "ambient"},
      {.technology = "Istio",
       .feature = {"resource use -60 %", "资源占用减少 60%"},
       .why = kNeedsOldVersion},
      {.technology = "Istio",
       .feature = {"Wasm plugins (WasmEdge)", "Wasm 插件支持"},
       .why = kNeedsCluster},
      {.technology = "Istio",
       .feature = {"policy execution x3", "策略执行性能提升 3×"},
       .why = kNeedsOldVersion},
      {.technology = "Linkerd",
       .feature = {"rewritten in Rust", "Rust 重写"},
       .why = kNotFromOutside},
      {.technology = "Linkerd",
       .feature = {"start-up < 100 ms", "启动时间 < 100ms"},
       .why = kNeedsCluster},
      {.technology = "OPA",
       .feature = {"Wasm support", "Wasm 支持"},
       .trial = Trial::kProgram,
       .program = "opa",
       .arguments = {"version", ""},
       .shows = "WebAssembly: available"},
      {.technology = "Gatekeeper",
       .feature = {"Wasm engine", "Wasm 引擎支持"},
       .why = kNeedsCluster},
      {.technology = "Gatekeeper",
       .feature = {"policy evaluation x3", "性能提升 3×"},
       .why = kNeedsOldVersion},
      {.technology = "WasmEdge", .feature = {"cold start < 1 ms", "冷启动 < 1ms"}, .why = kMeasure},
      {.technology = "containerd",
       .feature = {"start-up time -30 %", "启动时间减少 30%"},
       .why = kNeedsOldVersion},
      {.technology = "eBPF",
       .feature = {"Linux kernel 6.7+ support", "Linux 内核 6.7+ 支持"},
       .trial = Trial::kRelease,
       .shows = "6.7"},
      {.technology = "eBPF",
       .feature = {"eBPF itself: the system call", "eBPF 本身：系统调用"},
       .trial = Trial::kConfig,
       .shows = "CONFIG_BPF_SYSCALL=y"},
      {.technology = "eBPF",
       .feature = {"eBPF itself: compiled to native code", "eBPF 本身：即时编译"},
       .trial = Trial::kConfig,
       .shows = "CONFIG_BPF_JIT=y"},
      {.technology = "eBPF",
       .feature = {"eBPF itself: types of the kernel (BTF)", "eBPF 本身：内核类型信息（BTF）"},
       .trial = Trial::kFile,
       .shows = "/sys/kernel/btf/vmlinux"},
      {.technology = "cgroup",
       .feature = {"cgroup v2 (containerization layer)", "cgroup v2（容器化层）"},
       .trial = Trial::kFile,
       .shows = "/sys/fs/cgroup/cgroup.controllers"},
      {.technology = "cgroup",
       .feature = {"Linux kernel 6.1+ (containerization layer)", "内核 ≥ 6.1（容器化层）"},
       .trial = Trial::kRelease,
       .shows = "6.1"},
  };
}

}  // namespace

std::span<const StatedFeature> StatedFeatures() {
  static const std::vector<StatedFeature> features = MakeFeatures();
  return features;
}

}  // namespace strata::advisor
