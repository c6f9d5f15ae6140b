//! What a live sandbox of a bare module costs: memory, page tables and mappings.
//!
//! `cargo bench --bench live [-- COUNT]` makes COUNT sandboxes (default 5000), calls each, and calls
//! each again. The kernel allows a process 65,530 mappings by default (vm.max_map_count).

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use std::fs;
use std::time::Instant;

const MODULE: &str = r#"(module (memory (export "memory") 17 64) (table 8 funcref)
    (func $f (param i32) (result i32)
        (i32.store (i32.const 2048) (local.get 0))
        (i32.add (i32.load (i32.const 1024)) (local.get 0)))
    (elem (i32.const 0) $f)
    (data (i32.const 1024) "\01\02\03\04") (data (i32.const 1048576) "hello world")
    (export "f" (func $f)))"#;

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(5000);
    let start = Instant::now();
    let engine = Engine::new(&strata_native::EngineConfig {
        max_sandboxes: count,
        max_memory: 4 * MIB,
        memory_reservation: 4 * MIB,
        max_table_elements: 1024,
        keep_resident: 16 << 10,
        pooling: true,
    });
    println!("engine with {count} slots: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let image = engine.image(MODULE);
    let options = || Options { memory: 4 * MIB, ..Options::small() };
    let before = Cost::now();
    let mut live = Vec::new();
    for at in 0..count {
        live.push(image.sandbox_with(&options()).unwrap());
        call(&live[at as usize], at as i32);
    }
    let cost = Cost::now();
    let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / f64::from(count);
    println!(
        "each of {count} live: {:.2} KiB resident, {:.2} KiB page tables, {:.2} mappings",
        each(cost.resident, before.resident),
        each(cost.page_tables, before.page_tables),
        each(cost.mappings, before.mappings),
    );
    let start = Instant::now();
    // A prime step visits all in an order that no prefetcher knows.
    let mut at = 0;
    for _ in 0..count {
        at = (at + 7919) % count;
        call(&live[at as usize], at as i32);
    }
    println!("called again: {:.2} us each", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
}

fn call(sandbox: &Sandbox, at: i32) {
    let mut call = sandbox.export("f", &[i32_value(at)]).unwrap();
    assert_eq!(call.poll().unwrap().reason, RETURNED);
    assert_eq!(unsafe { call.results()[0].of.i32 }, 0x0403_0201 + at);
}

/// KiB, and a number of mappings.
struct Cost {
    resident: u64,
    page_tables: u64,
    mappings: u64,
}

impl Cost {
    fn now() -> Cost {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let mappings = fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        Cost { resident: line("VmRSS:"), page_tables: line("VmPTE:"), mappings: mappings as u64 }
    }
}
