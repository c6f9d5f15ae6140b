#include "kube/shim/wasm/modules.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cell/roles/command_plan.h"
#include "cell/start/compile_job.h"

namespace strata::kube::shim {
namespace {

constexpr Bytes kKept = 256_MiB;  // of native code that may be used again

Bytes SizeOf(const Fd& file) {
  struct stat status{};
  return ::fstat(file.get(), &status) == 0 ? Bytes{static_cast<std::uint64_t>(status.st_size)}
                                           : Bytes{};
}

}  // namespace

std::optional<WasmCode> WasmModules::Find(const std::string& digest) {
  const auto at = kept_.find(digest);
  if (at == kept_.end()) return std::nullopt;
  at->second.used = ++uses_;
  return at->second.code;
}

// Who uses what is given up here keeps it.
void WasmModules::Keep(const std::string& digest, WasmCode code) {
  Bytes all = code.size;
  for (const auto& [known, entry] : kept_) all.count += entry.code.size.count;
  while (all > kKept && !kept_.empty()) {
    const auto oldest =
        std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.used; });
    all.count -= oldest->second.code.size.count;
    kept_.erase(oldest);
  }
  kept_[digest] = {.code = std::move(code), .used = ++uses_};
}

Task<WasmCode> WasmModules::Compile(WasmModule module) {
  if (auto code = Find(module.digest)) co_return std::move(*code);
  if (::access(program_.path.c_str(), X_OK) != 0) {
    co_return Fail(Errc::kUnsupported,
                   "class wasm needs " + program_.path + ", which is not installed");
  }
  auto mine = co_await same_.Take(module.digest);
  if (!mine) co_return std::unexpected(std::move(mine).error());
  // Made while this one waited.
  if (auto code = Find(module.digest)) co_return std::move(*code);
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  cell::CompileBounds bounds;
  bounds.max_memory = cell::kCommandMemory;
  auto made = co_await cell::RunCompileJob(loop_, program_, bounds, module.bytes);
  if (!made) co_return Wrap(std::move(made).error(), "compile");
  const auto kind = cell::KindOf(made->answer);
  if (!kind) co_return std::unexpected(kind.error());
  if (*kind != model::GuestKind::kCommand && *kind != model::GuestKind::kHttp) {
    co_return Fail(
        Errc::kUnsupported,
        "the module is no WASI command and no wasi:http component, and no others are run");
  }
  const Bytes size = SizeOf(made->code);
  WasmCode code{.file = std::make_shared<const Fd>(std::move(made->code)),
                .kind = *kind,
                .size = size,
                .digest = module.digest};
  Keep(module.digest, code);
  co_return code;
}

}  // namespace strata::kube::shim
