#include "sandbox/wasm/engine/compiler.h"

#include <utility>

#include "host/files/memfd.h"
#include "sandbox/wasm/engine/wasmtime_engine.h"

namespace strata::sandbox::wasm {

Result<Compiler> Compiler::Create(const Config& config) {
  auto engine = MakeWasmtimeEngine(config, EngineRole::kCompile);
  if (!engine) return std::unexpected(std::move(engine).error());
  return Compiler(std::move(*engine));
}

Result<Compiled> Compiler::Compile(ByteView wasm) {
  auto code = engine_->Compile(wasm);
  if (!code) return std::unexpected(std::move(code).error());
  auto fd = host::MakeSealedMemfd("strata-code", *code);
  if (!fd) return std::unexpected(std::move(fd).error());
  // Loading what was just made tells the guest's kind, and that it can be loaded.
  auto image = engine_->Load(fd->get());
  if (!image) return std::unexpected(std::move(image).error());
  return Compiled{std::move(*fd), Bytes{code->size()}, (*image)->kind(), (*image)->exports()};
}

std::string Compiler::EngineKey() const { return engine_->Key(); }

}  // namespace strata::sandbox::wasm
