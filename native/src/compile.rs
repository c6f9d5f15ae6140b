//! Wasm to native code, and the checks that a deployer should hear about.

use crate::engine::Engine;
use crate::image::Program;
use wasmtime::component::Component;
use wasmtime::{Module, Result, bail, ensure};

const WASM_PAGE: u64 = 64 << 10;
/// Version and layer of a binary component; a core module has version 1, layer 0.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

/// Compiles a core module or a component, binary or text.
pub fn compile(engine: &Engine, source: &[u8]) -> Result<Vec<u8>> {
    ensure!(wat::Detect::from_bytes(source) != wat::Detect::Unknown, "not WebAssembly");
    let wasm = wat::parse_bytes(source)?;
    if wasm.get(4..8) == Some(&COMPONENT) {
        let native = engine.wasm.precompile_component(&wasm)?;
        // SAFETY: the bytes are what the compiler has just made.
        let component = unsafe { Component::deserialize(&engine.wasm, &native)? };
        if let Some(needs) = component.resources_required() {
            check_size(engine, needs.max_initial_memory_size, needs.max_initial_table_size)?;
        }
        Program::of_component(engine, &component)?;
        return Ok(native);
    }
    let native = engine.wasm.precompile_module(&wasm)?;
    // SAFETY: as above.
    let module = unsafe { Module::deserialize(&engine.wasm, &native)? };
    let needs = module.resources_required();
    check_size(engine, needs.max_initial_memory_size, needs.max_initial_table_size)?;
    Program::of_module(engine, &module)?;
    Ok(native)
}

/// What a guest declares must fit the largest sandbox.
fn check_size(engine: &Engine, pages: Option<u64>, elements: Option<u64>) -> Result<()> {
    let memory = pages.unwrap_or(0).saturating_mul(WASM_PAGE);
    let (max_memory, max_elements) = (engine.config.max_memory, engine.config.max_table_elements);
    if memory > max_memory {
        bail!("the declared initial memory of {memory} bytes is above the limit of {max_memory}");
    }
    let elements = elements.unwrap_or(0);
    if elements > u64::from(max_elements) {
        bail!("a declared table of {elements} elements is above the limit of {max_elements}");
    }
    Ok(())
}
