//! Bare modules: typed exports, the request convention and limits.

mod common;

use common::*;
use strata_native::{IO_PENDING, Number, Value};

const MATH: &str = r#"(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "all") (param i64 f32 f64) (result f64 f32 i64)
        (local.get 2) (local.get 1) (local.get 0))
    (func (export "none"))
    (func (export "a \"quoted\" name"))
    (func (export "hidden") (param funcref))
    (func $deep (export "deep") (param i32) (result i32)
        (i32.add (call $deep (local.get 0)) (i32.const 1)))
    (func (export "spin") (loop $more (br $more)))
    (func (export "trap") unreachable)
    (memory (export "memory") 1)
    (table $table 1 1000000 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "must_grow") (param i32)
        (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable)))
    (func (export "must_grow_table") (param i32)
        (if (i32.eq (table.grow $table (ref.null func) (local.get 0)) (i32.const -1))
            (then unreachable)))
    (global $calls (mut i32) (i32.const 0))
    (func (export "count") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (global.get $calls)))"#;

/// Answers with the request's body behind a "<". Refuses to grow: bodies of up to 60000 bytes.
const ECHO: &str = r#"(module
    (memory (export "memory") 1 1)
    (global (export "strata_text") i32 (i32.const 1))
    (func (export "strata_alloc") (param i32) (result i32) (i32.const 1001))
    (func (export "strata_handle") (param i32 i32) (result i64)
        (i32.store8 (i32.const 1000) (i32.const 60))
        (i64.or
            (i64.shl (i64.const 1000) (i64.const 32))
            (i64.extend_i32_u (i32.add (local.get 1) (i32.const 1))))))"#;

fn call_i32(engine: &Engine, sandbox: &Sandbox, name: &str, args: &[Value]) -> i32 {
    let mut call = sandbox.export(name, args).unwrap();
    let exit = call.finish(engine);
    assert_eq!(exit.reason, RETURNED, "{}", exit.detail);
    unsafe { call.results()[0].of.i32 }
}

#[test]
fn calls_typed_exports() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    assert_eq!(image.kind(), 3);
    let sandbox = image.sandbox();
    assert_eq!(call_i32(&engine, &sandbox, "add", &[i32_value(2), i32_value(40)]), 42);
    let args = [
        Value { kind: 1, of: Number { i64: i64::MIN } },
        Value { kind: 2, of: Number { f32: 1.5 } },
        Value { kind: 3, of: Number { f64: -0.25 } },
    ];
    let mut call = sandbox.export("all", &args).unwrap();
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let results = call.results();
    assert_eq!(results.iter().map(|value| value.kind).collect::<Vec<_>>(), [3, 2, 1]);
    unsafe {
        assert_eq!((results[0].of.f64, results[1].of.f32), (-0.25, 1.5));
        assert_eq!(results[2].of.i64, i64::MIN);
    }
}

#[test]
fn says_what_it_exports() {
    let engine = Engine::new(&config());
    let exports = engine.image(MATH).exports();
    for function in [
        r#"{"name":"add","params":["i32","i32"],"results":["i32"]}"#,
        r#"{"name":"all","params":["i64","f32","f64"],"results":["f64","f32","i64"]}"#,
        r#"{"name":"none","params":[],"results":[]}"#,
        r#"{"name":"a \"quoted\" name","params":[],"results":[]}"#,
    ] {
        assert!(exports.contains(function), "{exports}");
    }
    assert!(!exports.contains("hidden"));
    assert!(exports.starts_with(r#"[{"name":"a \"#) && exports.ends_with("}]"));
}

#[test]
fn refuses_calls_that_do_not_fit() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let sandbox = image.sandbox();
    let refused = |name: &str, args: &[Value]| sandbox.export(name, args).err().unwrap();
    assert!(refused("nothing", &[]).starts_with("not found: "));
    assert!(refused("memory", &[]).starts_with("not found: "));
    assert!(refused("add", &[i32_value(1)]).starts_with("invalid: "));
    let wide = Value { kind: 1, of: Number { i64: 1 } };
    assert!(refused("add", &[i32_value(1), wide]).starts_with("invalid: "));
    let unknown = Value { kind: 9, of: Number { i64: 1 } };
    assert!(refused("add", &[i32_value(1), unknown]).starts_with("invalid: "));
    assert_eq!(call_i32(&engine, &sandbox, "add", &[i32_value(1), i32_value(1)]), 2);
}

#[test]
fn a_sandbox_keeps_its_state_and_a_new_one_has_none() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let sandbox = image.sandbox();
    assert_eq!(call_i32(&engine, &sandbox, "count", &[]), 1);
    assert_eq!(call_i32(&engine, &sandbox, "count", &[]), 2);
    assert_eq!(call_i32(&engine, &image.sandbox(), "count", &[]), 1);
}

#[test]
fn only_one_call_at_a_time() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let sandbox = image.sandbox();
    let running = sandbox.export("count", &[]).unwrap();
    assert!(sandbox.export("count", &[]).is_err());
    drop(running);
    assert!(sandbox.export("count", &[]).is_err(), "it had not returned");
}

#[test]
fn spinning_guests_yield_and_can_be_deleted() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let (first, second) = (image.sandbox(), image.sandbox());
    let mut calls = [first.export("spin", &[]).unwrap(), second.export("spin", &[]).unwrap()];
    engine.while_ticking(|| {
        for _ in 0..3 {
            for call in &mut calls {
                assert!(call.poll().is_none());
            }
        }
    });
    assert!(calls[0].instantiated());
}

#[test]
fn memory_is_limited_over_the_sandbox() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let options = Options { memory: 4 << 16, ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    assert_eq!(call_i32(&engine, &sandbox, "grow", &[i32_value(3)]), 1);
    assert_eq!(call_i32(&engine, &sandbox, "grow", &[i32_value(1)]), -1, "refused, not killed");
    assert_eq!(sandbox.memory_peak(), 4 << 16);
    let exit = sandbox.export("must_grow", &[i32_value(1)]).unwrap().finish(&engine);
    assert_eq!(exit.reason, MEMORY, "{}", exit.detail);
    assert_eq!(sandbox.memory_peak(), 4 << 16);
}

#[test]
fn tables_are_limited_too() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let options = Options { table_elements: 100, ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    let mut call = sandbox.export("must_grow_table", &[i32_value(99)]).unwrap();
    assert_eq!(call.finish(&engine).reason, RETURNED);
    drop(call);
    let exit = sandbox.export("must_grow_table", &[i32_value(1)]).unwrap().finish(&engine);
    assert_eq!(exit.reason, TABLE, "{}", exit.detail);
}

#[test]
fn traps_say_why_first() {
    let engine = Engine::new(&config());
    let image = engine.image(MATH);
    let exit = image.sandbox().export("trap", &[]).unwrap().finish(&engine);
    assert_eq!(exit.reason, TRAP);
    assert!(exit.detail.starts_with("wasm trap: wasm `unreachable`"), "{}", exit.detail);
    let exit = image.sandbox().export("deep", &[i32_value(0)]).unwrap().finish(&engine);
    assert_eq!(exit.reason, STACK, "{}", exit.detail);
    assert!(exit.detail.contains("deep"), "{}", exit.detail);
}

#[test]
fn answers_requests_by_convention() {
    let engine = Engine::new(&config());
    let image = engine.image(ECHO);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/");
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().status(), 200);
    assert_eq!(call.host().text(), "<");
    drop(call);
    let host = Host { body_end: IO_PENDING, ..Host::with_body(b"one ") };
    let mut call = sandbox.http(&Head::get("/"), host).unwrap();
    assert!(call.poll().is_none());
    call.host().body.push_back(b"two".to_vec());
    call.host().body_end = 0;
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let host = call.host();
    assert_eq!(host.text(), "<one two");
    assert_eq!(host.field("content-type"), Some("text/plain"));
    assert_eq!(host.field("content-length"), Some("8"));
}

#[test]
fn a_body_that_does_not_fit_its_memory_is_a_trap() {
    let engine = Engine::new(&config());
    let image = engine.image(ECHO);
    let host = Host::with_body(&[b'x'; 70_000]);
    let exit = image.sandbox().http(&Head::get("/"), host).unwrap().finish(&engine);
    assert_eq!(exit.reason, TRAP);
    assert!(exit.detail.contains("do not fit"), "{}", exit.detail);
    let exit = engine.image(MATH).sandbox().get("/").finish(&engine);
    assert_eq!(exit.reason, TRAP);
    assert!(exit.detail.contains("strata_handle"), "{}", exit.detail);
}

#[test]
fn a_full_pool_is_an_exit() {
    let engine = Engine::new(&strata_native::EngineConfig { max_sandboxes: 2, ..config() });
    let image = engine.image(MATH);
    let held = [image.sandbox(), image.sandbox()];
    for sandbox in &held {
        assert_eq!(call_i32(&engine, sandbox, "count", &[]), 1);
    }
    let exit = image.sandbox().export("count", &[]).unwrap().finish(&engine);
    assert_eq!(exit.reason, EXHAUSTED, "{}", exit.detail);
    drop(held);
    assert_eq!(call_i32(&engine, &image.sandbox(), "count", &[]), 1);
}
