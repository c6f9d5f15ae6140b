//! Wasmtime and the WASI hosts behind the poll-style C functions of `include/strata_native.h`.
//!
//! ```text
//! ffi --> engine --> image --> sandbox --> call --> module | command | http --> host (callbacks)
//! ```
//!
//! Everything but `compile` belongs to one thread and starts none; see README.md.

mod abi;
mod call;
mod cgi;
mod command;
mod compile;
mod component;
mod engine;
mod exit;
mod ffi;
mod host;
mod http;
mod image;
mod limits;
mod module;
mod outgoing;
mod preview1;
mod sandbox;
mod stdio;

/// Links the C API's symbols (`wasm_*`, `wasmtime_*`) into the archive.
pub use wasmtime_c_api;

pub use abi::*;
pub use ffi::*;
