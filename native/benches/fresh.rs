//! What a fresh sandbox costs, on one thread and without a network.
//!
//! `cargo bench --bench fresh [-- COMPONENT.wasm | none]` prints, in CPU time, over batches:
//! a bare module in plain synchronous Wasmtime (what the C functions are measured against), the same
//! module through the C functions, and a wasi:http component through them.

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use std::hint::black_box;
use wasmtime::{
    Config, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig, Store, Val,
};

const BATCHES: usize = 40;
const PER_BATCH: usize = 500;

/// The module of the design's probe: 17 pages with data at both ends, one table, one export.
const MODULE: &str = r#"(module (memory (export "memory") 17 64) (table 8 funcref)
    (func $f (param i32) (result i32)
        (i32.store (i32.const 2048) (local.get 0))
        (i32.add (i32.load (i32.const 1024)) (local.get 0)))
    (elem (i32.const 0) $f)
    (data (i32.const 1024) "\01\02\03\04") (data (i32.const 1048576) "hello world")
    (export "f" (func $f)))"#;

fn main() {
    // cargo adds "--bench".
    let component = std::env::args().skip(1).find(|arg| arg != "--bench");
    let component = match component.as_deref() {
        Some("none") => None,
        Some(path) => Some(std::fs::read(path).unwrap()),
        None => Some(http_guest()),
    };
    for keep_resident in [0, 16 << 10, 64 << 10] {
        println!("{} KiB of a memory kept resident:", keep_resident >> 10);
        let config = strata_native::EngineConfig {
            max_sandboxes: 1000,
            max_memory: 4 * MIB,
            memory_reservation: 4 * MIB,
            max_table_elements: 1024,
            keep_resident,
            pooling: true,
        };
        modules(&config);
        if let Some(component) = &component {
            let (max_memory, max_table_elements) = (64 * MIB, 10_000);
            let memory_reservation = max_memory;
            components(
                &strata_native::EngineConfig {
                    max_memory,
                    memory_reservation,
                    max_table_elements,
                    ..config
                },
                component,
            );
        }
    }
}

fn modules(config: &strata_native::EngineConfig) {
    let plain = Plain::new(config);
    let engine = Engine::new(config);
    let module = engine.image(MODULE);
    let mut laps = [Laps::new("module, plain Wasmtime"), Laps::new("module, C functions")];
    for _ in 0..BATCHES {
        // Interleaved, so that a busy machine disturbs both alike.
        laps[0].time(|at| plain.call(at));
        laps[1].time(|at| bare(&module, at));
    }
    laps.iter_mut().for_each(Laps::print);
}

fn components(config: &strata_native::EngineConfig, component: &[u8]) {
    let engine = Engine::new(config);
    let image = engine.image(component);
    let mut laps = Laps::new("wasi:http hello, C functions");
    for _ in 0..BATCHES {
        laps.time(|_| hello(&image));
    }
    laps.print();
}

struct Laps {
    name: &'static str,
    micros: Vec<f64>,
}

impl Laps {
    fn new(name: &'static str) -> Laps {
        Laps { name, micros: Vec::new() }
    }

    fn time(&mut self, mut one: impl FnMut(i32)) {
        let start = cpu_micros();
        (0..PER_BATCH as i32).for_each(&mut one);
        self.micros.push((cpu_micros() - start) / PER_BATCH as f64);
    }

    fn print(&mut self) {
        self.micros.sort_by(f64::total_cmp);
        let (best, median) = (self.micros[0], self.micros[self.micros.len() / 2]);
        println!("  {:30} median {median:7.2} us   best {best:7.2} us", self.name);
    }
}

/// CPU time of this thread: what others do on the machine counts less than on a clock.
fn cpu_micros() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) }, 0);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn bare(image: &Image, at: i32) {
    let sandbox = image.sandbox_with(&Options { memory: 4 * MIB, ..Options::small() }).unwrap();
    let mut call = sandbox.export("f", &[i32_value(at)]).unwrap();
    assert_eq!(call.poll().unwrap().reason, RETURNED);
    assert_eq!(unsafe { call.results()[0].of.i32 }, 0x0403_0201 + at);
}

fn hello(image: &Image) {
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/hello");
    assert_eq!(call.poll().unwrap().reason, RETURNED);
    assert_eq!(black_box(call.host().status()), 200);
}

/// The probe in Rust: no fiber, no limits, no callbacks.
struct Plain {
    pre: wasmtime::InstancePre<()>,
}

impl Plain {
    fn new(config: &strata_native::EngineConfig) -> Plain {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(config.max_sandboxes)
            .total_memories(config.max_sandboxes)
            .total_tables(config.max_sandboxes)
            .table_elements(config.max_table_elements as usize)
            .max_memory_size(config.max_memory as usize)
            .linear_memory_keep_resident(config.keep_resident as usize)
            .table_keep_resident(8 << 10);
        let mut settings = Config::new();
        settings
            .epoch_interruption(true)
            .memory_reservation(config.memory_reservation)
            .memory_guard_size(0)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = wasmtime::Engine::new(&settings).unwrap();
        let module = Module::new(&engine, MODULE).unwrap();
        Plain { pre: Linker::new(&engine).instantiate_pre(&module).unwrap() }
    }

    fn call(&self, at: i32) {
        let mut store = Store::new(self.pre.module().engine(), ());
        store.set_epoch_deadline(1000);
        let instance = self.pre.instantiate(&mut store).unwrap();
        let export = instance.get_func(&mut store, "f").unwrap();
        let mut result = [Val::I32(0)];
        export.call(&mut store, &[Val::I32(at)], &mut result).unwrap();
        assert_eq!(result[0].unwrap_i32(), 0x0403_0201 + at);
    }
}
