#include "cell/roles/compile_role.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/text/byte_view.h"
#include "base/text/json.h"
#include "host/files/memfd.h"
#include "sandbox/wasm/engine/compiler.h"

namespace strata::cell {
namespace {

constexpr int kWasmFd = 3;
constexpr int kCodeFd = 4;
constexpr int kAnswerFd = 5;
constexpr Bytes kWasmLimit = Bytes::MiB(256);

Result<void> Limit(int resource, rlim_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return FailErrno("getrlimit", errno);
  // The starter's bound may be lower; it cannot be raised from here, and need not be.
  if (limit.rlim_max < value) value = limit.rlim_max;
  limit = {value, value};
  if (::setrlimit(resource, &limit) != 0) return FailErrno("setrlimit", errno);
  return {};
}

// All of the input. Its content may come from a file, so it is copied before anybody parses it.
Result<std::vector<std::byte>> ReadWasm() {
  struct stat info{};
  if (::fstat(kWasmFd, &info) != 0) return FailErrno("the input on descriptor 3", errno);
  if (!S_ISREG(info.st_mode) || info.st_size < 0) {
    return Fail(Errc::kInvalidArgument, "the input is no file");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > kWasmLimit.count) {
    return Fail(Errc::kInvalidArgument, "the artifact is larger than 256 MiB");
  }
  std::vector<std::byte> wasm(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(kWasmFd, wasm.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0) return FailErrno("read the input", errno);
    if (got == 0) return Fail(Errc::kUnavailable, "the input became shorter");
    have += static_cast<std::size_t>(got);
  }
  return wasm;
}

Json ExportsToJson(const std::vector<sandbox::Export>& exports) {
  Json list = Json::array();
  for (const sandbox::Export& entry : exports) {
    list.push_back(
        {{"name", entry.name}, {"params", entry.parameters}, {"results", entry.results}});
  }
  return list;
}

Result<Json> Compile(sandbox::wasm::Compiler& compiler) {
  auto wasm = ReadWasm();
  if (!wasm) return std::unexpected(std::move(wasm).error());
  auto compiled = compiler.Compile(*wasm);
  if (!compiled) return std::unexpected(std::move(compiled).error());
  auto code = host::MapSealedMemfd(compiled->code.get());
  if (!code) return std::unexpected(std::move(code).error());
  auto written = WriteAll(kCodeFd, AsText(code->bytes()));
  if (!written) return Wrap(std::move(written).error(), "write the native code");
  return Json{{"kind", model::GuestKindName(compiled->kind)},
              {"exports", ExportsToJson(compiled->exports)}};
}

Json ErrorToJson(const Error& error) {
  return {{"error", {{"code", ErrcName(error.code)}, {"message", error.message}}}};
}

Json Run(const CompileOptions& options) {
  if (auto limited = Limit(RLIMIT_CPU, options.cpu_s); !limited) {
    return ErrorToJson(limited.error());
  }
  if (auto limited = Limit(RLIMIT_AS, options.memory.count); !limited) {
    return ErrorToJson(limited.error());
  }
  const auto confined = Confine(Role::kCompile, {}, options.missing);
  if (!confined) return ErrorToJson(confined.error());
  for (const std::string& missing : confined->missing) {
    std::fprintf(stderr, "strata-cell: running without a protection: %s\n", missing.c_str());
  }
  sandbox::wasm::Config config;
  config.max_memory = options.max_memory;
  config.memory_reservation = options.memory_reservation;
  auto compiler = sandbox::wasm::Compiler::Create(config);
  if (!compiler) return ErrorToJson(compiler.error());
  auto answer = Compile(*compiler);
  Json json = answer ? std::move(*answer) : ErrorToJson(answer.error());
  json["engine_key"] = compiler->EngineKey();
  return json;
}

}  // namespace

int RunCompileRole(const CompileOptions& options) {
  const std::string answer = DumpJson(Run(options));
  return WriteAll(kAnswerFd, answer) ? 0 : 1;
}

}  // namespace strata::cell
