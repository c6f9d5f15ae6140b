#include "bench/sandbox/raw_engine.h"

#include <cstdio>
#include <cstdlib>

#include <wasm.h>
#include <wasmtime.h>

namespace strata::bench {

struct RawEngine::Parts {
  wasm_engine_t* engine = nullptr;
  wasmtime_module_t* module = nullptr;
  wasmtime_linker_t* linker = nullptr;
  wasmtime_instance_pre_t* pre = nullptr;
};

namespace {

void Check(wasmtime_error_t* error, const char* what) {
  if (error == nullptr) return;
  wasm_byte_vec_t message;
  wasmtime_error_message(error, &message);
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(message.size), message.data);
  std::exit(1);
}

wasm_config_t* MakeConfig(std::uint32_t live, std::uint64_t reservation,
                          std::uint64_t keep_resident) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_memory_init_cow_set(config, true);
  wasmtime_config_memory_reservation_set(config, reservation);
  wasmtime_config_memory_guard_size_set(config, 0);
  wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, live);
  wasmtime_pooling_allocation_config_total_memories_set(pool, live);
  wasmtime_pooling_allocation_config_total_tables_set(pool, live);
  wasmtime_pooling_allocation_config_table_elements_set(pool, 1024);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, reservation);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, keep_resident);
  wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 8192);
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
  return config;
}

}  // namespace

RawEngine::RawEngine(std::string_view wat, std::uint32_t live, std::uint64_t reservation,
                     std::uint64_t keep_resident)
    : parts_(std::make_unique<Parts>()) {
  parts_->engine = wasm_engine_new_with_config(MakeConfig(live, reservation, keep_resident));
  wasm_byte_vec_t binary;
  Check(wasmtime_wat2wasm(wat.data(), wat.size(), &binary), "wat2wasm");
  Check(wasmtime_module_new(parts_->engine, reinterpret_cast<const std::uint8_t*>(binary.data),
                            binary.size, &parts_->module),
        "compile");
  wasm_byte_vec_delete(&binary);
  parts_->linker = wasmtime_linker_new(parts_->engine);
  Check(wasmtime_linker_instantiate_pre(parts_->linker, parts_->module, &parts_->pre), "pre");
}

RawEngine::~RawEngine() {
  wasmtime_instance_pre_delete(parts_->pre);
  wasmtime_linker_delete(parts_->linker);
  wasmtime_module_delete(parts_->module);
  wasm_engine_delete(parts_->engine);
}

std::int32_t RawEngine::CreateCallDestroy(std::int32_t argument) {
  wasmtime_store_t* store = wasmtime_store_new(parts_->engine, nullptr, nullptr);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_context_set_epoch_deadline(context, 1000);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  Check(wasmtime_instance_pre_instantiate(parts_->pre, context, &instance, &trap), "instantiate");
  wasmtime_extern_t function;
  wasmtime_instance_export_get(context, &instance, "f", 1, &function);
  wasmtime_val_t in{};
  in.kind = WASMTIME_I32;
  in.of.i32 = argument;
  wasmtime_val_t out{};
  Check(wasmtime_func_call(context, &function.of.func, &in, 1, &out, 1, &trap), "call");
  if (trap != nullptr) std::exit(1);
  wasmtime_store_delete(store);
  return out.of.i32;
}

}  // namespace strata::bench
